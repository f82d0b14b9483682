import Domain
import Report

/// The query has to yield one row per user, and one that can be written down.
enum SampleRowsCheck {
    private static let precondition = Precondition(
        "query.one_row",
        why:
            "A user with several rows, or with one that cannot be encoded, is parked: there is no telling which row is the right one."
    )

    static func judge(users: [UserID], _ rows: SnapshotRows) -> Check {
        guard !users.isEmpty else { return precondition.unknown("source.users_table holds no user to try the query with") }
        let failures = rows.failures.sorted { $0.key < $1.key }
        guard let first = failures.first else {
            let found = "\(PlainText.count(users.count, "sampled user")), at most one row each"
            // The users table may hold more users than the query shows, but hardly none at all that it does.
            guard !rows.rows.isEmpty else {
                return precondition.warning(
                    "none of \(PlainText.count(users.count, "sampled user")) has a row in the query's result",
                    mend: "compare source.query with source.users_table: an inner join drops users without a partner")
            }
            return precondition.ok(found)
        }
        return precondition.failure(
            "\(PlainText.count(failures.count, "user")) of \(users.count) sampled cannot be read: \(first.value.message)",
            mend: first.value.reason == .duplicateRow
                ? "GROUP BY the user id in source.query, or join on a unique key"
                : "correct source.query, source.key_field or source.columns")
    }
}
