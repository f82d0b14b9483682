import MySQL
import Sandbox
import Testing

@Suite("A connection")
struct ConnectionTests {
    private let database: TestDatabase

    init() throws {
        database = try TestDatabase()
    }

    @Test("runs in UTC, utf8mb4 and a fixed sql_mode, whatever the settings' own statements say")
    func pinnedSession() throws {
        var settings = database.settings
        settings.sessionStatements = [
            "SET time_zone = '+05:00', sql_mode = 'ANSI_QUOTES'", "SET NAMES latin1", "SET SESSION group_concat_max_len = 4711",
        ]
        let connection = try Connection(settings)
        let pins = "SELECT @@time_zone, @@sql_mode, @@character_set_results, @@character_set_client, @@group_concat_max_len"
        let expected = [["+00:00", Connection.sqlMode, "utf8mb4", "utf8mb4", "4711"]]
        #expect(try connection.query(pins).textRows == expected)
        let first = connection.sessionID
        try connection.reconnect()
        #expect(connection.sessionID != first)
        #expect(try connection.query(pins).textRows == expected)
    }

    @Test("counts the rows that a statement changed")
    func affectedRows() throws {
        let connection = try database.connect()
        #expect(try connection.execute("CREATE TABLE t (a INT)") == 0)
        #expect(try connection.execute("INSERT INTO t VALUES (1), (2), (3)") == 3)
        #expect(try connection.execute("UPDATE t SET a = 9 WHERE a > 1") == 2)
        #expect(try connection.execute("SELECT * FROM t") == 0)
        #expect(try connection.query("DELETE FROM t").isEmpty)
    }

    @Test("refuses two statements in one call")
    func oneStatement() throws {
        let connection = try database.connect()
        #expect { try connection.query("SELECT 1; SELECT 2") } throws: { ($0 as? MySQLError)?.code == 1064 }
    }

    @Test("gives the first result of a procedure and stays usable")
    func procedure() throws {
        let connection = try database.connect()
        try connection.execute("CREATE PROCEDURE p() BEGIN SELECT 1; SELECT 2; END")
        #expect(try connection.query("CALL p()").textRows == [["1"]])
        #expect(try connection.execute("CALL p()") == 0)
        #expect(try connection.query("SELECT 3").textRows == [["3"]])
    }

    @Test("names the server and the statement's mistake, and lives on")
    func badStatement() throws {
        let connection = try database.connect()
        #expect {
            try connection.query("SELECT nonsense")
        } throws: { error in
            guard let error = error as? MySQLError else { return false }
            return error.code == 1054 && error.sqlState == "42S22" && error.message.contains(database.settings.address)
                && !error.isRetriable
        }
        #expect(try connection.query("SELECT 1").rowCount == 1)
    }

    @Test("throws after its close, which may be called twice")
    func closed() throws {
        let connection = try database.connect()
        connection.close()
        connection.close()
        #expect { try connection.query("SELECT 1") } throws: { ($0 as? MySQLError)?.isConnectionLost == true }
        try connection.reconnect()
        #expect(try connection.query("SELECT 1").rowCount == 1)
    }

    @Test("takes a lock wait timeout for a failure that passes")
    func lockWait() throws {
        let holder = try database.connect()
        let waiter = try database.connect()
        try holder.execute("CREATE TABLE t (a INT PRIMARY KEY)")
        try holder.execute("INSERT INTO t VALUES (1)")
        try holder.execute("START TRANSACTION")
        try holder.execute("UPDATE t SET a = 2")
        try waiter.execute("SET SESSION innodb_lock_wait_timeout = 1")
        #expect {
            try waiter.execute("UPDATE t SET a = 3")
        } throws: { error in
            guard let error = error as? MySQLError else { return false }
            return error.code == 1205 && error.isRetriable && !error.isConnectionLost
        }
    }

    @Test("that the server ended is lost, says so, and can be opened again")
    func killedSession() throws {
        let connection = try database.connect()
        try database.connect().execute("KILL \(connection.sessionID)")
        #expect {
            try connection.query("SELECT 1")
        } throws: { error in
            guard let error = error as? MySQLError else { return false }
            return error.isConnectionLost && error.isRetriable
        }
        try connection.reconnect()
        #expect(try connection.query("SELECT @@time_zone").textRows == [["+00:00"]])
    }

    @Test("describes the server and the client library")
    func versions() throws {
        let connection = try database.connect()
        let version = try #require(try connection.query("SELECT VERSION()").text(0, 0))
        #expect(connection.serverVersion == version)
        #expect(connection.isMariaDB == version.contains("MariaDB"))
        #expect(Connection.libraryVersion.contains("3."))
    }
}
