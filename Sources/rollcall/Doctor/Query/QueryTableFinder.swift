import MySQL

/// Finds the tables that a query reads, through views as well.
struct QueryTableFinder {
    let connection: Connection
    let defaultDatabase: String

    struct Found {
        /// Tables that hold rows.
        var tables: [TableFacts] = []
        /// Views whose query cannot be seen.
        var hiddenViews: [CapturedTable] = []
    }

    func tables(of tokens: [SQLToken]) throws -> Found {
        var found = Found()
        var seen: Set<CapturedTable> = []
        try collect(tokens, defaultDatabase, &found, &seen)
        return found
    }

    private func collect(
        _ tokens: [SQLToken], _ database: String, _ found: inout Found, _ seen: inout Set<CapturedTable>
    ) throws {
        for reference in QueryTables.references(in: tokens) {
            let table = CapturedTable(database: reference.database ?? database, table: reference.name)
            // What the server does not know is a name that the query defines itself.
            guard seen.insert(table).inserted, let facts = try TableFacts(table, reading: connection) else { continue }
            if !facts.isView {
                found.tables.append(facts)
            } else if let definition = facts.viewDefinition {
                try collect(SQLToken.scan(definition), table.database, &found, &seen)
            } else {
                found.hiddenViews.append(table)
            }
        }
    }
}
