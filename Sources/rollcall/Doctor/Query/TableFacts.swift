import MySQL

/// What the server says of one table.
struct TableFacts: Sendable, Equatable {
    struct Column: Sendable, Equatable {
        var name: String
        /// As in `CREATE TABLE`, such as `bigint(20) unsigned`.
        var type: String
        /// nil where it holds no text.
        var collation: String?
    }

    var table: CapturedTable
    var isView = false
    /// Such as `InnoDB`; nil for a view.
    var engine: String?
    var columns: [Column] = []
    /// The columns that an index begins with.
    var indexedColumns: Set<String> = []
    var foreignKeys: [ForeignKey] = []
    var triggers: [String] = []
    /// Of a view: its query, or nil where the account may not see it.
    var viewDefinition: String?

    /// MySQL compares names of columns without regard to case.
    func column(_ name: String) -> Column? {
        columns.first { $0.name.lowercased() == name.lowercased() }
    }

    func hasIndex(on name: String) -> Bool {
        indexedColumns.contains { $0.lowercased() == name.lowercased() }
    }
}

extension TableFacts {
    /// Asks for a table.
    ///
    /// - Returns: nil where there is none of that name, or none that the account may see.
    init?(_ table: CapturedTable, reading connection: Connection) throws {
        let place = "table_schema = \(SQLLiteral.text(table.database)) AND table_name = \(SQLLiteral.text(table.table))"
        let found = try connection.query("SELECT table_type, engine FROM information_schema.tables WHERE \(place)")
        guard !found.isEmpty else { return nil }
        self.init(table: table)
        isView = found.text(0, 0)?.uppercased().contains("VIEW") == true
        engine = found.text(0, 1)
        let columns = try connection.query(
            "SELECT column_name, column_type, collation_name FROM information_schema.columns WHERE \(place) ORDER BY ordinal_position"
        )
        self.columns = (0..<columns.rowCount).map {
            Column(name: columns.text($0, 0) ?? "", type: columns.text($0, 1) ?? "", collation: columns.text($0, 2))
        }
        let name = "\(SQLLiteral.identifier(table.database)).\(SQLLiteral.identifier(table.table))"
        if isView {
            viewDefinition = try? connection.attempt("SHOW CREATE VIEW \(name)").get().text(0, 1)
            return
        }
        let indexes = try connection.query(
            "SELECT DISTINCT column_name FROM information_schema.statistics WHERE \(place) AND seq_in_index = 1")
        indexedColumns = Set(indexes.firstColumn)
        let triggers = try connection.query(
            "SELECT trigger_name FROM information_schema.triggers WHERE event_object_schema = \(SQLLiteral.text(table.database)) "
                + "AND event_object_table = \(SQLLiteral.text(table.table)) ORDER BY 1")
        self.triggers = triggers.firstColumn
        // The information schema hides constraints from an account that may only read; this statement does not.
        let definition = try connection.query("SHOW CREATE TABLE \(name)").text(0, 1) ?? ""
        foreignKeys = ForeignKey.parse(definition, of: table)
    }
}
