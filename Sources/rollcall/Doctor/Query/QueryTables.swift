/// The tables that a SELECT statement names.
enum QueryTables {
    /// A table as the query spells it.
    struct Reference: Hashable, Sendable {
        /// nil means the connection's own database.
        var database: String?
        var name: String
    }

    /// What stands where a table can stand: after FROM, after JOIN, and after a comma between them. Names that WITH defines are
    /// left out. Whether there is such a table is for the server to say.
    static func references(in tokens: [SQLToken]) -> [Reference] {
        var reader = Reader(tokens: tokens)
        return reader.run()
    }

    static func references(in sql: String) -> [Reference] { references(in: SQLToken.scan(sql)) }

    /// One pair of parentheses, or the statement itself.
    private struct Level {
        /// Whether it holds a query, so that FROM begins a list of tables; in `TRIM(x FROM y)` it does not.
        var isQuery = false
        /// Whether commas separate tables.
        var isInTableList = false
        /// Whether a table may stand here.
        var expectsTable = false
    }

    private struct Reader {
        let tokens: [SQLToken]
        var position = 0
        var levels = [Level()]
        var found: [Reference] = []
        var defined: Set<String> = []

        init(tokens: [SQLToken]) {
            self.tokens = tokens
        }

        var level: Level {
            get { levels[levels.count - 1] }
            set { levels[levels.count - 1] = newValue }
        }

        mutating func run() -> [Reference] {
            while position < tokens.count {
                step(tokens[position])
                position += 1
            }
            var seen: Set<Reference> = []
            return found.filter { reference in
                let isDefined = reference.database == nil && defined.contains(reference.name.lowercased())
                return !isDefined && seen.insert(reference).inserted
            }
        }

        private static let endsOfTableList: Set<String> = [
            "WHERE", "GROUP", "HAVING", "ORDER", "LIMIT", "WINDOW", "UNION", "EXCEPT", "INTERSECT", "INTO", "PROCEDURE",
        ]

        private mutating func step(_ token: SQLToken) {
            switch token {
            case .symbol("("):
                // Parentheses where a table may stand hold a join or a subquery.
                let isTableList = level.expectsTable
                level.expectsTable = false
                levels.append(
                    Level(isQuery: isTableList && level.isQuery, isInTableList: isTableList, expectsTable: isTableList))
            case .symbol(")"):
                if levels.count > 1 { levels.removeLast() }
            case .symbol(","):
                if level.isInTableList { level.expectsTable = true }
            case .word(let word):
                take(word: word.uppercased(), token)
            case .name: if level.expectsTable { takeTable() }
            default: break
            }
        }

        private mutating func take(word: String, _ token: SQLToken) {
            switch word {
            case "SELECT": level = Level(isQuery: true)
            case "FROM" where level.isQuery:
                level.isInTableList = true
                level.expectsTable = true
            case "JOIN", "STRAIGHT_JOIN":
                // `USE INDEX FOR JOIN (…)` is a hint.
                if level.isQuery, position == 0 || !tokens[position - 1].is("FOR") { level.expectsTable = true }
            case "AS": define()
            case "LATERAL": break
            case _ where Self.endsOfTableList.contains(word):
                level.isInTableList = false
                level.expectsTable = false
            default: if level.expectsTable { takeTable() }
            }
        }

        private mutating func takeTable() {
            guard let first = tokens[position].identifier else { return }
            level.expectsTable = false
            if position + 2 < tokens.count, tokens[position + 1] == .symbol("."), let second = tokens[position + 2].identifier {
                found.append(Reference(database: first, name: second))
                position += 2
            } else if position + 1 < tokens.count, tokens[position + 1] == .symbol("(") {
                // A function that yields a table, such as JSON_TABLE.
            } else if !tokens[position].is("DUAL") {
                found.append(Reference(database: nil, name: first))
            }
        }

        /// `name AS (` and `name (columns) AS (` define a name; an alias is never followed by a parenthesis.
        private mutating func define() {
            guard position > 0, position + 1 < tokens.count, tokens[position + 1] == .symbol("(") else { return }
            var place = position - 1
            if tokens[place] == .symbol(")") {
                while place > 0, tokens[place] != .symbol("(") { place -= 1 }
                place -= 1
            }
            guard place >= 0, let name = tokens[place].identifier else { return }
            defined.insert(name.lowercased())
        }
    }
}
