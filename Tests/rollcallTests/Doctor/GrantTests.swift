import Testing

@testable import rollcall

@Suite("What accounts may do")
struct GrantTests {
    @Test("The lines of SHOW GRANTS are read as servers write them")
    func lines() {
        let grants = Grants([
            "GRANT SELECT, REPLICATION SLAVE ON *.* TO `r`@`%` IDENTIFIED BY PASSWORD '*A ON B TO C'",
            "GRANT INSERT (a, b), UPDATE ON `shop`.`fence` TO 'r'@'%' WITH GRANT OPTION",
            "GRANT ALL PRIVILEGES ON `own\\_db`.* TO `r`@`%`", "GRANT USAGE ON *.* TO `r`@`%`",
        ])
        #expect(!grants.hasRoles)
        #expect(grants.allowsEverywhere("SELECT"))
        #expect(grants.allowsEverywhere("BINLOG MONITOR", "REPLICATION SLAVE"))
        #expect(!grants.allowsEverywhere("INSERT"))
        let fence = CapturedTable(database: "shop", table: "fence")
        #expect(grants.allows("SELECT", on: fence))
        #expect(grants.allows("UPDATE", on: fence))
        #expect(!grants.allows("INSERT", on: fence), "a privilege on single columns is none on the table")
        #expect(grants.allows("DROP", on: CapturedTable(database: "own_db", table: "t")))
        #expect(!grants.allows("DROP", on: CapturedTable(database: "ownxdb", table: "t")))
    }

    @Test(
        "Names of databases in grants are patterns",
        arguments: [
            ("shop", "shop", true), ("shop", "sh%", true), ("shop", "sho_", true), ("shop", "%", true), ("shop", "s_p", false),
            ("a_b", "a\\_b", true), ("axb", "a\\_b", false), ("", "%", true),
        ])
    func patterns(name: String, pattern: String, matches: Bool) {
        #expect(Grants.like(name, pattern) == matches)
    }

    @Test("A role may grant what the lines do not tell")
    func roles() {
        let facts = MySQLCheckTests.facts { $0.grants = ["GRANT USAGE ON *.* TO `r`@`%`", "GRANT `reader`@`%` TO `r`@`%`"] }
        let fence = CapturedTable(database: "shop", table: "fence")
        let checks = GrantChecks.judge(facts, fenceTable: fence, connector: .assumedOurs)
        #expect(checks.filter { $0.id != "mysql.grant_binlog" }.map(\.state) == [.unknown, .unknown])
    }

    @Test("Whoever may not see the end of the binary log cannot tell up to where a verdict holds")
    func binlogMonitor() {
        let facts = MySQLCheckTests.facts { $0.binlogStatusRefusal = "Access denied" }
        let check = GrantChecks.judge(facts, fenceTable: nil, connector: .assumedOurs).first
        #expect(check?.state == .failure)
        #expect(check?.mend == "GRANT REPLICATION CLIENT ON *.* TO 'rollcall'@'%';")
    }

    @Test("The fence table has to be writable if there is one")
    func fence() {
        let fence = CapturedTable(database: "shop", table: "fence")
        let check = GrantChecks.judge(MySQLCheckTests.facts(), fenceTable: fence, connector: .assumedOurs)
            .first { $0.id == "mysql.grant_fence" }
        #expect(check?.state == .failure)
        #expect(check?.mend == "GRANT INSERT, UPDATE ON shop.fence TO 'rollcall'@'%';")
    }

    @Test("Debezium's own account is judged more strictly than one that may not be its own")
    func replication() {
        let few = ["GRANT SELECT ON *.* TO `d`@`%`"]
        func state(_ account: GrantChecks.ConnectorAccount, _ grants: [String] = few) -> Check.State? {
            let facts = MySQLCheckTests.facts { $0.grants = grants }
            return GrantChecks.judge(facts, fenceTable: nil, connector: account).first { $0.id == "mysql.grant_replication" }?
                .state
        }
        #expect(state(.known("d@%", grants: few)) == .failure)
        #expect(state(.assumedOurs) == .warning)
        #expect(state(.hidden("d@%")) == .unknown)
        #expect(state(.known("d@%", grants: ["GRANT ALL PRIVILEGES ON *.* TO `d`@`%`"])) == .ok)
        let withoutReload = ["GRANT SELECT, SHOW DATABASES, REPLICATION SLAVE, REPLICATION CLIENT ON *.* TO `d`@`%`"]
        #expect(state(.known("d@%", grants: withoutReload)) == .warning)
    }
}
