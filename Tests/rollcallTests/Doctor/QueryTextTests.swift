import Testing

@testable import rollcall

@Suite("Reading the aggregate query's text")
struct QueryTextTests {
    @Test(
        "The tables that it names are found wherever they stand",
        arguments: [
            ("SELECT * FROM users", ["users"]),
            ("SELECT u.a FROM users u LEFT JOIN `pre``fs` AS p ON p.id = u.id WHERE u.id IN (1)", ["users", "pre`fs"]),
            ("SELECT 1 FROM shop.users, crm.`my table` t WHERE 1", ["shop.users", "crm.my table"]),
            ("SELECT 1 FROM (a INNER JOIN b USING (id)) CROSS JOIN c", ["a", "b", "c"]),
            ("SELECT (SELECT MAX(x) FROM orders o WHERE o.id = u.id), u.b FROM users u", ["orders", "users"]),
            ("SELECT 1 FROM (SELECT id FROM a UNION ALL SELECT id FROM b) d JOIN e", ["a", "b", "e"]),
            (
                "WITH recent AS (SELECT * FROM logins), w (x, y) AS (SELECT 1, 2) SELECT 1 FROM users JOIN recent JOIN w",
                ["logins", "users"]
            ),
            ("SELECT TRIM(LEADING 'x' FROM u.name), EXTRACT(YEAR FROM u.born), SUBSTRING(u.a FROM 2) FROM users u", ["users"]),
            ("SELECT 1 FROM users USE INDEX FOR JOIN (PRIMARY) STRAIGHT_JOIN b FORCE INDEX (x, y), c", ["users", "b", "c"]),
            ("SELECT 1 FROM t PARTITION (p0, p1) WHERE a IN (SELECT b FROM s) ORDER BY a, b LIMIT 1, 2", ["t", "s"]),
            ("SELECT 1 FROM t, JSON_TABLE(t.doc, '$[*]' COLUMNS (a INT PATH '$')) AS j, u", ["t", "u"]),
            ("SELECT 'FROM x', \"from y\" -- FROM z\n /* FROM w */ FROM a # JOIN b\n", ["a"]),
            ("SELECT 1 /*!50000 FROM hinted */", ["hinted"]), ("SELECT 1 FROM DUAL", []), ("SELECT 1", []),
            ("select a from Users as u join Users as v on 1", ["Users"]),
        ])
    func tables(sql: String, expected: [String]) {
        let found = QueryTables.references(in: sql).map { ($0.database.map { $0 + "." } ?? "") + $0.name }
        #expect(found == expected)
    }

    @Test(
        "What depends on the time, on chance or on the session is a failure that names it",
        arguments: [
            ("SELECT NOW()", "NOW()"), ("SELECT IF(u.born < CURDATE(), 1, 2)", "CURDATE()"),
            ("SELECT current_timestamp", "CURRENT_TIMESTAMP"), ("SELECT UTC_TIMESTAMP(3)", "UTC_TIMESTAMP"),
            ("SELECT rand( )", "RAND()"), ("SELECT UUID(), UUID()", "UUID()"), ("SELECT UNIX_TIMESTAMP()", "UNIX_TIMESTAMP()"),
            ("SELECT @row := @row + 1", "@row"), ("SELECT @@version", "@@version"), ("SELECT CONNECTION_ID()", "CONNECTION_ID()"),
        ])
    func volatile(sql: String, name: String) {
        let check = VolatileFunctionCheck.judge(SQLToken.scan(sql))
        #expect(check.state == .failure)
        #expect(check.finding == "the query calls \(name)")
    }

    @Test(
        "What only looks like it is fine",
        arguments: [
            "SELECT 'NOW()' FROM t", "SELECT now FROM t", "SELECT t.now, t.`rand` FROM t", "SELECT /* NOW() */ 1",
            "SELECT UNIX_TIMESTAMP(u.born)", "SELECT f.user() FROM f", "SELECT 'a@b.c'", "SELECT GROUP_CONCAT(a ORDER BY b)",
        ])
    func deterministic(sql: String) {
        #expect(VolatileFunctionCheck.judge(SQLToken.scan(sql)).state == .ok)
    }

    @Test(
        "A list without an order is a warning",
        arguments: ["SELECT GROUP_CONCAT(a)", "SELECT json_arrayagg((SELECT 1 ORDER BY 1))"])
    func unordered(sql: String) {
        #expect(VolatileFunctionCheck.judge(SQLToken.scan(sql)).state == .warning)
    }

    @Test("A LIMIT on the whole query drops users; one inside does not")
    func limit() {
        #expect(LimitCheck.judge(SQLToken.scan("SELECT 1 FROM t LIMIT 5"))?.state == .failure)
        #expect(LimitCheck.judge(SQLToken.scan("SELECT (SELECT 1 FROM t LIMIT 1) FROM t")) == nil)
    }

    @Test("Foreign keys are read as SHOW CREATE TABLE writes them")
    func foreignKeys() {
        let child = CapturedTable(database: "shop", table: "preferences")
        let definition = """
            CREATE TABLE `preferences` (
              `user_id` bigint(20) unsigned NOT NULL COMMENT 'FOREIGN KEY (x) REFERENCES y (z) ON DELETE CASCADE',
              PRIMARY KEY (`user_id`),
              CONSTRAINT `a` FOREIGN KEY (`user_id`) REFERENCES `users` (`user_id`) ON DELETE CASCADE ON UPDATE NO ACTION,
              CONSTRAINT `b` FOREIGN KEY (`x`, `y`) REFERENCES `crm`.`accounts` (`p`, `q`) ON UPDATE SET NULL,
              CONSTRAINT `c` FOREIGN KEY (`z`) REFERENCES `plain` (`id`)
            ) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4
            """
        #expect(
            ForeignKey.parse(definition, of: child) == [
                ForeignKey(
                    child: child, childColumns: ["user_id"], parent: .init(database: "shop", table: "users"),
                    parentColumns: ["user_id"], onDelete: "CASCADE"),
                ForeignKey(
                    child: child, childColumns: ["x", "y"], parent: .init(database: "crm", table: "accounts"),
                    parentColumns: ["p", "q"], onUpdate: "SET NULL"),
                ForeignKey(
                    child: child, childColumns: ["z"], parent: .init(database: "shop", table: "plain"), parentColumns: ["id"]),
            ])
        #expect(ForeignKey.parse("FOREIGN KEY (", of: child) == [])
    }
}
