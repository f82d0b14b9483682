import Domain

/// The columns that carry the user id have to exist, to be of the declared type, and to compare byte by byte.
enum UserIDColumnChecks {
    /// A table and the column of it that should carry the user id.
    struct Carrier: Sendable {
        var table: CapturedTable
        var column: String
        /// nil where the server knows no such table.
        var facts: TableFacts?

        var name: String { "\(table).\(column)" }
        var definition: TableFacts.Column? { facts?.column(column) }
    }

    static func judge(_ carriers: [Carrier], kind: UserIDKind) -> [Check] {
        let present = carriers.filter { $0.definition != nil }
        return [existence(carriers), type(present, kind), collation(present, kind)].compactMap { $0 }
    }

    private static func existence(_ carriers: [Carrier]) -> Check {
        let precondition = Precondition(
            "query.user_id_columns", why: "A change event without the user id cannot be told to anybody, and is parked.")
        let missing = carriers.filter { $0.definition == nil }
        guard !missing.isEmpty else { return precondition.ok("each captured table carries the user id") }
        return precondition.failure(
            "there is no \(missing.map(\.name).joined(separator: ", ")), or this account may not see it",
            mend: "correct user_id (or the topic) under changes, or source.users_table, in the settings")
    }

    private static func type(_ carriers: [Carrier], _ kind: UserIDKind) -> Check? {
        let precondition = Precondition(
            "query.user_id_type",
            why:
                "A user id that is not of the declared type is parked; one that is written in two ways becomes two keys on the topic."
        )
        let unfit = carriers.filter { carrier in carrier.definition.map { !fits($0, kind) } ?? false }
        guard let first = unfit.first else {
            return precondition.ok("the user id's columns hold what user_id.type says (\(kind.rawValue))")
        }
        let list = unfit.map { "\($0.name) is \($0.definition?.type ?? "?")" }.joined(separator: ", ")
        return precondition.warning(
            "\(list), and user_id.type is \(kind.rawValue)",
            mend: "user_id: {type: \(kindOf(first.definition).rawValue)} in the settings")
    }

    private static func fits(_ column: TableFacts.Column, _ kind: UserIDKind) -> Bool {
        let actual = kindOf(column)
        // A narrower unsigned integer fits into a signed one of 64 bits.
        let isWide = column.type.lowercased().hasPrefix("bigint")
        return actual == kind || (kind == .integer && actual == .unsigned && !isWide) || (kind == .unsigned && actual == .integer)
    }

    private static func kindOf(_ column: TableFacts.Column?) -> UserIDKind {
        let type = column?.type.lowercased() ?? ""
        guard ["tinyint", "smallint", "mediumint", "int", "bigint"].contains(where: type.hasPrefix) else { return .string }
        return type.contains("unsigned") ? .unsigned : .integer
    }

    private static func collation(_ carriers: [Carrier], _ kind: UserIDKind) -> Check? {
        guard kind == .string else { return nil }
        let precondition = Precondition(
            "query.user_id_collation",
            why:
                "Kafka compares keys byte by byte. Where MySQL takes `Ann` and `ann` for the same user, the two are different keys on the "
                + "topic, and a change of case leaves the old one behind.")
        let loose = carriers.filter { carrier in
            carrier.definition?.collation.map { !$0.hasSuffix("_bin") && $0 != "binary" } ?? false
        }
        guard !loose.isEmpty else { return precondition.ok("the user id's columns compare byte by byte") }
        let list = loose.map { "\($0.name) (\($0.definition?.collation ?? ""))" }.joined(separator: ", ")
        return precondition.warning(
            "not byte by byte: \(list)",
            mend: loose.map {
                "ALTER TABLE \($0.table) MODIFY \($0.column) \($0.definition?.type ?? "") CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NOT NULL;"
            }.joined(separator: "\n"))
    }
}
