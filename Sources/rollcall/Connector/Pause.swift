import Glibc

/// Waits between two looks at something that others do.
enum Pause {
    /// Waits; ends early with an error once a stop was asked for.
    static func sleep(milliseconds: Int) throws {
        var rest = milliseconds
        while rest > 0 {
            if let status = StopSignals.exitStatus { throw CommandError("interrupted", status: status) }
            let piece = min(rest, 100)
            usleep(UInt32(piece) * 1_000)
            rest -= piece
        }
    }
}
