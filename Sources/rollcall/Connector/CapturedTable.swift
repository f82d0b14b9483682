/// A table that Debezium captures, as the name of its topic tells: `PREFIX.DATABASE.TABLE`.
struct CapturedTable: Hashable, Sendable, CustomStringConvertible {
    var database: String
    var table: String

    /// `database.table`, as Debezium's settings name it.
    var description: String { "\(database).\(table)" }

    init(database: String, table: String) {
        self.database = database
        self.table = table
    }

    /// The table whose changes Debezium writes to that topic.
    ///
    /// - Parameter prefix: Debezium's `topic.prefix`, which may contain dots itself.
    /// - Returns: nil where the topic's name is of another form, so that a transformation must have chosen it.
    init?(topic: String, prefix: String) {
        guard topic.hasPrefix(prefix + ".") else { return nil }
        let rest = topic.dropFirst(prefix.count + 1)
        guard let dot = rest.firstIndex(of: "."), dot != rest.startIndex else { return nil }
        let table = rest[rest.index(after: dot)...]
        guard !table.isEmpty else { return nil }
        self.init(database: String(rest[..<dot]), table: String(table))
    }

    /// A table as the settings name it: `fence` of the default database, or `other.fence`.
    init(name: String, defaultDatabase: String) {
        let parts = name.replacing("`", with: "").split(separator: ".", maxSplits: 1).map(String.init)
        self.init(
            database: parts.count == 2 ? parts[0] : defaultDatabase, table: parts.last ?? name)
    }

    /// The same as a regular expression, which is what Debezium's lists hold. A plain dot is left as it is: in
    /// `shop.users` it can only ever match the dot between database and table.
    var pattern: String {
        String(
            description.flatMap { character -> [Character] in
                "\\^$*+?()[]{}|,".contains(character) ? ["\\", character] : [character]
            })
    }
}
