import Foundation
import Sandbox

/// The program that users run, on the settings of a ``PipelineStack``.
extension PipelineStack {
    /// Writes the settings as a file of the command, and returns its path.
    ///
    /// - Parameters:
    ///   - name: Of the file, the ledger and the parked records beside it: each process has its own.
    ///   - properties: Of librdkafka, over those of the stack.
    func writeSettingsFile(_ name: String, workers: Int = 1, properties: [String: String] = [:]) throws -> String {
        let connection = settings.source.connection
        let secret = directory.appending(path: "\(name).password").path
        try Self.write(connection.password, to: secret)
        let kafka = settings.kafka.filter { $0.key != "bootstrap.servers" }.merging(properties) { $1 }
        let file = directory.appending(path: "\(name).yaml").path
        try Self.write(
            """
            source:
              mysql:
                host: \(connection.host)
                port: \(connection.port)
                user: \(connection.user)
                password_file: \(secret)
                database: \(connection.database ?? "shop")
              query: "\(Self.sql.replacing("\n", with: " "))"
              key: u.user_id
              users_table: users
              fence_table: rollcall_fence
            user_id: {type: unsigned}
            changes:
              - {topic: \(users), user_id: user_id}
              - {topic: \(preferences), user_id: user_id}
            connector: {name: \(stack.connectorName), server: \(stack.connectorServer), offsets_topic: \(stack.topics.offsets)}
            kafka:
              bootstrap: \(bootstrap)
              properties: {\(kafka.sorted { $0.key < $1.key }.map { "\($0.key): \"\($0.value)\"" }.joined(separator: ", "))}
              topics:
                signals: \(settings.topics.signals)
                aggregate: \(settings.topics.aggregate)
                god: \(settings.topics.god)
              groups:
                intake: \(settings.groups.intake)
                aggregate: \(settings.groups.aggregator)
                enrich: \(settings.groups.enricher)
            mapping: {url: "\(mappingServer.url)/{user_id}"}
            pipeline: {start_timeout_seconds: 30, workers: {intake: \(workers), aggregate: \(workers), enrich: \(workers)}}
            ledger: {path: \(ledgerPath(name)), parked_path: \(directory.path)/\(name)-parked.sqlite}
            reports: {directory: \(directory.path)/reports}
            """ + "\n", to: file)
        return file
    }

    /// The ledger of the process with those settings.
    func ledgerPath(_ name: String) -> String { directory.appending(path: "\(name)-ledger.sqlite").path }

    /// Starts the program. It ends with the object that is returned.
    func start(_ arguments: [String], log: String) throws -> ChildProcess {
        try ChildProcess(RollcallBinary.locate(), arguments, logFile: directory.appending(path: "\(log).log").path)
    }

    /// Runs the program to its end.
    func run(_ arguments: [String]) throws -> (status: Int32, output: String) {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: try RollcallBinary.locate())
        process.arguments = arguments
        process.standardInput = FileHandle.nullDevice
        let log = directory.appending(path: "run-\(UUID().uuidString).log").path
        try Self.write("", to: log)
        process.standardOutput = FileHandle(forWritingAtPath: log)
        process.standardError = FileHandle(forWritingAtPath: log)
        try process.run()
        process.waitUntilExit()
        return (process.terminationStatus, try String(contentsOfFile: log, encoding: .utf8))
    }

    private static func write(_ text: String, to path: String) throws {
        struct NotWritten: Error { var path: String }
        guard FileManager.default.createFile(atPath: path, contents: Data(text.utf8), attributes: [.posixPermissions: 0o600])
        else { throw NotWritten(path: path) }
    }
}
