/// Why a part of the sandbox could not be started or used.
public enum SandboxError: Error, Sendable, Equatable, CustomStringConvertible {
    /// A program that the sandbox needs is not installed; `package` is the Debian package that has it.
    case programMissing(program: String, package: String)
    /// The system refused to start a program.
    case cannotStart(program: String, reason: String)
    /// A program ended by itself before it was ready; `log` holds the last lines it wrote.
    case endedEarly(program: String, status: ExitStatus, logFile: String, log: [String])
    /// A program is still running but was not ready in time.
    case notReady(program: String, waitedMs: Int, logFile: String, log: [String])
    /// A file or directory of the sandbox could not be made, read or written.
    case file(path: String, reason: String)
    /// The `rollcall` binary, which guards every process of the sandbox, was not found.
    case guardMissing(searched: [String])
    /// A control endpoint of the sandbox did not answer, or refused.
    case control(address: String, reason: String)
    /// The Python environment with the Debezium engine is not there.
    case pythonMissing(searched: [String])
    /// A part was asked for that the stack was told to leave out.
    case partNotStarted(part: String)
    /// A statement on the sample database failed.
    case sql(statement: String, reason: String)

    /// One paragraph: what happened, and what to do about it.
    public var description: String {
        switch self {
        case .programMissing(let program, let package):
            "'\(program)' is not installed; on Debian: apt-get install \(package)"
        case .cannotStart(let program, let reason):
            "cannot start '\(program)': \(reason)"
        case .endedEarly(let program, let status, let logFile, let log):
            "'\(program)' ended before it was ready (\(status)); its log is \(logFile)\(Self.quote(log))"
        case .notReady(let program, let waitedMs, let logFile, let log):
            "'\(program)' was not ready after \(waitedMs) ms; its log is \(logFile)\(Self.quote(log))"
        case .file(let path, let reason):
            "\(path): \(reason)"
        case .guardMissing(let searched):
            "the rollcall binary was not found in \(searched.joined(separator: ", ")); "
                + "build it with 'swift build', or name it in ROLLCALL_BINARY"
        case .control(let address, let reason):
            "\(address): \(reason)"
        case .pythonMissing(let searched):
            "the Python environment with the Debezium engine was not found at \(searched.joined(separator: ", ")); "
                + "run scripts/setup, or name its interpreter in ROLLCALL_SANDBOX_PYTHON"
        case .partNotStarted(let part):
            "the stack was started without: \(part)"
        case .sql(let statement, let reason):
            "\(reason); the statement was: \(statement)"
        }
    }

    private static func quote(_ log: [String]) -> String {
        log.isEmpty ? "" : ":" + log.map { "\n    \($0)" }.joined()
    }
}

/// How a process ended.
public enum ExitStatus: Sendable, Equatable, CustomStringConvertible {
    /// It returned this code.
    case exited(Int32)
    /// This signal ended it.
    case signalled(Int32)

    /// Reads the status word of `waitpid`, whose macros Swift cannot import.
    init(waitStatus: Int32) {
        let signal = waitStatus & 0x7f
        self = signal == 0 ? .exited((waitStatus >> 8) & 0xff) : .signalled(signal)
    }

    /// For example `exit code 1` or `signal 9`.
    public var description: String {
        switch self {
        case .exited(let code): "exit code \(code)"
        case .signalled(let signal): "signal \(signal)"
        }
    }
}
