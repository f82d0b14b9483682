/// Each table of the query has to be captured, or its changes go unnoticed.
enum CapturedTablesCheck {
    private static let precondition = Precondition(
        "query.captured",
        why:
            "A change is only noticed if its table's changes are signalled; else the users that it concerns stay stale until somebody "
            + "runs a repair.")

    /// - Parameters:
    ///   - tables: The tables of the query, those behind its views included.
    ///   - hiddenViews: Views whose query cannot be seen.
    ///   - topics: The change topics of the settings.
    static func judge(tables: [CapturedTable], hiddenViews: [CapturedTable], topics: [String], prefix: String?) -> Check {
        let lost = tables.filter { table in !topics.contains { covers($0, table, prefix) } }
        if !lost.isEmpty {
            let entries = lost.map { "- {topic: \(prefix ?? "PREFIX").\($0), user_id: …}" }
            return precondition.failure(
                "the query reads \(list(lost)), whose changes nobody takes in",
                mend: (entries + ["under changes in the settings, then `rollcall connector apply`"]).joined(separator: "\n"))
        }
        if !hiddenViews.isEmpty {
            return precondition.unknown(
                "which tables stand behind \(list(hiddenViews)) cannot be seen",
                mend: hiddenViews.map { "GRANT SHOW VIEW ON \($0) TO …;" }.joined(separator: "\n"))
        }
        guard !tables.isEmpty else { return precondition.unknown("no table was recognised in the query") }
        return precondition.ok("the changes of \(list(tables)) are taken in")
    }

    /// Whether a topic carries the changes of a table. Without a known prefix, or behind a transformation that shortens names,
    /// the topic's last words decide.
    static func covers(_ topic: String, _ table: CapturedTable, _ prefix: String?) -> Bool {
        if let prefix, let captured = CapturedTable(topic: topic, prefix: prefix) {
            return captured.description.lowercased() == table.description.lowercased()
        }
        let topic = topic.lowercased()
        return topic.hasSuffix("." + table.description.lowercased()) || topic == table.description.lowercased()
            || (topic.split(separator: ".").count <= 2 && topic.hasSuffix("." + table.table.lowercased()))
    }

    private static func list(_ tables: [CapturedTable]) -> String { tables.map(\.description).joined(separator: ", ") }
}
