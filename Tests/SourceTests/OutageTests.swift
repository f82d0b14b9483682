import Domain
import MySQL
import Sandbox
import Source
import Testing

@Suite("When the source goes away")
struct OutageTests {
    private func reader(on server: MariaDBServer, _ columns: String = "u.id, u.at", timeoutSeconds: Int = 60) throws
        -> SourceReader
    {
        let query = try AggregateQuery(sql: "SELECT \(columns) FROM d.users u WHERE :users", key: "u.id", kind: .integer)
        return try SourceReader(
            SourceSettings(
                connection: server.settings, query: query, keyField: "id", usersTable: "d.users",
                statementTimeoutSeconds: timeoutSeconds))
    }

    /// A server whose own time zone is not the session's, so that a session that is not pinned reads other bytes.
    private func server() throws -> MariaDBServer {
        var options = MariaDBServer.Options()
        options.extraArguments = ["--default-time-zone=+05:30"]
        let server = try MariaDBServer(options: options)
        let root = try Connection(server.rootSettings)
        for statement in [
            "CREATE DATABASE d", "CREATE TABLE d.users (id BIGINT PRIMARY KEY, at TIMESTAMP NULL)",
            "INSERT INTO d.users VALUES (1, '2026-11-22 15:13:59'), (2, NULL)", "GRANT ALL ON d.* TO \(MariaDBServer.user)",
        ] { try root.execute(statement) }
        return server
    }

    @Test("each call fails as one that may be repeated; after the server's return the next one succeeds, with its session pinned")
    func restart() throws {
        let server = try server()
        let reader = try reader(on: server)
        let row = #"{"id":1,"at":"2026-11-22T15:13:59Z"}"#
        #expect(text(try reader.rows(of: ids("1")).rows[UserID("1")]) == row)
        let before = try reader.rows(of: ids("1")).position

        server.stop()
        for _ in 0..<3 {
            let error = #expect(throws: MySQLError.self) { try reader.rows(of: ids("1")) }
            #expect(error?.isRetriable == true)
        }
        try server.restart()
        let found = try reader.rows(of: ids("1", "2"))
        #expect(text(found.rows[UserID("1")]) == row)
        #expect(found.rows.count == 2)
        let position = try #require(found.position)
        #expect(try position.hasReached(#require(before)))

        // The server came back before anyone asked: the first call meets the dead session, the second a new one.
        try server.restart()
        #expect(throws: MySQLError.self) { try reader.scanned() }
        #expect(try reader.scanned().count == 2)
        #expect(text(try reader.rows(of: ids("1")).rows[UserID("1")]) == row)
    }

    @Test("a session that an administrator ends in the middle of a scan fails that scan alone")
    func killed() throws {
        let server = try server()
        let root = try Connection(server.rootSettings)
        try root.execute("INSERT INTO d.users SELECT seq + 10, NULL FROM d.users u, d.seq_1_to_20000 WHERE u.id = 1")
        let reader = try reader(on: server, "u.id, u.at, REPEAT('x', 1000) AS filler")
        let error = #expect(throws: MySQLError.self) {
            var seen = 0
            _ = try reader.scan(after: nil, through: nil) { _, _ in
                seen += 1
                guard seen == 3 else { return }
                let sessions = try root.query(
                    "SELECT id FROM information_schema.processlist WHERE user = '\(MariaDBServer.user)'")
                for session in sessions.textRows { try root.execute("KILL \(session[0] ?? "")") }
            }
        }
        #expect(error?.isRetriable == true)
        #expect(try reader.rows(of: ids("1", "2")).rows.count == 2)
    }

    @Test("a statement that takes too long is ended by the server, may be repeated, and leaves the session as it was")
    func timeout() throws {
        let server = try server()
        let reader = try reader(on: server, "u.id, SLEEP(30) AS s", timeoutSeconds: 1)
        let error = #expect(throws: MySQLError.self) { try reader.rows(of: ids("1")) }
        #expect(error?.isRetriable == true)
        #expect(error?.isConnectionLost == false)
        #expect(try reader.boundary(after: nil, rows: 2) == UserID("2"))
        #expect(try reader.rows(of: ids("99")).rows.isEmpty)
    }

    @Test("nobody at the address is said at once, and names it")
    func absent() throws {
        let port = try FreePort.find()
        let query = try AggregateQuery(sql: "SELECT id FROM users WHERE :users", key: "id", kind: .integer)
        let error = #expect(throws: MySQLError.self) {
            try SourceReader(
                SourceSettings(connection: ConnectionSettings(port: port, user: "rollcall"), query: query, keyField: "id"))
        }
        #expect(error?.message.contains("127.0.0.1:\(port)") == true)
    }
}
