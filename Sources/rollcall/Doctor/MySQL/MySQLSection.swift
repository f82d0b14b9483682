import MySQL

/// Looks at the source's server.
struct MySQLSection {
    let settings: EffectiveSettings

    static let reachable = Precondition(
        "mysql.reachable", why: "Every value comes from MySQL; without it nothing can be made, and nothing verified.")

    /// What was found, and what the server says of itself, for those who look further; nil where it cannot be reached.
    func examine(_ connection: Connection) throws -> (Section, ServerFacts) {
        let facts = try ServerFacts(reading: connection)
        var checks = [Self.reachable.ok("\(facts.isMariaDB ? "MariaDB" : "MySQL") \(facts.version) answers \(facts.user)")]
        checks += BinlogChecks.judge(facts, databases: try databases())
        checks += [BinlogRetentionCheck.judge(facts)].compactMap { $0 }
        checks += GrantChecks.judge(
            facts, fenceTable: try fenceTable(), connector: try connectorAccount(connection, facts))
        if try settings.value(EffectiveSettings.keys.connector.name) != nil {
            let flavour = try settings.value(EffectiveSettings.keys.connector.flavour)
            checks.append(ConnectorFlavourCheck.judge(facts, flavour: ConnectorSource.Flavour(rawValue: flavour) ?? .mysql))
        }
        checks.append(TimeZoneCheck.judge(session: facts.sessionTimeZone, global: facts["time_zone"]))
        checks.append(ClockCheck.mysql(facts.clock))
        return (Section(name: "MySQL at \(connection.settings.address)", checks: checks), facts)
    }

    /// The databases whose tables are captured.
    private func databases() throws -> [String] {
        let own = try settings.value(EffectiveSettings.keys.source.mysql.database)
        let captured = try settings.captured().map(\.table.database)
        return Set(captured + [own]).sorted()
    }

    private func fenceTable() throws -> CapturedTable? {
        let database = try settings.value(EffectiveSettings.keys.source.mysql.database)
        return try settings.value(EffectiveSettings.keys.source.fenceTable).map {
            CapturedTable(name: $0, defaultDatabase: database)
        }
    }

    /// Debezium's account, as far as the settings tell.
    private func connectorAccount(_ connection: Connection, _ facts: ServerFacts) throws -> GrantChecks.ConnectorAccount {
        let given = try settings.value(EffectiveSettings.keys.connector.properties).dictionary["database.user"]
        guard let user = given, user != connection.settings.user else { return .assumedOurs }
        switch try connection.attempt("SHOW GRANTS FOR \(SQLLiteral.text(user))@'%'") {
        case .success(let rows): return .known("\(user)@%", grants: rows.firstColumn)
        case .failure: return .hidden("\(user)@%")
        }
    }
}
