extension EffectiveSettings {
    /// The areas that a connector's configuration is made from.
    static let areasForConnector: Set<SettingsArea> = [.source, .userID, .changes, .connector, .kafka, .log]

    /// The connector's name in Kafka Connect.
    func requiredConnectorName() throws -> String {
        guard let name = try value(Self.keys.connector.name) else {
            throw CommandError("connector.name is not set; it is what Kafka Connect calls the connector", status: .usage)
        }
        return name
    }

    /// What the connector's configuration is made from.
    ///
    /// - Throws: ``CommandError`` where it does not follow from the settings.
    func connectorSource() throws -> ConnectorSource {
        let keys = Self.keys.connector
        let mysql = Self.keys.source.mysql
        guard let prefix = try value(keys.server) else {
            throw CommandError("connector.server is not set; it becomes Debezium's topic.prefix", status: .usage)
        }
        return ConnectorSource(
            name: try requiredConnectorName(),
            flavour: ConnectorSource.Flavour(rawValue: try value(keys.flavour)) ?? .mysql,
            prefix: prefix, host: try value(mysql.host), port: try value(mysql.port), user: try value(mysql.user),
            passwordReference: try value(keys.passwordReference), serverID: try value(keys.serverID),
            tls: (try value(mysql.tls.enabled), try value(mysql.tls.verify)), tables: try capturedTables(prefix: prefix),
            snapshotMode: try value(keys.snapshotMode), heartbeatMs: Int(try value(keys.heartbeat) * 1_000),
            bootstrap: try value(Self.keys.kafka.bootstrap), kafkaProperties: try value(Self.keys.kafka.properties).dictionary,
            extraProperties: try value(keys.properties).dictionary)
    }

    private func capturedTables(prefix: String) throws -> [ConnectorSource.Table] {
        var tables = try value(Self.keys.changes).map { change in
            guard let table = CapturedTable(topic: change.topic, prefix: prefix) else {
                throw CommandError(
                    "changes: the topic \(change.topic) is not of the form \(prefix).DATABASE.TABLE, so the table behind it is not "
                        + "known; correct the topic, or connector.server",
                    status: .usage)
            }
            return ConnectorSource.Table(table: table, userIDColumn: change.userIDField)
        }
        if let fence = try value(Self.keys.source.fenceTable) {
            let database = try value(Self.keys.source.mysql.database)
            tables.append(.init(table: CapturedTable(name: fence, defaultDatabase: database), userIDColumn: nil))
        }
        return tables
    }

    /// Where Kafka Connect is; nil where the settings do not say.
    func connectTarget() throws -> ConnectAPI.Target? {
        let keys = Self.keys.connector
        guard let url = try value(keys.url) else { return nil }
        return ConnectAPI.Target(
            url: url, caFile: try value(keys.caFile), basicAuthentication: try value(keys.basicAuthentication),
            timeoutMs: Int(try value(keys.timeout) * 1_000))
    }

    func requiredConnectTarget() throws -> ConnectAPI.Target {
        guard let target = try connectTarget() else {
            throw CommandError(
                "connector.url is not set; it is the address of Kafka Connect, such as http://connect:8083", status: .usage)
        }
        return target
    }

    /// What the offsets topic says of the connector; whatever goes wrong is part of the answer.
    func connectorOffset() throws -> ConnectorHealth.Offset {
        let keys = Self.keys.connector
        let name = try requiredConnectorName()
        let topic = try value(keys.offsetsTopic)
        let server = try value(keys.server)
        let properties = try kafkaProperties
        do {
            let offset = try CommittedSourceOffset.read(
                topic: topic, connector: name, server: server, properties: properties)
            return offset.map { .committed($0) } ?? .none
        } catch {
            return .unreadable("\(error)")
        }
    }
}
