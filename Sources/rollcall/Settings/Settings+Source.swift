import Domain
import MySQL
import Source

extension EffectiveSettings {
    /// What user ids are.
    var userIDKind: UserIDKind {
        get throws(SettingsError) { UserIDKind(rawValue: try value(Self.keys.userID.type)) ?? .string }
    }

    /// The source database and its query.
    func source() throws -> SourceSettings {
        let keys = Self.keys.source
        let key = try value(keys.key)
        let column = Self.columnName(key)
        let query = try AggregateQuery(sql: try value(keys.query), key: key, kind: try userIDKind)
        return SourceSettings(
            connection: try connection(), query: query, keyField: try value(keys.keyField) ?? column,
            usersTable: try value(keys.usersTable), usersColumn: column,
            columnKinds: try value(keys.columns).dictionary.compactMapValues { ColumnKind(rawValue: $0) },
            fenceTable: try value(keys.fenceTable), statementTimeoutSeconds: try value(keys.mysql.statementTimeout),
            binlogOrigin: try value(keys.binlog).flatMap { BinlogOrigin(rawValue: $0) })
    }

    private func connection() throws(SettingsError) -> ConnectionSettings {
        let keys = Self.keys.source.mysql
        var connection = ConnectionSettings(
            host: try value(keys.host), port: try value(keys.port), user: try value(keys.user),
            password: try value(keys.password) ?? "", database: try value(keys.database))
        connection.socketPath = try value(keys.socket)
        connection.connectTimeoutSeconds = try value(keys.connectTimeout)
        // The server ends a statement at its limit, and says so; the connection gives up only when that answer fails to come.
        connection.readTimeoutSeconds = try value(keys.statementTimeout) + 5
        connection.writeTimeoutSeconds = connection.readTimeoutSeconds
        if try value(keys.tls.enabled) {
            connection.tls = ConnectionSettings.TLS(
                caFile: try value(keys.tls.caFile), certificateFile: try value(keys.tls.certificateFile),
                keyFile: try value(keys.tls.keyFile), verifiesServer: try value(keys.tls.verify))
        }
        return connection
    }

    /// `user_id` of ``u.`user_id` ``.
    private static func columnName(_ key: String) -> String {
        (key.split(separator: ".").last.map(String.init) ?? key).replacing("`", with: "")
    }
}
