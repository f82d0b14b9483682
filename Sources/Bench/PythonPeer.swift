import Domain
import Foundation
import Sandbox

/// The same job in Python, in batches too: `scripts/bench-peer.py`.
struct PythonPeer {
    let eventsPerSecond: Double
    let cpuSecondsPerMillionEvents: Double
    let peakBytes: Int

    /// - Parameter python: An interpreter that has confluent-kafka and PyMySQL.
    static func measure(_ world: StreamWorld, _ load: StreamWorld.Load, batch: Int, python: String, script: String)
        throws -> PythonPeer
    {
        let settings = try world.settings(for: load)
        let connection = settings.source.connection
        let text: JSONValue = [
            "bootstrap": .string(world.bootstrap), "topics": .array(load.topics.map { .string($0) }),
            "events": .number(load.events), "batch": .number(batch), "group": .string(settings.groups.intake),
            "producer": .object(StreamWorld.producerProperties.map { .init($0.key, .string($0.value)) }),
            "aggregate": .string(settings.topics.aggregate), "god": .string(settings.topics.god),
            "mysql": [
                "host": .string(connection.host), "port": .number(connection.port), "user": .string(connection.user),
                "password": .string(connection.password), "database": .string(connection.database ?? ""),
            ],
            "sql": .string(StreamWorld.sql.replacing(":users", with: "u.user_id IN (%s)")),
            "mapping": .string(try world.stack.requireMapping().url), "ledger": .string(settings.ledgerPath),
        ]
        let file = world.directory + "/peer.json"
        guard FileManager.default.createFile(atPath: file, contents: Data(text.bytes), attributes: [.posixPermissions: 0o600])
        else { throw BenchError("\(file): cannot be written") }
        let run = try Measured.run(python, [script, file], keepsOutput: true)
        let result = try JSONValue(parsing: Array(run.output))
        guard run.status == 0, let seconds = result["seconds"]?.description, let cpu = result["cpu_seconds"]?.description,
            let elapsed = Double(seconds), let used = Double(cpu)
        else { throw BenchError("the Python peer failed, with status \(run.status)") }
        return PythonPeer(
            eventsPerSecond: Double(load.events) / elapsed, cpuSecondsPerMillionEvents: used / Double(load.events) * 1e6,
            peakBytes: run.peakBytes)
    }
}
