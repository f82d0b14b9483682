import Sandbox
import Testing

@testable import MySQL

@Suite("When the server refuses, falls silent or goes away")
struct FailureTests {
    @Test("a wrong password is final, and the message names user and address but no password")
    func wrongPassword() throws {
        let server = try MariaDBServer()
        var settings = server.settings
        settings.password = "s3cret-and-wrong"
        let error = try #require(throws: MySQLError.self) { try Connection(settings) }
        #expect(error.code == 1045)
        #expect(!error.isRetriable)
        #expect(error.message.contains("'rollcall'"))
        #expect(error.message.contains("127.0.0.1:\(server.port)"))
        #expect(!"\(error)".contains("s3cret"))
        #expect(!String(reflecting: settings).contains("s3cret"))
        var dumped = ""
        dump(settings, to: &dumped)
        #expect(!dumped.contains("s3cret"))
    }

    @Test("nobody at the address is a failure that passes, and is named")
    func nobodyListens() throws {
        let port = try FreePort.find()
        let error = try #require(throws: MySQLError.self) {
            try Connection(ConnectionSettings(port: port, user: "rollcall"))
        }
        #expect(error.isConnectionLost)
        #expect(error.message.contains("127.0.0.1:\(port)"))
        let socketError = try #require(throws: MySQLError.self) {
            try Connection(ConnectionSettings(socketPath: "/nonexistent/mysqld.sock", user: "rollcall"))
        }
        #expect(socketError.isConnectionLost)
        #expect(socketError.message.contains("/nonexistent/mysqld.sock"))
    }

    @Test("a server that takes the connection and never greets is given up")
    func neverGreets() throws {
        let server = try MariaDBServer()
        server.pause()
        defer { server.resume() }
        var settings = server.settings
        settings.connectTimeoutSeconds = 1
        settings.readTimeoutSeconds = 600
        let error = try #require(throws: MySQLError.self) { try Connection(settings) }
        #expect(error.isRetriable)
    }

    @Test("a server that stops answering is given up after the read timeout, and the session counts as lost")
    func stopsAnswering() throws {
        let server = try MariaDBServer()
        var settings = server.settings
        settings.readTimeoutSeconds = 1
        let connection = try Connection(settings)
        server.pause()
        let error = try #require(throws: MySQLError.self) { try connection.query("SELECT 1") }
        #expect(error.isConnectionLost)
        server.resume()
        try connection.reconnect()
        #expect(try connection.query("SELECT 1").rowCount == 1)
    }

    @Test("a server killed in the middle of a stream is a lost session; after its restart the new one is pinned again")
    func killedMidStream() throws {
        let server = try MariaDBServer()
        var settings = server.settings
        settings.database = MariaDBServer.ownDatabase
        let connection = try Connection(settings)
        var rows = 0
        let error = try #require(throws: MySQLError.self) {
            try connection.stream("SELECT REPEAT('x', 1000) FROM seq_1_to_100000") { _ in
                rows += 1
                if rows == 1 { server.kill() }
            }
        }
        #expect(error.isConnectionLost)
        #expect(rows < 100_000)
        #expect(throws: MySQLError.self) { try connection.reconnect() }
        try server.restart()
        try connection.reconnect()
        #expect(
            try connection.query("SELECT @@time_zone, @@sql_mode, @@character_set_client").textRows
                == [["+00:00", Connection.sqlMode, "utf8mb4"]])
    }

    @Test("what arrives in no form that the protocol knows means that the connection is lost: the next one may do better")
    func malformedPacket() {
        let error = MySQLError(
            code: 2027, sqlState: "HY000", reason: "Malformed packet",
            settings: ConnectionSettings(host: "127.0.0.1", port: 3306, user: "rollcall", password: ""))
        #expect(error.isConnectionLost)
        #expect(error.isRetriable)
    }
}
