/// Rows that InnoDB changes by itself leave no trace in the binary log.
enum CascadeCheck {
    private static let precondition = Precondition(
        "query.cascades",
        why:
            "InnoDB carries out ON DELETE and ON UPDATE actions below the binary log: no event tells that the child rows changed "
            + "(https://dev.mysql.com/doc/refman/8.0/en/innodb-and-mysql-replication.html).")

    /// - Parameters:
    ///   - tables: The captured tables and those of the query.
    ///   - userIDColumns: The captured tables, and the column of each that carries the user id.
    static func judge(_ tables: [TableFacts], userIDColumns: [CapturedTable: String]) -> Check {
        let cascades = tables.flatMap(\.foreignKeys).filter(\.changesChildren)
        let silent = cascades.filter { !isCovered($0, userIDColumns) }
        if !silent.isEmpty {
            return precondition.failure(
                "changes of \(list(silent)) happen without an event",
                mend: silent.map(statement).joined(separator: "\n")
                    + "\n(or delete the child rows in the application, and repair nightly)")
        }
        if !cascades.isEmpty {
            return precondition.warning(
                "changes of \(list(cascades)) happen without an event of their own; the parent's event signals the same user",
                mend: "keep the parent among the changes; or \(cascades.map(statement).joined(separator: "; "))")
        }
        return precondition.ok("no foreign key changes child rows by itself")
    }

    /// Whether the parent's own event signals the child's user: both are captured, and the key joins one user id to the other.
    private static func isCovered(_ key: ForeignKey, _ userIDColumns: [CapturedTable: String]) -> Bool {
        guard let childID = userIDColumns[key.child], let parentID = userIDColumns[key.parent] else { return false }
        return zip(key.childColumns, key.parentColumns).contains { child, parent in
            child.lowercased() == childID.lowercased() && parent.lowercased() == parentID.lowercased()
        }
    }

    private static func list(_ keys: [ForeignKey]) -> String {
        keys.map { key in
            let actions = [key.onDelete.map { "ON DELETE \($0)" }, key.onUpdate.map { "ON UPDATE \($0)" }].compactMap { $0 }
            return "\(key.child) (through \(key.parent), \(actions.joined(separator: ", ")))"
        }.joined(separator: ", ")
    }

    private static func statement(_ key: ForeignKey) -> String {
        "ALTER TABLE \(key.child): make the foreign key to \(key.parent) ON DELETE RESTRICT ON UPDATE RESTRICT"
    }
}
