import Foundation

/// The files of one ``DebeziumConnector``, and the settings that the bridge reads.
struct DebeziumFiles {
    let directory: String
    var program: String { "\(directory)/debezium_bridge.py" }
    var settings: String { "\(directory)/bridge.json" }
    var readyFile: String { "\(directory)/streaming" }
    var log: String { "\(directory)/debezium.log" }

    /// What the bridge reads; its own text describes the fields.
    private struct BridgeSettings: Encodable {
        var properties: [String: String]
        var kafka: [String: String]
        var offsets_topic: String
        var state_directory: String
        var ready_file: String
        var jvm_options: [String]
    }

    /// For a short start and a small process: one compiler tier, one collector thread. Signals are the bridge's business.
    private static let jvmOptions = [
        "-Xmx256m", "-Xss512k", "-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC", "-Xshare:auto", "-Xrs",
        "-Dorg.apache.logging.log4j.level=WARN",
    ]

    /// Writes the program and its settings.
    func write(
        source: DebeziumConnector.Source, bootstrap: String, settings: DebeziumConnector.Settings
    ) throws(SandboxError) {
        let bridge = BridgeSettings(
            properties: properties(source, settings),
            kafka: [
                "bootstrap.servers": bootstrap, "acks": "all", "enable.idempotence": "true",
                "partitioner": "murmur2_random", "compression.type": "zstd", "linger.ms": "5",
                // Below it an event could time out while the broker is merely restarting.
                "message.timeout.ms": "120000", "message.max.bytes": "10000000",
            ],
            offsets_topic: settings.offsetsTopic, state_directory: directory, ready_file: readyFile,
            jvm_options: Self.jvmOptions)
        do {
            try Data(PackageResources.debezium_bridge_py).write(to: URL(fileURLWithPath: program))
            let text = try JSONEncoder().encode(bridge)
            guard
                FileManager.default.createFile(
                    atPath: self.settings, contents: text, attributes: [.posixPermissions: 0o600])
            else { throw SandboxError.file(path: self.settings, reason: "could not be written") }
        } catch {
            throw error as? SandboxError ?? .file(path: program, reason: "\(error)")
        }
    }

    private func properties(
        _ source: DebeziumConnector.Source, _ settings: DebeziumConnector.Settings
    ) -> [String: String] {
        let databases = Set(settings.tables.compactMap { $0.split(separator: ".").first.map(String.init) })
        let own = [
            "name": settings.name,
            "connector.class": "io.debezium.connector.mysql.MySqlConnector",
            "topic.prefix": settings.topicPrefix,
            "database.hostname": source.host,
            "database.port": "\(source.port)",
            "database.user": source.user,
            "database.password": source.password,
            // Of all replicas of one server, each needs an id of its own.
            "database.server.id": "\(184_000 + Int(getpid() % 10_000))",
            "database.include.list": databases.sorted().joined(separator: ","),
            "table.include.list": settings.tables.joined(separator: ","),
            "snapshot.mode": settings.snapshotMode,
            "tombstones.on.delete": "true",
            "key.converter.schemas.enable": "\(settings.schemas)",
            "value.converter.schemas.enable": "\(settings.schemas)",
            "converter.schemas.enable": "\(settings.schemas)",
            "heartbeat.interval.ms": "\(settings.heartbeatIntervalMs)",
            // Without events, heartbeats follow the server's keep-alives.
            "connect.keep.alive.interval.ms": "\(settings.heartbeatIntervalMs)",
            "poll.interval.ms": "20",
        ]
        return own.merging(settings.extraProperties) { $1 }
    }
}
