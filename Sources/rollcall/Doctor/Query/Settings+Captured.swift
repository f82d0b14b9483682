extension EffectiveSettings {
    /// A captured table and the column of it that carries the user id.
    struct Captured: Sendable {
        var table: CapturedTable
        var userIDColumn: String
    }

    /// The tables behind the change topics, as far as the topics' names tell.
    func captured() throws -> [Captured] {
        let prefix = try value(Self.keys.connector.server)
        let database = try value(Self.keys.source.mysql.database)
        return try value(Self.keys.changes).compactMap { change in
            let table =
                prefix.flatMap { CapturedTable(topic: change.topic, prefix: $0) }
                ?? Self.guess(change.topic, database: database)
            return table.map { Captured(table: $0, userIDColumn: change.userIDField) }
        }
    }

    /// Without a known prefix, or behind a transformation that shortens names: the last words of the topic's name.
    private static func guess(_ topic: String, database: String) -> CapturedTable? {
        let words = topic.split(separator: ".").map(String.init)
        guard let table = words.last else { return nil }
        return CapturedTable(database: words.count >= 3 ? words[words.count - 2] : database, table: table)
    }
}
