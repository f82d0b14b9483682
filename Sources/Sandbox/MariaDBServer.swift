import Foundation
import Synchronization

/// A private MariaDB server: its own data directory and socket, on 127.0.0.1, with the binlog that Debezium needs.
///
/// No configuration of the machine is read. The server ends with this object and with this process. Two accounts exist:
/// `root` without a password, through the socket only, and ``user``, with the grants that the Debezium connector and
/// Rollcall need.
public final class MariaDBServer: Sendable {
    /// What a test may want different.
    public struct Options: Sendable {
        /// The binlog's server id; Debezium and other replicas need ids of their own.
        public var serverID = 1
        /// The size of the InnoDB buffer pool in MiB.
        public var bufferPoolMB = 64
        /// Arguments for `mariadbd`, after all others, for example `--innodb-lock-wait-timeout=1`.
        public var extraArguments: [String] = []
        /// How long the server may take until it answers, in milliseconds.
        public var startTimeoutMs = 60_000

        /// The defaults, which suit most tests.
        public init() {}
    }

    /// The account of the pipeline.
    public static let user = "rollcall"
    /// That account's password; it protects nothing but a loopback server of an hour's life.
    public static let password = "rollcall-sandbox"
    /// A schema that ``user`` may write to, for Rollcall's own fence table.
    public static let ownDatabase = "rollcall"

    /// The host that the server listens on.
    public let host = "127.0.0.1"
    /// The port that the server listens on, the same after ``restart()``.
    public let port: Int
    /// The server's Unix socket.
    public let socketPath: String
    /// The directory with the data, the logs and the binlog.
    public let directory: String

    private let options: Options
    private let paths: MariaDBDirectory
    private let process: Mutex<ChildProcess>

    /// Creates a data directory, starts the server on it and waits until it answers.
    ///
    /// - Parameters:
    ///   - directory: where everything goes, created if missing; if it holds data of an earlier server, those are used.
    ///     Without one, a temporary directory is made, and removed with this object.
    ///   - options: what to do differently.
    /// - Throws: ``SandboxError``, which names the Debian package if MariaDB is not installed.
    public init(directory: String? = nil, options: Options = Options()) throws(SandboxError) {
        let paths = try MariaDBDirectory(path: directory)
        let started: (process: ChildProcess, port: Int)
        do throws(SandboxError) {
            try paths.install()
            started = try Self.startOnFreePort(in: paths, options: options)
        } catch {
            paths.discardData()
            throw error
        }
        self.directory = paths.path
        self.options = options
        port = started.port
        socketPath = paths.socketPath
        self.paths = paths
        process = Mutex(started.process)
    }

    deinit {
        kill()
        for directory in paths.temporaryDirectories { try? FileManager.default.removeItem(atPath: directory) }
    }

    /// Whether the server's process runs.
    public var isRunning: Bool { current.isRunning }

    /// The last lines of the server's log.
    public func logTail(lines: Int = 20) -> [String] { current.logTail(lines: lines) }

    /// Shuts the server down in an orderly way.
    public func stop() {
        current.terminate(graceMs: 20_000)
    }

    /// Ends the server as `kill -9` does.
    public func kill() {
        current.kill()
    }

    /// Stops the server from doing anything, without closing its connections, until ``resume()``.
    public func pause() {
        current.send(signal: SIGSTOP)
    }

    /// Lets a paused server go on.
    public func resume() {
        current.send(signal: SIGCONT)
    }

    /// Starts the server again, with the same data and on the same port; stops it first if it runs.
    ///
    /// - Throws: ``SandboxError``.
    public func restart() throws(SandboxError) {
        stop()
        let next = try Self.start(in: paths, port: port, options: options)
        process.withLock { $0 = next }
    }

    private var current: ChildProcess { process.withLock { $0 } }

    private static func startOnFreePort(
        in paths: MariaDBDirectory, options: Options
    ) throws(SandboxError) -> (process: ChildProcess, port: Int) {
        var attemptsLeft = 5
        while true {
            attemptsLeft -= 1
            let port = try FreePort.find()
            do throws(SandboxError) {
                return (try start(in: paths, port: port, options: options), port)
            } catch {
                // Somebody may take the port between our look and the server's: then another one will do.
                guard case .endedEarly(_, _, _, let log) = error, attemptsLeft > 0, namesPortConflict(log) else { throw error }
            }
        }
    }

    private static func start(
        in paths: MariaDBDirectory, port: Int, options: Options
    ) throws(SandboxError) -> ChildProcess {
        try? FileManager.default.removeItem(atPath: paths.socketPath)
        let process = try ChildProcess(
            "mariadbd", paths.serverArguments(port: port, options: options), environment: paths.environment,
            logFile: paths.logFile,
            package: MariaDBDirectory.package, graceMs: 10_000, removing: paths.temporaryDirectories)
        try process.waitUntil(timeoutMs: options.startTimeoutMs) { answersOnSocket(paths.socketPath) }
        return process
    }

    private static func namesPortConflict(_ log: [String]) -> Bool {
        log.contains { $0.contains("Address already in use") || $0.contains("Bind on TCP/IP port") }
    }
}

/// Whether a MySQL server greets who connects to this Unix socket; the greeting is a packet that does not report an error.
private func answersOnSocket(_ path: String) -> Bool {
    let descriptor = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue), 0)
    guard descriptor >= 0 else { return false }
    defer { close(descriptor) }
    var limit = timeval(tv_sec: 1, tv_usec: 0)
    setsockopt(descriptor, SOL_SOCKET, SO_RCVTIMEO, &limit, socklen_t(MemoryLayout<timeval>.size))
    var address = sockaddr_un()
    address.sun_family = sa_family_t(AF_UNIX)
    let bytes = Array(path.utf8)
    guard bytes.count < MemoryLayout.size(ofValue: address.sun_path) else { return false }
    withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: bytes) }
    let connected = withUnsafePointer(to: &address) { pointer in
        pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { generic in
            connect(descriptor, generic, socklen_t(MemoryLayout<sockaddr_un>.size)) == 0
        }
    }
    guard connected else { return false }
    // Four bytes of packet header, then the protocol version, or 0xff for an error.
    var greeting = [UInt8](repeating: 0, count: 5)
    return recv(descriptor, &greeting, greeting.count, Int32(MSG_WAITALL)) == 5 && greeting[4] != 0xff
}
