import Domain
import Testing

@Suite("The aggregate query")
struct AggregateQueryTests {
    private func query(_ sql: String, key: String = "u.id", kind: UserIDKind = .integer) throws(AggregateQueryError)
        -> AggregateQuery
    {
        try AggregateQuery(sql: sql, key: key, kind: kind)
    }

    @Test("takes a list of users where its placeholder stands")
    func list() throws {
        let query = try query("SELECT * FROM users u WHERE :users AND 1")
        #expect(query.sql(for: [UserID("1"), UserID("-2")]) == "SELECT * FROM users u WHERE u.id IN (1,-2) AND 1")
        #expect(query.sql(for: []) == "SELECT * FROM users u WHERE 1 = 0 AND 1")
    }

    @Test("takes ranges that meet without gaps")
    func ranges() throws {
        let query = try query("SELECT * FROM users u WHERE :users")
        let (five, nine) = (UserID("5"), UserID("9"))
        #expect(query.sql(after: nil, through: nil) == "SELECT * FROM users u WHERE u.id IS NOT NULL")
        #expect(query.sql(after: nil, through: five) == "SELECT * FROM users u WHERE (u.id <= 5)")
        #expect(query.sql(after: five, through: nine) == "SELECT * FROM users u WHERE (u.id > 5 AND u.id <= 9)")
        #expect(query.sql(after: nine, through: nil) == "SELECT * FROM users u WHERE (u.id > 9)")
        #expect(query.range(of: "`k`", after: five, through: nil) == "(`k` > 5)")
    }

    @Test(
        "finds the placeholder in code only",
        arguments: [
            "SELECT ':users', u.id FROM u WHERE @", "SELECT \":users\" FROM u WHERE @", "SELECT `:users` FROM u WHERE @",
            "SELECT 1 -- :users\n FROM u WHERE @", "SELECT 1 # :users\n FROM u WHERE @", "SELECT 1 /* :users */ FROM u WHERE @",
            "/* :users */ SELECT 1 FROM u WHERE @", "SELECT 'it''s :users' FROM u WHERE @",
            "SELECT 'it\\'s :users' FROM u WHERE @",
            "SELECT '\\\\' FROM u WHERE @ -- ':users", "SELECT `a``:users` FROM u WHERE @",
            "SELECT `\\` FROM u WHERE @ -- `:users",
            "SELECT \"a\"\":users\" FROM u WHERE @", "SELECT 1 FROM u WHERE @ --", "SELECT 1 FROM u WHERE @ -- :users",
            "SELECT :users_of FROM u WHERE @", "SELECT 5--1, 1 FROM u WHERE @", "SELECT '--', '#', '/*', ';' FROM u WHERE @",
            "WITH t AS (SELECT 1) SELECT * FROM t WHERE @", "select 1 from u where(@)", "(SELECT 1 FROM u WHERE @)",
            "\n\t SELECT 'é🦊' FROM u WHERE @\n", "SELECT 1 FROM u WHERE NOT(@)and 1",
        ])
    func placeholder(_ template: String) throws {
        let query = try query(template.replacing("@", with: ":users"))
        #expect(query.sql(for: [UserID("7")]) == template.replacing("@", with: "u.id IN (7)"))
        #expect(query.sql(after: UserID("7"), through: nil) == template.replacing("@", with: "(u.id > 7)"))
    }

    @Test("may end in one semicolon, which is left out, and in comments")
    func semicolon() throws {
        for end in [";", " ; ", ";\n-- done\n", "; /* done */ ", "; # done"] {
            let sql = try query("SELECT 1 FROM u WHERE :users" + end).sql(for: [UserID("7")])
            #expect(!sql.contains(";"))
            #expect(sql.hasPrefix("SELECT 1 FROM u WHERE u.id IN (7)"))
        }
        #expect(try query("SELECT ';' FROM u WHERE :users;").sql(for: [UserID("7")]) == "SELECT ';' FROM u WHERE u.id IN (7)")
    }

    @Test(
        "is refused when it is not one SELECT with one placeholder",
        arguments: [
            ("", .notSelect("")), ("   ", .notSelect("")), ("-- SELECT :users", .notSelect("")),
            ("DELETE FROM u WHERE :users", .notSelect("DELETE")),
            ("SHOW TABLES LIKE :users", .notSelect("SHOW")), ("SELECTED :users", .notSelect("SELECTED")),
            ("SELECT 1 FROM u", .noPlaceholder),
            ("SELECT ':users'", .noPlaceholder), ("SELECT 1 -- :users", .noPlaceholder), ("SELECT :user", .noPlaceholder),
            ("SELECT :USERS", .noPlaceholder), ("SELECT :usersé FROM u", .noPlaceholder),
            ("SELECT 1 FROM u WHERE :users OR :users", .severalPlaceholders(2)),
            ("SELECT 1 FROM u WHERE :users; SELECT 2", .severalStatements),
            ("SELECT 1 FROM u WHERE :users;;", .severalStatements),
            (";SELECT 1 FROM u WHERE :users", .severalStatements),
            ("SELECT 1 FROM u WHERE :users; DROP TABLE u", .severalStatements),
            ("SELECT 1;:users", .severalStatements), ("SELECT 'a FROM u WHERE :users", .unterminated),
            ("SELECT \"a FROM u WHERE :users", .unterminated),
            ("SELECT `a FROM u WHERE :users", .unterminated), ("SELECT 'a\\' FROM u WHERE :users", .unterminated),
            ("SELECT /* a FROM u WHERE :users", .unterminated), ("SELECT 1 FROM u WHERE :users /*", .unterminated),
            ("SELECT 1 FROM u WHERE :users; /*", .unterminated), ("SELECT 1 FROM u WHERE :users /*/", .unterminated),
            ("SELECT 'a\\", .unterminated),
        ] as [(String, AggregateQueryError)])
    func refused(_ sql: String, _ expected: AggregateQueryError) {
        #expect(throws: expected) { try query(sql) }
    }

    @Test("`--` is a comment only before a space or the end, as MySQL has it")
    func dashes() throws {
        #expect(throws: AggregateQueryError.noPlaceholder) { try query("SELECT 1 -- :users") }
        #expect(throws: AggregateQueryError.noPlaceholder) { try query("SELECT 1 --\t:users") }
        #expect(try query("SELECT 1 FROM u WHERE 1--:users").sql(for: [UserID("7")]) == "SELECT 1 FROM u WHERE 1--u.id IN (7)")
    }

    @Test("needs a column name as its key", arguments: ["", "u.id; DROP", "u id", "id)", "'id'", "id--", "id/**/", "(id)"])
    func badKeys(_ key: String) {
        #expect(throws: AggregateQueryError.badKey(key)) { try query("SELECT 1 FROM u WHERE :users", key: key) }
    }

    @Test("refuses a key of several columns, and says how a table can hold such an id in one")
    func compositeKey() {
        #expect { try query("SELECT 1 FROM u WHERE :users", key: "u.shop, u.id") } throws: {
            "\($0)".contains("STORED generated column")
        }
    }

    @Test("takes names as MySQL writes them", arguments: ["id", "u.id", "`u`.`id`", "db.u.id", "id_2$", "é"])
    func goodKeys(_ key: String) throws {
        #expect(try query("SELECT 1 WHERE :users", key: key).sql(for: [UserID("7")]) == "SELECT 1 WHERE \(key) IN (7)")
    }

    @Test("writes ids so that no byte of theirs can be taken for SQL")
    func literals() throws {
        let strings = try query("SELECT 1 WHERE :users", kind: .string)
        #expect(strings.literal(UserID("a'b\\")) == "_utf8mb4 x'6127625c'")
        #expect(strings.literal(UserID("é\u{0}")) == "_utf8mb4 x'c3a900'")
        #expect(strings.literal(UserID("42")) == "_utf8mb4 x'3432'")
        #expect(strings.literal(UserID("")) == "_utf8mb4 x''")
        let unsigned = try query("SELECT 1 WHERE :users", kind: .unsigned)
        #expect(unsigned.literal(UserID("18446744073709551615")) == "18446744073709551615")
        // A row's id may be no number although the settings promise one; it is looked up all the same, as the text that it is.
        for kind in [UserIDKind.integer, .unsigned] {
            let query = try query("SELECT 1 WHERE :users", kind: kind)
            #expect(query.literal(UserID("1) OR (1=1")) == "_utf8mb4 x'3129204f522028313d31'")
            #expect(query.literal(UserID("NULL")) == "_utf8mb4 x'4e554c4c'")
            #expect(query.literal(UserID("")) == "_utf8mb4 x''")
            #expect(query.literal(UserID("-")) == "_utf8mb4 x'2d'")
            #expect(query.literal(UserID("1e3")) == "_utf8mb4 x'316533'")
            #expect(query.literal(UserID("٤")) == "_utf8mb4 x'd9a4'")
            #expect(query.literal(UserID("-42")) == "-42")
        }
    }

    @Test("changes its encoding id with everything that can change a row's bytes, and with nothing else")
    func encodingID() throws {
        let base = try query("SELECT a FROM u WHERE :users")
        let id = base.encodingID(columnKinds: ["a": .boolean, "b": .json])
        #expect(id == base.encodingID(columnKinds: ["b": .json, "a": .boolean]))
        #expect(try id == query("SELECT a FROM u WHERE :users;").encodingID(columnKinds: ["a": .boolean, "b": .json]))
        let others = try [
            query("SELECT a, b FROM u WHERE :users").encodingID(columnKinds: ["a": .boolean, "b": .json]),
            query("SELECT a FROM u WHERE :users LIMIT 1").encodingID(columnKinds: ["a": .boolean, "b": .json]),
            query("SELECT a FROM u WHERE :users", key: "id").encodingID(columnKinds: ["a": .boolean, "b": .json]),
            query("SELECT a FROM u WHERE :users", kind: .unsigned).encodingID(columnKinds: ["a": .boolean, "b": .json]),
            base.encodingID(columnKinds: ["a": .integer, "b": .json]), base.encodingID(columnKinds: ["a": .boolean]),
            base.encodingID(columnKinds: [:]),
        ]
        #expect(Set(others + [id]).count == others.count + 1)
        #expect(id.utf8.count == 16)
    }
}
