import MySQL
import Sandbox
import Testing

@Suite("Values over the binary protocol")
struct BinaryProtocolTests {
    private let database: TestDatabase
    private let connection: Connection

    init() throws {
        database = try TestDatabase()
        connection = try database.connect()
    }

    private func values(_ sql: String) throws -> [[Value]] {
        var rows: [[Value]] = []
        try connection.streamValues(sql) { rows.append($0) }
        return rows
    }

    @Test("a FLOAT keeps the digits that the text protocol rounds away")
    func exactFloat() throws {
        try connection.execute("CREATE TABLE t (a FLOAT)")
        try connection.execute("INSERT INTO t VALUES (16777216), (16777218), (0.1)")
        let text = try connection.query("SELECT a FROM t").textRows
        #expect(text[0] == text[1], "otherwise nobody needs the binary protocol")
        #expect(try values("SELECT a FROM t") == [[.float(16_777_216)], [.float(16_777_218)], [.float(0.1)]])
    }

    @Test("numbers come as numbers, at their limits")
    func numbers() throws {
        try connection.execute("CREATE TABLE t (a TINYINT, b SMALLINT UNSIGNED, c BIGINT, d BIGINT UNSIGNED, e DOUBLE, f YEAR)")
        try connection.execute(
            "INSERT INTO t VALUES (-128, 65535, -9223372036854775808, 18446744073709551615, 0.1, 2155), (NULL, 0, 0, 0, -0.0, 1901)"
        )
        let rows = try values("SELECT * FROM t")
        let years = rows.map { $0[5] }
        #expect(
            rows.map { Array($0[..<5]) } == [
                [.integer(-128), .unsigned(65_535), .integer(.min), .unsigned(.max), .double(0.1)],
                [.null, .unsigned(0), .integer(0), .unsigned(0), .double(-0.0)],
            ])
        #expect(years == [.unsigned(2_155), .unsigned(1_901)])
    }

    @Test("all but numbers reads as in the text protocol")
    func likeText() throws {
        try connection.execute(
            """
            CREATE TABLE t (a DECIMAL(30,10), b DATE, c DATETIME(6), d DATETIME, e TIME(3), f TIMESTAMP(2) NULL, g TEXT, h BLOB,
              i ENUM('x','é'), j SET('x','y'), k JSON, l BIT(9), m CHAR(3), n BINARY(3), o TIME, p VARCHAR(200))
            """)
        try connection.execute(
            """
            INSERT INTO t VALUES (-12345678901234567890.0123456789, '2024-02-29', '2024-02-29 23:59:59.000001',
              '1000-01-01 00:00:00', '-838:59:58.999', '2001-02-03 04:05:06.70', REPEAT('🦊', 5000), X'00FF00', 'é', 'x,y',
              '{"a": 1}', b'101010101', 'é', 'a', '00:00:00', REPEAT('y', 32)),
              (NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL),
              (0, '0000-00-00', '9999-12-31 23:59:59.999999', '2024-01-01', '838:59:59', '2038-01-19 03:14:07', '', '', 'x', '',
              'null', 0, '', '', '-00:00:01', REPEAT('z', 33))
            """)
        let expected: [[Value]] = try connection.query("SELECT * FROM t").rows.map { row in
            row.map { cell in cell.map { .bytes($0) } ?? .null }
        }
        let actual = try values("SELECT * FROM t")
        for (actualRow, expectedRow) in zip(actual, expected) {
            for (column, (actualValue, expectedValue)) in zip(actualRow, expectedRow).enumerated() {
                #expect(actualValue == expectedValue, "column \(column)")
            }
        }
        #expect(actual.count == 3)
    }

    @Test("a reader that breaks off, a wrong statement and an empty result leave the session usable")
    func staysUsable() throws {
        struct EnoughSeen: Error {}
        var rows = 0
        #expect(throws: EnoughSeen.self) {
            try connection.streamValues("SELECT seq, REPEAT('x', 500) FROM seq_1_to_5000") { _ in
                rows += 1
                if rows == 3 { throw EnoughSeen() }
            }
        }
        #expect { try values("SELECT nonsense") } throws: { ($0 as? MySQLError)?.code == 1054 }
        #expect(try connection.streamValues("SELECT 1 AS one FROM DUAL WHERE FALSE") { _ in }.map(\.name) == ["one"])
        #expect(try connection.streamValues("DO 1") { _ in }.isEmpty)
        #expect(throws: MySQLError.self) {
            try connection.streamValues("SELECT 1") { _ in try connection.ping() }
        }
        #expect(try values("SELECT 'x', NULL") == [[.bytes([120]), .null]])
        #expect(try connection.query("SELECT 1").textRows == [["1"]])
    }

    @Test("closed by its reader ends after it")
    func closedInside() throws {
        try connection.streamValues("SELECT 1 UNION SELECT 2") { _ in connection.close() }
        #expect(throws: MySQLError.self) { try connection.ping() }
    }
}
