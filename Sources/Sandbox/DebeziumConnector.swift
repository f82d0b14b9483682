import Foundation
import Glibc
import Synchronization

/// The real Debezium MySQL connector, in Debezium's embedded engine, with a bridge that hands its events to a broker.
///
/// It writes the records that Kafka Connect would: change events with their headers and tombstones, and after every
/// delivered batch the connector's source offset on ``Settings/offsetsTopic``. It resumes from its directory.
public final class DebeziumConnector: Sendable {
    /// What to capture, and where to.
    public struct Settings: Sendable {
        /// The connector's name, the first part of its offset records' keys.
        public var name = "shop"
        /// Debezium's `topic.prefix`.
        public var topicPrefix = "shop"
        /// Captured tables, as `database.table`.
        public var tables: [String] = []
        /// The topic of the source offset records.
        public var offsetsTopic = "connect-offsets"
        /// Whether keys and values carry their schema (Connect's `schemas.enable`).
        public var schemas = false
        /// Debezium's `snapshot.mode`: `initial` or `no_data`.
        public var snapshotMode = "initial"
        /// Debezium's `heartbeat.interval.ms`; on an idle database heartbeats come at about this interval too.
        public var heartbeatIntervalMs = 1_000
        /// Any other property of the connector or the engine; wins over all others.
        public var extraProperties: [String: String] = [:]
        /// How long it may take until it reads the binlog, in milliseconds; a snapshot is part of that.
        public var startTimeoutMs = 120_000

        /// Settings with the values above.
        public init() {}
    }

    /// The database to read from.
    public struct Source: Sendable {
        var host: String
        var port: Int
        var user: String
        var password: String

        /// A database at a TCP address, with an account that may replicate.
        public init(host: String, port: Int, user: String, password: String) {
            self.host = host
            self.port = port
            self.user = user
            self.password = password
        }
    }

    private let python: String
    private let directory: String
    private let removing: [String]
    private let startTimeoutMs: Int
    private let process: Mutex<ChildProcess>

    /// Starts the connector, and waits until it reads the binlog: the initial snapshot is delivered by then.
    ///
    /// - Parameters:
    ///   - source: the database.
    ///   - bootstrap: the broker; the topics must exist.
    ///   - settings: what to capture.
    ///   - directory: where its offsets, schema history, settings and log are; must exist, and be private, for the
    ///     settings hold the password.
    ///   - removing: temporary directories to remove if this process ends without having stopped it.
    /// - Throws: ``SandboxError``.
    public init(
        source: Source, bootstrap: String, settings: Settings, directory: String, removing: [String] = []
    ) throws(SandboxError) {
        python = try PythonEnvironment.locate()
        guard findProgram("java") != nil else { throw .programMissing(program: "java", package: "default-jre-headless") }
        self.directory = directory
        self.removing = removing
        startTimeoutMs = settings.startTimeoutMs
        let files = DebeziumFiles(directory: directory)
        try files.write(source: source, bootstrap: bootstrap, settings: settings)
        process = Mutex(try Self.start(python: python, files: files, removing: removing))
        try waitUntilStreaming()
    }

    /// Whether the connector's process runs.
    public var isRunning: Bool { current.isRunning }

    /// The last lines of what Debezium and the bridge wrote.
    public func logTail(lines: Int = 20) -> [String] { current.logTail(lines: lines) }

    /// Ends the connector; ``restart()`` resumes where it was.
    public func stop() { current.terminate(graceMs: 2_000) }

    /// Ends the connector as `kill -9` does.
    public func kill() { current.kill() }

    /// Stops the connector from doing anything, without closing its connections, until ``resume()``.
    public func pause() { current.send(signal: SIGSTOP) }

    /// Lets a paused connector go on.
    public func resume() { current.send(signal: SIGCONT) }

    /// Starts the connector again, from the last source offset that it kept; stops it first if it runs.
    ///
    /// Returns once it reads the binlog.
    /// - Throws: ``SandboxError``.
    public func restart() throws(SandboxError) {
        stop()
        let next = try Self.start(python: python, files: DebeziumFiles(directory: directory), removing: removing)
        process.withLock { $0 = next }
        try waitUntilStreaming()
    }

    private var current: ChildProcess { process.withLock { $0 } }

    private func waitUntilStreaming() throws(SandboxError) {
        let readyFile = DebeziumFiles(directory: directory).readyFile
        try current.waitUntil(timeoutMs: startTimeoutMs) { ReadyFile.exists(readyFile) }
    }

    private static func start(python: String, files: DebeziumFiles, removing: [String]) throws(SandboxError) -> ChildProcess {
        ReadyFile.clear(files.readyFile)
        return try ChildProcess(
            python, ["-I", "-B", files.program, files.settings], logFile: files.log, graceMs: 2_000, removing: removing)
    }
}
