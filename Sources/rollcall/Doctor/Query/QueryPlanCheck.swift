import Report

/// Each table of the query has to be reached through the user id.
enum QueryPlanCheck {
    private static let precondition = Precondition(
        "query.plan",
        why:
            "The query runs for each batch of users. A table that it reads from end to end each time makes the pipeline as slow as "
            + "that table is large.")

    /// A smaller table is read from end to end in about the time that an index takes.
    static let smallTableRows = 1_000

    /// - Parameter plan: of the query for a few users.
    static func judge(_ plan: [PlanRow]) -> Check {
        // What stands in angle brackets is a result in between; its own tables have lines of their own.
        let scans = plan.filter { row in
            ["ALL", "INDEX"].contains(row.access.uppercased()) && row.table.map { !$0.hasPrefix("<") } == true
        }
        let large = scans.filter { $0.rows > smallTableRows }
        if !large.isEmpty {
            return precondition.failure(
                "the query for a few users reads all of \(names(large))",
                mend:
                    "an index on the column by which \(large.first?.table ?? "the table") is joined to the user id: CREATE INDEX … ON …"
            )
        }
        let unindexed = scans.filter { $0.possibleKeys == nil }
        if !unindexed.isEmpty {
            return precondition.warning(
                "no index leads from the user id to \(names(unindexed)), which may grow",
                mend: "an index on the column by which \(unindexed.first?.table ?? "the table") is joined: CREATE INDEX … ON …")
        }
        return precondition.ok("the query reaches each table through an index")
    }

    private static func names(_ rows: [PlanRow]) -> String {
        rows.map { "\($0.table ?? "") (about \(PlainText.count($0.rows, "row")))" }.joined(separator: ", ")
    }
}
