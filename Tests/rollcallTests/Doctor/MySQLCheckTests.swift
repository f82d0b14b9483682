import Testing

@testable import rollcall

@Suite("Judging a MySQL server")
struct MySQLCheckTests {
    static func facts(_ change: (inout ServerFacts) -> Void = { _ in }) -> ServerFacts {
        var facts = ServerFacts()
        facts.version = "10.11.6-MariaDB"
        facts.isMariaDB = true
        facts.variables = [
            "log_bin": "ON", "binlog_format": "ROW", "binlog_row_image": "FULL", "server_id": "7",
            "binlog_expire_logs_seconds": "604800",
        ]
        facts.user = "rollcall@%"
        facts.grants = [
            "GRANT SELECT, RELOAD, SHOW DATABASES, REPLICATION SLAVE, BINLOG MONITOR ON *.* TO `rollcall`@`%` IDENTIFIED BY PASSWORD '*1'"
        ]
        facts.isReplica = false
        change(&facts)
        return facts
    }

    private func states(_ checks: [Check]) -> [String: Check.State] {
        Dictionary(checks.map { ($0.id, $0.state) }, uniquingKeysWith: { $1 })
    }

    @Test("A server that is set up well has nothing to mend")
    func healthy() {
        let checks = BinlogChecks.judge(Self.facts(), databases: ["shop"])
        #expect(checks.map(\.state) == Array(repeating: .ok, count: 5))
        #expect(BinlogRetentionCheck.judge(Self.facts())?.state == .ok)
        #expect(GrantChecks.judge(Self.facts(), fenceTable: nil, connector: .assumedOurs).allSatisfy { $0.state == .ok })
    }

    @Test("Without a binary log nothing else about it is asked")
    func noBinlog() {
        let facts = Self.facts { $0.variables["log_bin"] = "OFF" }
        #expect(states(BinlogChecks.judge(facts, databases: [])) == ["mysql.binlog": .failure])
        #expect(BinlogRetentionCheck.judge(facts) == nil)
    }

    @Test(
        "A binary log that lacks something is a failure, with the statement that mends it",
        arguments: [
            ("binlog_format", "MIXED", "mysql.binlog_format"), ("binlog_format", "STATEMENT", "mysql.binlog_format"),
            ("binlog_row_image", "MINIMAL", "mysql.binlog_row_image"), ("binlog_row_image", "NOBLOB", "mysql.binlog_row_image"),
            ("binlog_row_value_options", "PARTIAL_JSON", "mysql.binlog_row_value_options"), ("server_id", "0", "mysql.server_id"),
        ])
    func incomplete(variable: String, value: String, id: String) {
        let checks = BinlogChecks.judge(Self.facts { $0.variables[variable] = value }, databases: [])
        let failures = checks.filter { $0.state == .failure }
        #expect(failures.map(\.id) == [id])
        #expect(failures.first?.mend?.contains(variable) == true)
    }

    @Test("MySQL remembers what is set with PERSIST; MariaDB needs its file")
    func persistence() {
        #expect(BinlogChecks.setGlobal("a", "1", Self.facts()).hasPrefix("SET GLOBAL a = 1;, and a = 1 in my.cnf"))
        #expect(BinlogChecks.setGlobal("a", "1", Self.facts { $0.isMariaDB = false }).hasPrefix("SET PERSIST a = 1;"))
    }

    @Test("A captured database that is filtered out of the log is a failure")
    func filters() {
        func state(_ change: (inout ServerFacts) -> Void) -> Check.State? {
            states(BinlogChecks.judge(Self.facts(change), databases: ["shop", "crm"]))["mysql.binlog_filter"]
        }
        #expect(state { $0.loggedDatabases = ["shop"] } == .failure)
        #expect(state { $0.loggedDatabases = ["shop", "crm", "x"] } == .ok)
        #expect(state { $0.ignoredDatabases = ["crm"] } == .failure)
        #expect(state { $0.ignoredDatabases = ["x"] } == .ok)
        #expect(state { $0.binlogStatusRefusal = "denied" } == nil)
    }

    @Test("A replica has to log what it receives", arguments: [("ON", Check.State.ok), ("OFF", .failure)])
    func replica(value: String, expected: Check.State) {
        let facts = Self.facts {
            $0.isReplica = true
            $0.variables["log_slave_updates"] = value
        }
        #expect(states(BinlogChecks.judge(facts, databases: []))["mysql.log_replica_updates"] == expected)
    }

    @Test(
        "The log has to outlast a night, and should outlast a weekend",
        arguments: [
            (["binlog_expire_logs_seconds": "0", "expire_logs_days": "0"], Check.State.ok),
            (["binlog_expire_logs_seconds": "3600"], .failure), (["binlog_expire_logs_seconds": "86400"], .warning),
            (["binlog_expire_logs_seconds": "259200"], .ok), (["expire_logs_days": "0.5"], .failure),
            (["expire_logs_days": "7"], .ok), (["binlog_expire_logs_seconds": "86400", "expire_logs_days": "10"], .warning),
            ([:], .ok),
        ])
    func retention(variables: [String: String], expected: Check.State) {
        let facts = Self.facts { $0.variables = variables.merging(["log_bin": "1"]) { $1 } }
        #expect(BinlogRetentionCheck.judge(facts)?.state == expected)
    }

    @Test("Only a session that is not in UTC is wrong; the server's own zone does not matter")
    func timeZone() {
        #expect(TimeZoneCheck.judge(session: "+00:00", global: "SYSTEM").state == .ok)
        #expect(TimeZoneCheck.judge(session: "SYSTEM", global: "SYSTEM").state == .failure)
        #expect(TimeZoneCheck.judge(session: nil, global: nil).state == .failure)
    }

    @Test("Only clocks that cannot be explained by the time that the question took are off")
    func clocks() {
        func state(_ aheadMs: Int64, _ uncertaintyMs: Int64 = 1) -> Check.State {
            ClockCheck.mysql(ClockReading(aheadMs: aheadMs, uncertaintyMs: uncertaintyMs)).state
        }
        #expect(state(0) == .ok)
        #expect(state(2_000) == .ok)
        #expect(state(5_000) == .warning)
        #expect(state(-5_000) == .warning)
        #expect(state(5_000, 10_000) == .ok)
        #expect(ClockCheck.mysql(nil).state == .unknown)
        #expect(ClockCheck.mysql(ClockReading(aheadMs: -90_000, uncertaintyMs: 1)).finding.contains("behind"))
        #expect(ClockCheck.kafka(newestMs: 10_000, nowMs: 9_000).state == .ok)
        #expect(ClockCheck.kafka(newestMs: 20_000, nowMs: 9_000).state == .warning)
        #expect(ClockCheck.kafka(newestMs: nil, nowMs: 9_000).state == .unknown)
    }

    @Test(
        "Debezium's MySQL connector copes with MariaDB, the other one not with MySQL",
        arguments: [
            (true, ConnectorSource.Flavour.mariadb, Check.State.ok), (true, .mysql, .warning), (false, .mysql, .ok),
            (false, .mariadb, .failure),
        ])
    func flavour(isMariaDB: Bool, flavour: ConnectorSource.Flavour, expected: Check.State) {
        let facts = Self.facts { $0.isMariaDB = isMariaDB }
        #expect(ConnectorFlavourCheck.judge(facts, flavour: flavour).state == expected)
    }
}
