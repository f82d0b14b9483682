import Foundation
import MySQL
import Sandbox
import Testing

@Suite("A private MariaDB server")
struct MariaDBServerTests {
    @Test("keeps its data and its port over a restart and over a kill")
    func restart() throws {
        let server = try MariaDBServer()
        let port = server.port
        let root = try Connection(server.rootSettings)
        try root.execute("CREATE DATABASE app")
        try root.execute("CREATE TABLE app.users (id INT PRIMARY KEY)")
        try root.execute("INSERT INTO app.users VALUES (1)")
        try server.restart()
        try root.reconnect()
        try root.execute("INSERT INTO app.users VALUES (2)")
        server.kill()
        #expect(!server.isRunning)
        try server.restart()
        try root.reconnect()
        #expect(try root.query("SELECT id FROM app.users").textRows == [["1"], ["2"]])
        #expect(server.port == port)
        #expect(try Connection(server.settings).query("SELECT COUNT(*) FROM app.users").text(0, 0) == "2")
    }

    @Test("writes the binlog that change capture needs, and lets the pipeline's account read it")
    func binlog() throws {
        let server = try MariaDBServer()
        let connection = try Connection(server.settings)
        #expect(
            try connection.query("SELECT @@log_bin, @@binlog_format, @@binlog_row_image, @@server_id").textRows
                == [["1", "ROW", "FULL", "1"]])
        #expect(try connection.query("SHOW MASTER STATUS").text(0, 0)?.hasPrefix("binlog.") == true)
        try connection.execute("FLUSH TABLES WITH READ LOCK")
        try connection.execute("UNLOCK TABLES")
        try connection.execute("CREATE TABLE \(MariaDBServer.ownDatabase).fence (nonce BIGINT)")
        #expect { try connection.execute("CREATE DATABASE other") } throws: { ($0 as? MySQLError)?.code == 1044 }
    }

    @Test("leaves nothing behind")
    func leavesNothing() throws {
        var server: MariaDBServer? = try MariaDBServer()
        let directory = try #require(server?.directory)
        let pid = try #require(ProcessProbe.readID("\(directory)/mariadbd.pid"))
        #expect(ProcessProbe.isAlive(pid))
        server = nil
        #expect(!ProcessProbe.isAlive(pid))
        #expect(!FileManager.default.fileExists(atPath: directory))
    }

    @Test("starts in a directory whose path is too long for a socket, and uses the data that it finds there")
    func longPath() throws {
        let parent = try TemporaryDirectory()
        let directory = parent.file(String(repeating: "deep/", count: 20) + "data set")
        var server: MariaDBServer? = try MariaDBServer(directory: directory)
        if let settings = server?.rootSettings { try Connection(settings).execute("CREATE DATABASE kept") }
        server?.stop()
        server = nil
        let next = try MariaDBServer(directory: directory)
        #expect(try Connection(next.rootSettings).query("SHOW DATABASES LIKE 'kept'").rowCount == 1)
    }

    @Test("that cannot start says why in its own words")
    func cannotStart() throws {
        var options = MariaDBServer.Options()
        options.extraArguments = ["--no-such-option=1"]
        let directory = try TemporaryDirectory()
        let error = try #require(throws: SandboxError.self) { try MariaDBServer(directory: directory.path, options: options) }
        #expect(error.description.contains("no-such-option"))
    }
}
