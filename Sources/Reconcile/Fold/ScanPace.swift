/// How many rows a scan asks for at a time.
///
/// A range holds its snapshot open for as long as it takes, and the server has to keep the row versions that it may still ask
/// for. So ranges shrink on a server that is slow or busy, and grow back to their full size on one that is not.
struct ScanPace: Sendable {
    private let mostRows: Int
    private let targetMs: Int
    private let rowsPerSecond: Int?
    /// Rows of the next range.
    private(set) var rows: Int

    /// - Parameters:
    ///   - mostRows: Rows of a range at most, and of the first one.
    ///   - targetMs: Milliseconds that a range should take at most.
    ///   - rowsPerSecond: The limit over ranges and the pauses between them; nil without one.
    init(mostRows: Int, targetMs: Int, rowsPerSecond: Int? = nil) {
        self.mostRows = max(1, mostRows)
        self.targetMs = max(1, targetMs)
        self.rowsPerSecond = rowsPerSecond.map { max(1, $0) }
        rows = min(self.mostRows, self.rowsPerSecond ?? .max)
    }

    /// Learns from a range.
    ///
    /// - Returns: Milliseconds to pause before the next one.
    mutating func note(rows seen: Int, tookMs: Int64) -> Int {
        let tookMs = Int(max(0, tookMs))
        let most = min(mostRows, rowsPerSecond ?? .max)
        if tookMs > targetMs {
            rows = max(min(100, most), rows * targetMs / tookMs)
        } else if tookMs * 2 < targetMs {
            rows = min(most, rows * 2)
        }
        guard let rowsPerSecond else { return 0 }
        return max(0, seen * 1_000 / rowsPerSecond - tookMs)
    }
}
