/// The table that is walked to cut a scan into ranges.
enum UsersTableCheck {
    private static let precondition = Precondition(
        "query.users_table",
        why:
            "`verify` cuts its scan into ranges by walking the key column of source.users_table; without an index each cut reads the "
            + "whole table.")

    static func judge(_ facts: TableFacts?, table: CapturedTable, column: String) -> Check {
        guard let facts, facts.column(column) != nil else {
            return precondition.failure(
                "there is no \(table).\(column), or this account may not see it",
                mend: "correct source.users_table in the settings")
        }
        guard !facts.isView else {
            return precondition.warning("\(table) is a view", mend: "name the table behind it as source.users_table")
        }
        guard facts.hasIndex(on: column) else {
            return precondition.failure(
                "no index begins with \(table).\(column)", mend: "CREATE INDEX \(column) ON \(table) (\(column));")
        }
        return precondition.ok("\(table) is indexed by \(column)")
    }
}
