import Domain
import Testing

@testable import rollcall

@Suite("Judging the aggregate query and its tables")
struct QueryCheckTests {
    private static let users = CapturedTable(database: "shop", table: "users")
    private static let preferences = CapturedTable(database: "shop", table: "preferences")
    private static let orders = CapturedTable(database: "shop", table: "orders")

    private static func facts(
        _ table: CapturedTable, _ columns: [TableFacts.Column] = [.init(name: "user_id", type: "bigint(20) unsigned")],
        keys: [ForeignKey] = []
    ) -> TableFacts {
        TableFacts(table: table, engine: "InnoDB", columns: columns, indexedColumns: ["user_id"], foreignKeys: keys)
    }

    @Test("Reading a large table from end to end is a failure, a small one without an index a warning")
    func plans() {
        func state(_ rows: PlanRow...) -> Check.State { QueryPlanCheck.judge(rows).state }
        #expect(state(PlanRow(table: "u", access: "range", possibleKeys: "PRIMARY", key: "PRIMARY", rows: 2)) == .ok)
        #expect(
            state(PlanRow(table: "u", access: "eq_ref", rows: 1), PlanRow(table: "p", access: "ALL", rows: 5_000)) == .failure)
        #expect(state(PlanRow(table: "p", access: "index", possibleKeys: "k", key: "k", rows: 5_000)) == .failure)
        #expect(state(PlanRow(table: "c", access: "ALL", rows: 200)) == .warning)
        #expect(
            state(PlanRow(table: "u", access: "ALL", possibleKeys: "PRIMARY", rows: 20)) == .ok,
            "the server may scan what is small")
        #expect(state(PlanRow(table: "<derived2>", access: "ALL", rows: 9_000)) == .ok)
        #expect(state(PlanRow(table: nil, access: "", rows: 0)) == .ok)
    }

    @Test("Users who cannot be read are a failure that tells the first of them")
    func sampleRows() {
        let one = UserID("1")
        let two = UserID("2")
        var rows = SnapshotRows(position: nil, rows: [one: [1]])
        #expect(SampleRowsCheck.judge(users: [one, two], rows).state == .ok, "a user without a row is deleted, not wrong")
        rows.failures = [two: RowFailure(.duplicateRow, "several rows for 2")]
        let check = SampleRowsCheck.judge(users: [one, two], rows)
        #expect(check.state == .failure)
        #expect(check.finding == "1 user of 2 sampled cannot be read: several rows for 2")
        #expect(SampleRowsCheck.judge(users: [], rows).state == .unknown)
        #expect(SampleRowsCheck.judge(users: [one], SnapshotRows(position: nil)).state == .warning)
    }

    @Test("A table of the query that is not captured is a failure that names it")
    func captured() {
        func check(_ tables: [CapturedTable], hidden: [CapturedTable] = [], topics: [String], prefix: String? = "s") -> Check {
            CapturedTablesCheck.judge(tables: tables, hiddenViews: hidden, topics: topics, prefix: prefix)
        }
        #expect(check([Self.users], topics: ["s.shop.users"]).state == .ok)
        #expect(check([Self.users], topics: ["s.Shop.Users"]).state == .ok)
        let lost = check([Self.users, Self.orders], topics: ["s.shop.users", "s.crm.orders"])
        #expect(lost.state == .failure)
        #expect(lost.finding == "the query reads shop.orders, whose changes nobody takes in")
        #expect(lost.mend?.hasPrefix("- {topic: s.shop.orders, user_id: …}\n") == true)
        #expect(check([Self.users], topics: ["any.shop.users"], prefix: nil).state == .ok)
        #expect(check([Self.users], topics: ["routed.users"]).state == .ok, "a transformation shortened the name")
        #expect(check([Self.users], topics: ["x.crm.users"], prefix: nil).state == .failure)
        #expect(check([Self.users], hidden: [Self.orders], topics: ["s.shop.users"]).state == .unknown)
        #expect(check([], topics: []).state == .unknown)
    }

    @Test("A cascade is a failure where nothing else signals the child's user")
    func cascades() {
        func key(_ parent: CapturedTable, _ column: String, onDelete: String? = "CASCADE", onUpdate: String? = nil) -> ForeignKey
        {
            ForeignKey(
                child: Self.preferences, childColumns: [column], parent: parent, parentColumns: ["user_id"], onDelete: onDelete,
                onUpdate: onUpdate)
        }
        func check(_ key: ForeignKey, _ captured: [CapturedTable: String]) -> Check {
            CascadeCheck.judge([Self.facts(Self.preferences, keys: [key])], userIDColumns: captured)
        }
        let both = [Self.users: "user_id", Self.preferences: "user_id"]
        #expect(check(key(Self.users, "user_id", onDelete: nil), both).state == .ok)
        #expect(check(key(Self.users, "user_id"), both).state == .warning, "the parent's own event signals the same user")
        #expect(check(key(Self.users, "theme_id"), both).state == .failure)
        #expect(check(key(Self.users, "user_id"), [Self.preferences: "user_id"]).state == .failure)
        #expect(check(key(Self.orders, "user_id", onDelete: nil, onUpdate: "SET NULL"), both).state == .failure)
        let finding = check(key(Self.orders, "user_id"), both).finding
        #expect(finding == "changes of shop.preferences (through shop.orders, ON DELETE CASCADE) happen without an event")
    }

    @Test(
        "The user id's column has to be of the declared type",
        arguments: [
            ("bigint(20) unsigned", UserIDKind.unsigned, Check.State.ok), ("bigint(20) unsigned", .integer, .warning),
            ("int unsigned", .integer, .ok), ("bigint", .integer, .ok), ("bigint", .unsigned, .ok), ("varchar(36)", .string, .ok),
            ("varchar(36)", .integer, .warning), ("bigint", .string, .warning), ("binary(16)", .string, .ok),
        ])
    func types(type: String, kind: UserIDKind, expected: Check.State) {
        let facts = Self.facts(Self.users, [.init(name: "User_ID", type: type, collation: "utf8mb4_bin")])
        let checks = UserIDColumnChecks.judge([.init(table: Self.users, column: "user_id", facts: facts)], kind: kind)
        #expect(checks.first { $0.id == "query.user_id_type" }?.state == expected)
    }

    @Test(
        "A string id that does not compare byte by byte is warned about",
        arguments: [
            ("utf8mb4_general_ci", Check.State.warning), ("utf8mb4_bin", .ok), ("binary", .ok), ("latin1_swedish_ci", .warning),
        ])
    func collations(collation: String, expected: Check.State) {
        let facts = Self.facts(Self.users, [.init(name: "user_id", type: "varchar(36)", collation: collation)])
        let checks = UserIDColumnChecks.judge([.init(table: Self.users, column: "user_id", facts: facts)], kind: .string)
        #expect(checks.first { $0.id == "query.user_id_collation" }?.state == expected)
    }

    @Test("A captured table without the column, or without existing, is a failure")
    func missingColumns() {
        let checks = UserIDColumnChecks.judge(
            [
                .init(table: Self.users, column: "user_id", facts: Self.facts(Self.users)),
                .init(table: Self.preferences, column: "owner", facts: Self.facts(Self.preferences)),
                .init(table: Self.orders, column: "user_id", facts: nil),
            ], kind: .unsigned)
        #expect(checks.first?.state == .failure)
        #expect(checks.first?.finding.contains("shop.preferences.owner, shop.orders.user_id") == true)
    }

    @Test("The users table is a table, with an index that begins with the key")
    func usersTable() {
        var facts = Self.facts(Self.users)
        func state(_ facts: TableFacts?) -> Check.State {
            UsersTableCheck.judge(facts, table: Self.users, column: "user_id").state
        }
        #expect(state(facts) == .ok)
        facts.indexedColumns = ["email"]
        #expect(state(facts) == .failure)
        facts.isView = true
        #expect(state(facts) == .warning)
        #expect(state(nil) == .failure)
    }

    @Test("Triggers are noted, other engines warned about, and a server without snapshot positions too")
    func rest() {
        var facts = Self.facts(Self.users)
        #expect(TriggerCheck.judge([facts]).state == .ok)
        facts.triggers = ["audit"]
        #expect(TriggerCheck.judge([facts]).finding == "triggers on shop.users (audit): their rows are in the binary log")
        #expect(EngineCheck.judge([facts])?.state == .ok)
        facts.engine = "Aria"
        #expect(EngineCheck.judge([facts])?.mend == "ALTER TABLE shop.users ENGINE = InnoDB;")
        #expect(SnapshotPositionCheck.judge(nil).state == .failure)
        #expect(SnapshotPositionCheck.judge(nil, isAccepted: true).state == .warning)
        #expect(SnapshotPositionCheck.judge(SourcePosition("7@binlog.000001:4")).state == .ok)
    }
}
