import Foundation
import Glibc
import Synchronization

/// A program of the sandbox, running behind a ``Guard``; it ends with this object, and with this process at the latest.
///
/// Calls block the calling thread, for at most the time that they are given. The object may be used from several threads.
///
/// ```swift
/// let child = try ChildProcess("kcat", ["-L", "-b", "127.0.0.1:9092"], logFile: "/tmp/kcat.log")
/// let status = child.waitForExit(timeoutMs: 5_000)
/// ```
public final class ChildProcess: Sendable {
    /// The program's file.
    public let program: String
    /// The file that collects the program's standard output and standard error.
    public let logFile: String

    private let guardProcess: pid_t
    private let link: GuardLink
    /// Held while a request is on its way, until the guard has answered it.
    private let requests = Mutex<Void>(())
    /// How the program ended, once somebody has looked; the lock keeps two threads from waiting for one process.
    private let knownStatus = Mutex<ExitStatus?>(nil)

    /// Starts a program in a session of its own, with `/dev/null` as standard input.
    ///
    /// - Parameters:
    ///   - command: the program, as a path or as a name to be found in `PATH` or the system directories.
    ///   - arguments: its arguments, without its own name.
    ///   - environment: variables to set on top of this process's own.
    ///   - logFile: where its output is appended; created if missing.
    ///   - package: the Debian package that has the program, for the message when it is missing.
    ///   - graceMs: how long it may take to end after SIGTERM once this process is gone, in milliseconds.
    ///   - removing: temporary directories that the guard removes if this process ends without having stopped the program.
    ///   - guardBinary: the `rollcall` binary; found by itself if `nil`, see ``RollcallBinary``.
    /// - Throws: ``SandboxError``.
    public init(
        _ command: String, _ arguments: [String] = [], environment: [String: String] = [:], logFile: String,
        package: String? = nil, graceMs: Int = Guard.defaultGraceMs, removing: [String] = [], guardBinary: String? = nil
    ) throws(SandboxError) {
        guard let program = findProgram(command) else {
            throw .programMissing(program: command, package: package ?? command)
        }
        let binary = if let guardBinary { guardBinary } else { try RollcallBinary.locate() }
        let log = open(logFile, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0o600)
        guard log >= 0 else { throw .file(path: logFile, reason: errnoText(errno)) }
        defer { close(log) }

        let (supervisorEnd, guardEnd) = try GuardLink.makeEnds()
        defer { close(guardEnd) }
        link = GuardLink(owning: supervisorEnd)
        var words = [binary, "sandbox-guard", "--grace-ms", "\(graceMs)"]
        for directory in removing { words += ["--remove", directory] }
        words += ["--", program] + arguments
        let merged = ProcessInfo.processInfo.environment.merging(environment) { $1 }
        self.program = program
        self.logFile = logFile
        guardProcess = try spawn(
            SpawnRequest(
                path: binary, arguments: words, environment: merged.map { "\($0)=\($1)" }, input: guardEnd, output: log,
                error: log, leadership: .session))
    }

    deinit {
        kill()
    }

    /// How the program ended; `nil` while it runs.
    public var exitStatus: ExitStatus? { waitForExit(timeoutMs: 0) }

    /// Whether the program runs.
    public var isRunning: Bool { exitStatus == nil }

    /// Waits until the program has ended.
    ///
    /// - Returns: How it ended; `nil` if it still runs after `timeoutMs` milliseconds.
    public func waitForExit(timeoutMs: Int) -> ExitStatus? {
        guard link.waitForHangUp(timeoutMs: timeoutMs) else { return nil }
        return knownStatus.withLock { status in
            if let status { return status }
            var word: Int32 = 0
            while waitpid(guardProcess, &word, 0) < 0 {
                guard errno == EINTR else {
                    // Somebody else has waited for the guard, and its status is gone.
                    word = SIGKILL
                    break
                }
            }
            let final = ExitStatus(waitStatus: word)
            status = final
            return final
        }
    }

    /// Sends a signal to the program's process group, and returns once it is sent, or for SIGSTOP once the program stands still; SIGSTOP and SIGCONT make a server that hangs and recovers.
    public func send(signal: Int32) {
        send(.signal(signal))
    }

    /// Ends the program: SIGTERM, and SIGKILL if it is still there after the grace period.
    ///
    /// - Parameter graceMs: the grace period in milliseconds.
    /// - Returns: How the program ended.
    @discardableResult
    public func terminate(graceMs: Int = Guard.defaultGraceMs) -> ExitStatus {
        end(.stop(graceMs: graceMs), withinMs: graceMs + 2_000)
    }

    /// Ends the program at once by SIGKILL, as a crash would, and waits until it is gone.
    @discardableResult
    public func kill() -> ExitStatus {
        end(.signal(SIGKILL), withinMs: 2_000)
    }

    private func send(_ request: GuardRequest) {
        requests.withLock { _ in link.send(request) }
    }

    private func end(_ request: GuardRequest, withinMs: Int) -> ExitStatus {
        if let exitStatus { return exitStatus }
        send(request)
        if let status = waitForExit(timeoutMs: withinMs) { return status }
        // The guard does not answer. Its death takes the program along.
        Glibc.kill(guardProcess, SIGKILL)
        return waitForExit(timeoutMs: 2_000) ?? .signalled(SIGKILL)
    }

    /// The last lines of the program's log, without the line ends; empty if it cannot be read.
    public func logTail(lines: Int = 20) -> [String] {
        guard let data = try? Data(contentsOf: URL(fileURLWithPath: logFile)) else { return [] }
        let text = String(decoding: data.suffix(64 * 1_024), as: UTF8.self)
        return text.split(separator: "\n").suffix(lines).map(String.init)
    }

    /// Waits until `condition` holds, asking again every `everyMs` milliseconds.
    ///
    /// - Throws: ``SandboxError/endedEarly(program:status:logFile:log:)`` as soon as the program has ended,
    ///   ``SandboxError/notReady(program:waitedMs:logFile:log:)`` after `timeoutMs` milliseconds.
    public func waitUntil(timeoutMs: Int, everyMs: Int = 20, _ condition: () -> Bool) throws(SandboxError) {
        let deadline = monotonicMs() + timeoutMs
        while !condition() {
            if let status = waitForExit(timeoutMs: everyMs) {
                throw .endedEarly(program: program, status: status, logFile: logFile, log: logTail())
            }
            if monotonicMs() >= deadline {
                throw .notReady(program: program, waitedMs: timeoutMs, logFile: logFile, log: logTail())
            }
        }
    }
}
