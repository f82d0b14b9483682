import Domain

/// A connector's configuration as Kafka Connect takes it: texts under names.
struct ConnectorConfiguration: Sendable, Equatable {
    var properties: [String: String]

    init(_ properties: [String: String]) {
        self.properties = properties
    }

    subscript(name: String) -> String? { properties[name] }

    /// Whether a property's value has to stay out of sight. A reference such as `${file:…}` tells nothing and may be seen.
    static func hidesValue(of name: String, _ value: String) -> Bool {
        let words = ["password", "secret", "jaas", "token", "passphrase", "ssl.key", "keystore.key"]
        let lowercased = name.lowercased()
        return words.contains(where: lowercased.contains) && !isReference(value)
    }

    /// Whether the value only names a secret, which Connect's worker looks up by itself:
    /// https://kafka.apache.org/documentation/#connect_configproviders
    static func isReference(_ value: String) -> Bool {
        value.contains("${") && value.contains("}")
    }

    /// The request body of `PUT /connectors/NAME/config`, one property per line, in the order of their names.
    var prettyJSON: String {
        let lines = properties.sorted { $0.key < $1.key }.map { name, value in
            "  \(JSONValue.string(name)): \(JSONValue.string(value))"
        }
        return "{\n" + lines.joined(separator: ",\n") + "\n}\n"
    }

    var json: JSONValue {
        .object(properties.sorted { $0.key < $1.key }.map { .init($0.key, .string($0.value)) })
    }
}

extension ConnectorConfiguration {
    /// The Debezium connector that Rollcall's pipeline wants.
    /// Names and defaults: https://debezium.io/documentation/reference/stable/connectors/mysql.html#mysql-connector-properties
    init(_ source: ConnectorSource) {
        var properties = Self.identity(source)
        properties.merge(Self.database(source)) { $1 }
        properties.merge(Self.tables(source)) { $1 }
        properties.merge(Self.events) { $1 }
        properties.merge(Self.schemaHistory(source)) { $1 }
        properties["snapshot.mode"] = source.snapshotMode
        // An idle source would leave the committed offset behind for ever, and with it the fence of `verify`.
        properties["heartbeat.interval.ms"] = String(source.heartbeatMs)
        properties.merge(source.extraProperties) { $1 }
        self.init(properties)
    }

    private static func identity(_ source: ConnectorSource) -> [String: String] {
        [
            "name": source.name,
            "connector.class": source.flavour.connectorClass,
            // The binary log is one sequence; Debezium never uses a second task.
            "tasks.max": "1",
            "topic.prefix": source.prefix,
        ]
    }

    private static func database(_ source: ConnectorSource) -> [String: String] {
        var properties = [
            "database.hostname": source.host,
            "database.port": String(source.port),
            "database.user": source.user,
            "database.server.id": String(source.serverID ?? derivedServerID(source.name)),
        ]
        properties["database.password"] = source.passwordReference
        if source.tls.isOn {
            properties["database.ssl.mode"] = source.flavour.sslMode(verifiesServer: source.tls.verifiesServer)
        }
        return properties
    }

    /// A number that stays the same for a name and is unlikely to be another replica's: a 32-bit FNV-1a hash
    /// (http://www.isthe.com/chongo/tech/comp/fnv/), above the small numbers that people give to servers.
    static func derivedServerID(_ name: String) -> Int {
        let hash = name.utf8.reduce(UInt32(2_166_136_261)) { ($0 ^ UInt32($1)) &* 16_777_619 }
        return 100_000_000 + Int(hash % 900_000_000)
    }

    private static func tables(_ source: ConnectorSource) -> [String: String] {
        let databases = Set(source.tables.map(\.table.database)).sorted()
        // Keyed by user, all changes of a user's rows in a table are in order in one partition, whatever its primary key
        // is. Where the primary key is the user id this changes nothing.
        let keys = source.tables.compactMap { table in table.userIDColumn.map { "\(table.table.pattern):\($0)" } }
        return [
            "database.include.list": databases.joined(separator: ","),
            "table.include.list": source.tables.map(\.table.pattern).joined(separator: ","),
            "message.key.columns": keys.joined(separator: ";"),
        ]
    }

    /// What change events look like.
    private static let events = [
        "key.converter": "org.apache.kafka.connect.json.JsonConverter",
        "key.converter.schemas.enable": "false",
        "value.converter": "org.apache.kafka.connect.json.JsonConverter",
        "value.converter.schemas.enable": "false",
        "tombstones.on.delete": "true",
        // Debezium's default leaves TRUNCATE out, which empties a table without a trace.
        "skipped.operations": "none",
        // Rollcall reads a negative number as the unsigned 64 bits that it stands for; `precise` would be base64.
        "bigint.unsigned.handling.mode": "long",
        "decimal.handling.mode": "string",
        "include.schema.changes": "false",
    ]

    private static func schemaHistory(_ source: ConnectorSource) -> [String: String] {
        let prefix = "schema.history.internal"
        var properties = [
            "\(prefix).kafka.bootstrap.servers": source.bootstrap,
            "\(prefix).kafka.topic": "\(source.prefix).schema-history",
        ]
        // librdkafka and Java agree on these two names; what else a secured cluster needs differs between them, and has to
        // be given as connector.properties.
        for (name, javaName) in [
            ("security.protocol", "security.protocol"), ("sasl.mechanism", "sasl.mechanism"),
            ("sasl.mechanisms", "sasl.mechanism"),
        ] {
            guard let value = source.kafkaProperties[name] else { continue }
            properties["\(prefix).producer.\(javaName)"] = value
            properties["\(prefix).consumer.\(javaName)"] = value
        }
        return properties
    }
}
