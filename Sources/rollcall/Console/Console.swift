import Domain
import Glibc
import Synchronization

/// Standard output for data, standard error for everything else, shared by all threads.
///
/// A live line, where standard error is a terminal, is kept below whatever else is written there.
final class Console: Sendable {
    static let shared = Console()

    /// Whether colours may be used on standard error: it is a terminal, and nobody objected.
    var usesColour: Bool { state.withLock { $0.colourIsWelcome } && isTerminal }
    /// Whether standard error is a terminal.
    let isTerminal = isatty(STDERR_FILENO) == 1
    /// Whether colours may be used on standard output.
    var outputUsesColour: Bool { state.withLock { $0.colourIsWelcome } && isatty(STDOUT_FILENO) == 1 }
    /// The columns of the terminal that standard output is, and 100 where it is none.
    var width: Int { terminalWidth ?? 100 }
    /// The columns of the terminal that standard output is; nil where it is none, and nothing need be cut for anybody's eyes.
    var terminalWidth: Int? {
        var size = winsize()
        return ioctl(STDOUT_FILENO, UInt(TIOCGWINSZ), &size) == 0 && size.ws_col > 0 ? Int(size.ws_col) : nil
    }

    private struct State {
        var liveLine = ""
        var colourIsWelcome = true
        var isQuiet = false
    }

    private let state = Mutex(State())

    /// - Parameters:
    ///   - colour: false for `--no-color` and `NO_COLOR` (https://no-color.org).
    ///   - quiet: whether only warnings and errors are wanted on standard error.
    func configure(colour: Bool, quiet: Bool) {
        state.withLock {
            $0.colourIsWelcome = colour
            $0.isQuiet = quiet
        }
    }

    /// Writes data to standard output.
    ///
    /// - Throws: ``OutputClosed`` when the reader went away, as `head` does, or the disk is full.
    func output(_ text: String) throws(OutputClosed) {
        try output(Array(text.utf8))
    }

    /// Writes one line of JSON to standard output.
    func output(_ json: JSONValue) throws(OutputClosed) {
        try output(json.bytes + [0x0A])
    }

    /// Says something about how the work goes; silent under `--quiet`.
    func note(_ line: String) {
        state.withLock { state in
            guard !state.isQuiet else { return }
            Self.print(line, over: state.liveLine)
        }
    }

    /// Writes a line to standard error whatever `--quiet` says.
    func complain(_ line: String) {
        state.withLock { Self.print(line, over: $0.liveLine) }
    }

    /// Replaces the live line; the empty text removes it. Does nothing off a terminal or under `--quiet`.
    func live(_ line: String) {
        guard isTerminal else { return }
        state.withLock { state in
            guard !state.isQuiet else { return }
            Self.write(Array("\r\u{1B}[K\(line)".utf8), to: STDERR_FILENO)
            state.liveLine = line
        }
    }

    private static func print(_ line: String, over liveLine: String) {
        let text = liveLine.isEmpty ? "\(line)\n" : "\r\u{1B}[K\(line)\n\(liveLine)"
        write(Array(text.utf8), to: STDERR_FILENO)
    }

    /// Writes bytes to standard output.
    func output(_ bytes: [UInt8]) throws(OutputClosed) {
        guard Self.write(bytes, to: STDOUT_FILENO) else { throw OutputClosed(code: errno) }
    }

    @discardableResult
    private static func write(_ bytes: [UInt8], to descriptor: Int32) -> Bool {
        var rest = bytes[...]
        while !rest.isEmpty {
            let count = rest.withUnsafeBytes { Glibc.write(descriptor, $0.baseAddress, $0.count) }
            if count < 0 {
                if errno == EINTR { continue }
                return false
            }
            rest = rest.dropFirst(count)
        }
        return true
    }
}

/// Standard output takes no more.
struct OutputClosed: Error, CustomStringConvertible {
    var code: Int32

    /// Whether the reader simply had enough.
    var isBrokenPipe: Bool { code == EPIPE }

    var description: String { "standard output: \(String(cString: strerror(code)))" }
}
