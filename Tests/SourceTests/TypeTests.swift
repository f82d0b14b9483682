import Domain
import MySQL
import Sandbox
import Source
import Testing

@Suite("What becomes of each column type")
struct TypeTests {
    /// A row without FLOAT travels over the text protocol, one with FLOAT over the binary one: the bytes must not tell.
    private static let columns: [(definition: String, value: String, json: String)] = [
        ("a TINYINT", "-128", "-128"), ("b SMALLINT UNSIGNED ZEROFILL", "7", "7"), ("c MEDIUMINT", "-8388608", "-8388608"),
        ("d BIGINT UNSIGNED", "18446744073709551615", "18446744073709551615"),
        ("e BIGINT", "-9223372036854775808", "-9223372036854775808"),
        ("f TINYINT(1)", "1", "1"), ("g BOOLEAN", "TRUE", "true"), ("h YEAR", "2026", "2026"),
        ("i DECIMAL(30,10)", "'-0.5'", #""-0.5000000000""#),
        (
            "j DECIMAL(65,0)", "'99999999999999999999999999999999999999999999999999999999999999999'",
            #""99999999999999999999999999999999999999999999999999999999999999999""#
        ),
        ("k DOUBLE", "0.1 + 0.2e0", "0.30000000000000004"), ("l DOUBLE", "1e20", "100000000000000000000"),
        ("m DOUBLE", "-1.5e-300", "-1.5e-300"),
        ("n DOUBLE(10,2)", "1.5", "1.5"), ("o BIT(1)", "b'1'", "1"),
        ("p BIT(64)", "b'\(String(repeating: "1", count: 64))'", "18446744073709551615"),
        ("q BIT(9)", "256", "256"), ("r ENUM('x','é')", "'é'", #""é""#), ("s SET('x','y')", "'x,y'", #""x,y""#),
        ("t SET('x')", "''", #""""#),
        ("u JSON", #"'{"b": [1, 2.50], "a": "\\u00e9"}'"#, #"{"a":"é","b":[1,2.50]}"#),
        ("v TEXT", #"'a\n"b"\\ 🦊'"#, #""a\n\"b\"\\ 🦊""#),
        ("w VARCHAR(9) CHARACTER SET latin1", "'é€'", #""é€""#), ("x CHAR(5)", "'a  '", #""a""#),
        ("y VARCHAR(5)", "'a  '", #""a  ""#),
        ("z VARCHAR(5)", "'a\\0b'", "\"a\\u0000b\""), ("aa VARBINARY(9)", "X'FF00'", #""/wA=""#),
        ("ab BINARY(3)", "'a'", #""YQAA""#),
        ("ac BLOB", "'foobar'", #""Zm9vYmFy""#), ("ad VARBINARY(9)", "X'FF00'", #"{"$base64":"/wA="}"#),
        ("ae DATE", "'2024-02-29'", #""2024-02-29""#), ("af DATE", "'0000-00-00'", #""0000-00-00""#),
        ("ag DATETIME(6)", "'2026-11-22 15:13:59.000001'", #""2026-11-22T15:13:59.000001""#),
        ("ah DATETIME", "'0000-00-00 00:00:00'", #""0000-00-00T00:00:00""#),
        ("ai DATETIME(3)", "'2026-11-22 15:13:59'", #""2026-11-22T15:13:59.000""#),
        ("aj TIMESTAMP(3) NULL", "'2026-11-22 15:13:59.5'", #""2026-11-22T15:13:59.500Z""#),
        ("ak TIME(2)", "'-838:59:58.99'", #""-838:59:58.99""#),
        ("al TIME", "'00:00:01'", #""00:00:01""#),
        ("am UUID", "'123e4567-e89b-12d3-a456-426655440000'", #""123e4567-e89b-12d3-a456-426655440000""#),
        ("an INET6", "'::1'", #""::1""#),
        ("ao POINT", "ST_GeomFromText('POINT(1 2)')", #""AAAAAAEBAAAAAAAAAAAA8D8AAAAAAAAAQA==""#),
        ("ap BIT(1)", "b'1'", "true"), ("aq TEXT", "'{\"b\":1,\"a\":2}'", #"{"a":2,"b":1}"#),
    ]
    static let kinds: [String: ColumnKind] = ["g": .boolean, "ad": .string, "ap": .boolean, "aq": .json]

    static func wideTable(withFloat: Bool) throws -> (fixture: Fixture, row: String, nulls: String) {
        let float = withFloat ? [(definition: "fl FLOAT", value: "16777218", json: "16777218")] : []
        let columns = columns + float
        let fixture = try Fixture(
            "CREATE TABLE users (id BIGINT PRIMARY KEY, \(columns.map(\.definition).joined(separator: ", ")))",
            "INSERT INTO users VALUES (1, \(columns.map(\.value).joined(separator: ", ")))", "INSERT INTO users (id) VALUES (2)")
        func row(_ id: Int, _ value: ((definition: String, value: String, json: String)) -> String) -> String {
            let members = columns.map { "\"\($0.definition.prefix { $0 != " " })\":\(value($0))" }
            return "{\"id\":\(id),\(members.joined(separator: ","))}"
        }
        return (fixture, row(1, \.json), row(2) { _ in "null" })
    }

    @Test("is as documented, over both protocols, for values and NULL", arguments: [false, true])
    func wide(_ withFloat: Bool) throws {
        let (fixture, row, nulls) = try Self.wideTable(withFloat: withFloat)
        let found = try fixture.reader(columns: Self.kinds).rows(of: ids("1", "2"))
        #expect(found.failures.isEmpty)
        let expected = try JSONValue(parsing: row).members ?? []
        let actual = try JSONValue(parsing: found.rows[UserID("1")] ?? []).members ?? []
        for (actual, expected) in zip(actual, expected) { #expect(actual == expected) }
        #expect(text(found.rows[UserID("1")]) == row)
        #expect(text(found.rows[UserID("2")]) == nulls)
    }

    @Test(
        "is the same in a list and in a scan, also where the query sorts, groups or joins through temporary tables",
        arguments: [
            "SELECT u.* FROM users u WHERE :users", "SELECT u.* FROM users u WHERE :users ORDER BY u.v DESC",
            "SELECT DISTINCT u.* FROM users u WHERE :users",
            "SELECT u.* FROM users u WHERE :users GROUP BY u.id",
            "SELECT u.* FROM users u JOIN (SELECT 1 AS one) d WHERE :users ORDER BY d.one, u.k",
            "SELECT u.id, MAX(u.p + 0) AS p, MAX(u.o + 0) AS o, MIN(u.r) AS r, MAX(u.g) AS g, MAX(u.fl) AS fl, MAX(u.h) AS h, MAX(u.aj) AS aj FROM users u WHERE :users GROUP BY u.id",
            "SELECT u.id, COALESCE(u.fl, 0) AS a, COALESCE(u.p + 0, 0) AS b, CONCAT(u.v, u.r) AS c, u.k + u.fl AS d, SUM(u.fl) AS e FROM users u WHERE :users GROUP BY u.id",
        ])
    func listAndScan(_ sql: String) throws {
        let (fixture, _, _) = try Self.wideTable(withFloat: true)
        try fixture.connection.execute(
            "INSERT INTO users (id, v, fl, p, o, r) VALUES (3, 'x', 0.1, 5, 1, 'x'), (4, 'y', 1e-20, 0, 0, 'é')")
        let kinds = Self.kinds.filter { kind in sql.contains("u.*") || (kind.key == "g" && sql.contains("MAX(u.g)")) }
        let reader = try fixture.reader(sql, columns: kinds)
        let listed = try reader.rows(of: ids("1", "2", "3", "4"))
        let scanned = try reader.scanned()
        #expect(listed.failures.isEmpty)
        #expect(scanned.count == 4)
        for (user, row) in scanned {
            #expect(text(try row.get()) == text(listed.rows[user]))
            #expect(text(try reader.rows(of: [user]).rows[user]) == text(listed.rows[user]))
            #expect(
                text(try reader.scanned(after: UserID("0"), through: user).first { $0.user == user }?.row.get())
                    == text(listed.rows[user]))
        }
    }

    @Test("FLOAT keeps every digit, which the text protocol would round away")
    func float() throws {
        let fixture = try Fixture(
            "CREATE TABLE users (id BIGINT PRIMARY KEY, v FLOAT)",
            "INSERT INTO users VALUES (1, 16777216), (2, 16777218), (3, 0.1), (4, -16777218), (5, 3.4028234e38), (6, 1e-45), (7, 0), (8, NULL)"
        )
        let reader = try fixture.reader()
        let rows = try reader.rows(of: (1...8).map { UserID("\($0)") }).rows
        let values = (1...8).map { text(rows[UserID("\($0)")])?.split(separator: #""v":"#).last?.dropLast() }
        #expect(values == ["16777216", "16777218", "0.1", "-16777218", "3.4028235e+38", "1e-45", "0", "null"])
        #expect(try reader.scanned().map { text(try $0.row.get()) } == (1...8).map { text(rows[UserID("\($0)")]) })
    }

    @Test("DOUBLE reads alike over both protocols, a thousand times at random")
    func double() throws {
        let fixture = try Fixture("CREATE TABLE users (id BIGINT PRIMARY KEY, v DOUBLE, f FLOAT)")
        var numbers: [Double] = [
            .leastNonzeroMagnitude, .greatestFiniteMagnitude, 1 / 3, 123_456_789_012_345_680, 1e21, 1e-7,
        ]
        var bits: UInt64 = 88_172_645_463_325_252
        while numbers.count < 1000 {
            // Xorshift, so that a failure comes again.
            bits ^= bits << 13
            bits ^= bits >> 7
            bits ^= bits << 17
            let number = Double(bitPattern: bits)
            if number.isFinite { numbers.append(number) }
        }
        let values = numbers.enumerated().map { "(\($0), \($1), 1)" }.joined(separator: ",")
        try fixture.connection.execute("INSERT INTO users VALUES \(values)")
        let users = numbers.indices.map { UserID("\($0)") }
        let overText = try fixture.reader("SELECT u.id, u.v FROM users u WHERE :users").rows(of: users).rows
        let overBinary = try fixture.reader("SELECT u.id, u.v, u.f FROM users u WHERE :users").rows(of: users).rows
        for (user, number) in zip(users, numbers) {
            let text = text(overText[user])?.dropLast()
            #expect(text.map { $0 + #","f":1}"# } == SourceTests.text(overBinary[user]))
            let written = text?.split(separator: #""v":"#).last.flatMap { Double($0) }
            #expect(written == number, "the digits must give back the number")
        }
    }

    @Test("a BIT is a number however the query carries it, and declared kinds that do not fit are refused")
    func bits() throws {
        let fixture = try Fixture(
            "CREATE TABLE users (id BIGINT PRIMARY KEY, one BIT(1), eight BIT(8), name VARCHAR(9))",
            "INSERT INTO users VALUES (1, 1, 48, '0')")
        func row(_ column: String, _ kind: ColumnKind) throws -> String? {
            text(
                try fixture.reader("SELECT u.id, \(column) AS v FROM users u WHERE :users", columns: ["v": kind]).rows(
                    of: ids("1")
                ).rows[UserID("1")])
        }
        #expect(try row("u.one", .bit) == #"{"id":1,"v":1}"#)
        #expect(try row("u.one", .boolean) == #"{"id":1,"v":true}"#)
        #expect(try row("u.one", .unsigned) == #"{"id":1,"v":1}"#)
        #expect(try row("u.eight", .bit) == #"{"id":1,"v":48}"#)
        #expect(try row("u.eight", .integer) == #"{"id":1,"v":48}"#)
        #expect(try row("u.eight + 0", .bit) == #"{"id":1,"v":48}"#)
        #expect(try row("u.eight", .bytes) == #"{"id":1,"v":"MA=="}"#)
        // MariaDB calls these a BIT and sends 48 as the text `48` or as the byte 0x30, which is the text `0`, as its plan has it.
        for expression in ["MAX(u.eight)", "IFNULL(u.eight, u.eight)", "(SELECT x.eight FROM users x LIMIT 1)"] {
            #expect(throws: SourceError.computedBit("v")) { try row(expression, .bit) }
        }
        // In a merged derived table, or a view, a computed one bears a name, and is sent as digits; a column itself as bytes.
        func derived(_ expression: String) throws -> String? {
            let sql = "SELECT d.id, d.v FROM (SELECT u.id, \(expression) AS v FROM users u) d WHERE :users"
            return text(try fixture.reader(sql, key: "d.id").rows(of: ids("1")).rows[UserID("1")])
        }
        #expect(try derived("u.eight") == #"{"id":1,"v":48}"#)
        #expect(throws: SourceError.computedBit("v")) { try derived("NULLIF(u.eight, 3)") }
        #expect(throws: SourceError.wrongKind("v", .boolean)) { try row("u.eight", .boolean) }
        #expect(throws: SourceError.wrongKind("v", .bit)) { try row("u.name", .bit) }
    }
}
