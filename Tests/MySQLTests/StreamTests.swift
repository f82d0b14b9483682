import MySQL
import Sandbox
import Testing

@Suite("Streaming a result")
struct StreamTests {
    private let database: TestDatabase
    private let connection: Connection
    private let someRows = "SELECT seq, IF(seq % 3 = 0, NULL, REPEAT('x', seq % 50)), CONCAT('é', seq) FROM seq_1_to_20000"

    init() throws {
        database = try TestDatabase()
        connection = try database.connect()
        try #require(connection.isMariaDB, "the numbers come from MariaDB's sequence engine")
    }

    @Test("yields what a query yields")
    func equalsQuery() throws {
        let expected = try connection.query(someRows)
        var rows: [[[UInt8]?]] = []
        let columns = try connection.stream(someRows) { row in
            rows.append((0..<row.count).map { column in row.isNull(column) ? nil : row.bytes(column) })
        }
        #expect(columns == expected.columns)
        #expect(rows == expected.rows)
    }

    @Test("lends the bytes of each value, and nothing for NULL")
    func lendsBytes() throws {
        var seen: [Int?] = []
        try connection.stream("SELECT 'abc', NULL, ''") { row in
            for column in 0..<row.count {
                seen.append(row.withBytes(column) { bytes in bytes.byteCount })
            }
            #expect(row.columns.count == 3)
        }
        #expect(seen == [3, nil, 0])
    }

    @Test("tells the columns of an empty result")
    func emptyResult() throws {
        let columns = try connection.stream("SELECT 1 AS one FROM DUAL WHERE FALSE") { _ in Issue.record("there is no row") }
        #expect(columns.map(\.name) == ["one"])
    }

    @Test("that its reader breaks off leaves the session and its transaction usable")
    func brokenOff() throws {
        struct EnoughSeen: Error {}
        try connection.execute("CREATE TABLE t (a INT)")
        try connection.execute("START TRANSACTION")
        try connection.execute("INSERT INTO t VALUES (1)")
        let session = connection.sessionID
        var count = 0
        #expect(throws: EnoughSeen.self) {
            try connection.stream(someRows) { _ in
                count += 1
                if count == 10 { throw EnoughSeen() }
            }
        }
        #expect(count == 10)
        #expect(connection.sessionID == session)
        #expect(try connection.query("SELECT COUNT(*) FROM t").text(0, 0) == "1")
        try connection.execute("ROLLBACK")
        #expect(try connection.query("SELECT COUNT(*) FROM t").text(0, 0) == "0")
    }

    @Test("refuses other statements until it is over")
    func oneAtATime() throws {
        var rows = 0
        try connection.stream("SELECT 1 UNION SELECT 2") { _ in
            rows += 1
            #expect { try connection.query("SELECT 3") } throws: { ($0 as? MySQLError)?.code == 2014 }
            #expect(throws: MySQLError.self) { try connection.reconnect() }
        }
        #expect(rows == 2)
        #expect(try connection.query("SELECT 3").text(0, 0) == "3")
    }

    @Test("closed by its reader ends after it")
    func closedInside() throws {
        var rows = 0
        try connection.stream("SELECT 1 UNION SELECT 2") { _ in
            rows += 1
            connection.close()
        }
        #expect(rows == 2)
        #expect(throws: MySQLError.self) { try connection.ping() }
    }

    @Test("that fails on the server in the middle throws the server's error")
    func failsInTheMiddle() throws {
        var rows = 0
        #expect {
            try connection.stream("SELECT IF(seq < 5000, 1, (SELECT 1 UNION SELECT 2)) FROM seq_1_to_9999") { _ in rows += 1 }
        } throws: { ($0 as? MySQLError)?.code == 1242 }
        #expect(try connection.query("SELECT 3").text(0, 0) == "3")
    }
}
