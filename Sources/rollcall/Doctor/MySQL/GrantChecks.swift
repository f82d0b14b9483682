/// What our account, and Debezium's, may do.
enum GrantChecks {
    /// What is known about the account that Debezium uses.
    enum ConnectorAccount: Sendable, Equatable {
        /// Its name, and what the server says it may do.
        case known(String, grants: [String])
        /// Its name, and that nobody tells us what it may do.
        case hidden(String)
        /// The settings do not say whose account it is, so that it may be ours.
        case assumedOurs
    }

    static func judge(_ facts: ServerFacts, fenceTable: CapturedTable?, connector: ConnectorAccount) -> [Check] {
        [binlogMonitor(facts), fence(facts, fenceTable), replication(facts, connector)].compactMap { $0 }
    }

    private static func binlogMonitor(_ facts: ServerFacts) -> Check? {
        guard facts.isOn("log_bin") else { return nil }
        let precondition = Precondition(
            "mysql.grant_binlog",
            why: "`verify` has to know where the binary log ends, to say up to where its verdict holds.")
        guard facts.binlogStatusRefusal != nil else { return precondition.ok("\(facts.user) may see the end of the binary log") }
        return precondition.failure(
            "\(facts.user) may not see the end of the binary log",
            mend: "GRANT REPLICATION CLIENT ON *.* TO \(quoted(facts.user));")
    }

    private static func fence(_ facts: ServerFacts, _ table: CapturedTable?) -> Check? {
        guard let table else { return nil }
        let precondition = Precondition(
            "mysql.grant_fence", why: "`verify` writes a row into source.fence_table, so that an idle source moves on.")
        let grants = Grants(facts.grants)
        let missing = ["INSERT", "UPDATE"].filter { !grants.allows($0, on: table) }
        guard !missing.isEmpty else { return precondition.ok("\(facts.user) may write \(table)") }
        let mend = "GRANT \(missing.joined(separator: ", ")) ON \(table) TO \(quoted(facts.user));"
        if grants.hasRoles { return precondition.unknown("whether a role lets \(facts.user) write \(table)", mend: mend) }
        return precondition.failure("\(facts.user) may not write \(table)", mend: mend)
    }

    /// https://debezium.io/documentation/reference/stable/connectors/mysql.html#mysql-creating-user
    private static let needed: [(name: String, synonyms: [String])] = [
        ("SELECT", []), ("RELOAD", ["SUPER"]), ("SHOW DATABASES", []), ("REPLICATION SLAVE", []),
        ("REPLICATION CLIENT", ["BINLOG MONITOR", "SUPER"]),
    ]

    private static func replication(_ facts: ServerFacts, _ account: ConnectorAccount) -> Check {
        let precondition = Precondition(
            "mysql.grant_replication",
            why: "Debezium follows the binary log as a replica does, and copies the tables before.")
        switch account {
        case .hidden(let user):
            return precondition.unknown(
                "what Debezium's account \(user) may do cannot be seen", mend: "SHOW GRANTS FOR \(quoted(user));")
        case .known(let user, let lines):
            return judge(precondition, user, Grants(lines), isCertain: true)
        case .assumedOurs:
            return judge(precondition, facts.user, Grants(facts.grants), isCertain: false)
        }
    }

    private static func judge(_ precondition: Precondition, _ user: String, _ grants: Grants, isCertain: Bool) -> Check {
        let missing = needed.filter { privilege in
            !([privilege.name] + privilege.synonyms).contains { grants.allowsEverywhere($0) }
        }.map(\.name)
        guard !missing.isEmpty else { return precondition.ok("\(user) may replicate") }
        let mend = "GRANT \(missing.joined(separator: ", ")) ON *.* TO \(quoted(user));"
        let found = "\(user) lacks \(missing.joined(separator: ", "))"
        // SELECT can be granted table by table, and a snapshot goes without RELOAD at the price of table locks.
        let isGrave = missing.contains { $0.hasPrefix("REPLICATION") }
        if grants.hasRoles { return precondition.unknown(found + ", unless a role grants it", mend: mend) }
        guard isCertain else { return precondition.warning(found + "; Debezium needs it, if it uses this account", mend: mend) }
        return isGrave ? precondition.failure(found, mend: mend) : precondition.warning(found, mend: mend)
    }

    /// `'user'@'host'` of `user@host`.
    static func quoted(_ user: String) -> String {
        guard let at = user.lastIndex(of: "@") else { return "'\(user)'@'%'" }
        return "'\(user[..<at])'@'\(user[user.index(after: at)...])'"
    }
}
