/// A foreign key, as `SHOW CREATE TABLE` writes it.
struct ForeignKey: Sendable, Equatable {
    var child: CapturedTable
    var childColumns: [String]
    var parent: CapturedTable
    var parentColumns: [String]
    /// `CASCADE`, `SET NULL`, `SET DEFAULT`, or nil where the server refuses to delete a parent with children.
    var onDelete: String?
    var onUpdate: String?

    /// Whether a change of the parent changes rows of the child behind the statement's back.
    var changesChildren: Bool { onDelete != nil || onUpdate != nil }

    /// All foreign keys in the text of a `CREATE TABLE` statement.
    static func parse(_ definition: String, of child: CapturedTable) -> [ForeignKey] {
        let tokens = SQLToken.scan(definition)
        return tokens.indices.compactMap { index in
            guard tokens[index].is("FOREIGN"), tokens.indices.contains(index + 1), tokens[index + 1].is("KEY") else { return nil }
            var cursor = Cursor(tokens: tokens, position: index + 2)
            return cursor.foreignKey(of: child)
        }
    }

    private struct Cursor {
        let tokens: [SQLToken]
        var position: Int

        init(tokens: [SQLToken], position: Int) {
            self.tokens = tokens
            self.position = position
        }

        var current: SQLToken? { position < tokens.count ? tokens[position] : nil }

        mutating func foreignKey(of child: CapturedTable) -> ForeignKey? {
            // The key may have a name before its columns.
            if current != .symbol("(") { position += 1 }
            guard let childColumns = names(), current?.is("REFERENCES") == true else { return nil }
            position += 1
            guard let first = current?.identifier else { return nil }
            position += 1
            var parent = CapturedTable(database: child.database, table: first)
            if current == .symbol(".") {
                position += 1
                guard let second = current?.identifier else { return nil }
                position += 1
                parent = CapturedTable(database: first, table: second)
            }
            guard let parentColumns = names() else { return nil }
            var key = ForeignKey(child: child, childColumns: childColumns, parent: parent, parentColumns: parentColumns)
            while current?.is("ON") == true { rule(&key) }
            return key
        }

        private mutating func names() -> [String]? {
            guard current == .symbol("(") else { return nil }
            position += 1
            var names: [String] = []
            while let token = current, token != .symbol(")") {
                if let name = token.identifier { names.append(name) }
                position += 1
            }
            position += 1
            return names
        }

        /// `ON DELETE SET NULL`
        private mutating func rule(_ key: inout ForeignKey) {
            let isDelete = position + 1 < tokens.count && tokens[position + 1].is("DELETE")
            position += 2
            var words: [String] = []
            while case .word(let word)? = current, word.uppercased() != "ON", words.count < 2 {
                words.append(word.uppercased())
                position += 1
            }
            let text = words.joined(separator: " ")
            let action = ["CASCADE", "SET NULL", "SET DEFAULT"].first { text.hasPrefix($0) }
            if isDelete { key.onDelete = action } else { key.onUpdate = action }
        }
    }
}
