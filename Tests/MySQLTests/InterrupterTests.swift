import Foundation
import MySQL
import Sandbox
import Testing

@Suite("An interrupter")
struct InterrupterTests {
    @Test("ends a statement that another thread waits for, and the connection can be opened again")
    func endsWait() throws {
        let database = try TestDatabase()
        let connection = try database.connect()
        let observer = try database.connect()
        let (interrupter, waiting) = (connection.interrupter, connection.sessionID)
        let thread = Thread {
            // The statement must be on its way, or there is nothing to interrupt.
            let count = "SELECT COUNT(*) FROM information_schema.processlist WHERE id = \(waiting) AND info LIKE '%SLEEP%'"
            guard let watch = try? database.connect() else { return }
            while (try? watch.query(count).text(0, 0)) == "0" { usleep(10_000) }
            interrupter.interrupt()
        }
        thread.start()
        let error = try #require(throws: MySQLError.self) { try connection.query("SELECT SLEEP(50)") }
        #expect(error.isConnectionLost)
        #expect(throws: MySQLError.self) { try connection.query("SELECT 1") }
        try connection.reconnect()
        #expect(try connection.query("SELECT 1").rowCount == 1)
        #expect(try observer.query("SELECT 1").rowCount == 1)
    }

    @Test("does nothing to a connection that is closed")
    func closed() throws {
        let connection = try TestDatabase().connect()
        connection.close()
        connection.interrupter.interrupt()
        #expect(connection.serverVersion.isEmpty)
    }
}
