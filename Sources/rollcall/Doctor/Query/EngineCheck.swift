/// Only InnoDB can show several tables as of one moment.
enum EngineCheck {
    private static let precondition = Precondition(
        "query.engine",
        why:
            "A snapshot of known position exists only for tables of InnoDB; of any other engine a half-written change can be read."
    )

    static func judge(_ tables: [TableFacts]) -> Check? {
        let tables = tables.filter { !$0.isView }
        guard !tables.isEmpty else { return nil }
        let others = tables.filter { $0.engine?.lowercased() != "innodb" }
        guard !others.isEmpty else { return precondition.ok("all tables are InnoDB's") }
        return precondition.warning(
            "not InnoDB: \(others.map { "\($0.table) (\($0.engine ?? "?"))" }.joined(separator: ", "))",
            mend: others.map { "ALTER TABLE \($0.table) ENGINE = InnoDB;" }.joined(separator: "\n"))
    }
}
