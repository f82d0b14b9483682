/// Times of day have to mean the same to whoever reads and whoever compares.
enum TimeZoneCheck {
    private static let precondition = Precondition(
        "mysql.time_zone",
        why:
            "A TIMESTAMP is shown in the session's time zone. Rollcall pins its own sessions to UTC; a session elsewhere would make "
            + "another row of the same data.")

    /// - Parameter session: `@@session.time_zone` of a connection of ours.
    static func judge(session: String?, global: String?) -> Check {
        guard session == "+00:00" else {
            return precondition.failure(
                "our session's time zone is \(session ?? "unknown"), not UTC",
                mend: "look for a proxy between here and the server that answers SET time_zone itself, and go around it")
        }
        return precondition.ok("our sessions run in UTC, whatever the server's time zone is (\(global ?? "unknown"))")
    }
}
