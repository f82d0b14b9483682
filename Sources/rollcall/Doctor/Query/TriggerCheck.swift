/// Triggers write rows that nobody's statement names. The binary log holds those rows, so this only informs.
enum TriggerCheck {
    private static let precondition = Precondition(
        "query.triggers",
        why:
            "What a trigger writes is in a row-based binary log like everything else; it is an event of the table that it writes to."
    )

    static func judge(_ tables: [TableFacts]) -> Check {
        let noted = tables.filter { !$0.triggers.isEmpty }.map { "\($0.table) (\($0.triggers.joined(separator: ", ")))" }
        guard !noted.isEmpty else { return precondition.ok("no trigger that this account may see") }
        return precondition.ok("triggers on \(noted.joined(separator: ", ")): their rows are in the binary log")
    }
}
