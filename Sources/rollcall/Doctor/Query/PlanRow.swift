import MySQL

/// One line of EXPLAIN.
struct PlanRow: Sendable, Equatable {
    /// The table's alias; nil where no table is read.
    var table: String?
    /// How it is read, such as `range`, or `ALL` for all of it.
    var access: String
    var possibleKeys: String?
    var key: String?
    /// The server's estimate.
    var rows: Int

    init(table: String?, access: String, possibleKeys: String? = nil, key: String? = nil, rows: Int) {
        self.table = table
        self.access = access
        self.possibleKeys = possibleKeys
        self.key = key
        self.rows = rows
    }

    /// The lines of the answer to EXPLAIN, by the names that MySQL and MariaDB share.
    static func read(_ result: ResultSet) -> [PlanRow] {
        (0..<result.rowCount).map { row in
            PlanRow(
                table: result.text(row, "table"), access: result.text(row, "type") ?? "",
                possibleKeys: result.text(row, "possible_keys"), key: result.text(row, "key"),
                rows: result.text(row, "rows").flatMap { Int($0) } ?? 0)
        }
    }
}
