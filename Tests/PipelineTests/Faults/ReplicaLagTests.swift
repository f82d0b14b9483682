import Domain
import MySQL
import Sandbox
import Source
import TestSupport
import Testing

@testable import Pipeline

extension RealParts {
    @Suite("Rows read from a replica", .serialized)
    struct ReplicaLagTests {
        @Test("that lags are waited for: the old row is never written for a newer event")
        func lagging() throws {
            let stack = try PipelineStack("replica")
            let primary = try stack.stack.requireDatabase()
            let status = try Connection(primary.rootSettings).query("SHOW MASTER STATUS")
            try stack.stack.execute("REPLACE INTO users (user_id, email) VALUES (16000, 'old@example.com')")
            let replica = try startReplica(of: primary, from: status)
            let root = try Connection(replica.rootSettings)
            var connection = replica.settings
            connection.database = "shop"
            stack.settings.source.connection = connection

            let ahead = try SourceReader(
                SourceSettings(
                    connection: primary.rootSettings, query: stack.settings.source.query, keyField: "user_id"))
            defer { ahead.close() }
            let warnings = Warnings()
            let runner = stack.runner(warnings: warnings)
            try runner.start()
            try stack.publish([stack.event("16000", at: ahead.binlogEnd())])
            try eventually("the first aggregate; \(warnings.texts)") { try !stack.live(stack.settings.topics.god).isEmpty }

            try root.execute("STOP SLAVE SQL_THREAD")
            let start = try ahead.binlogEnd()
            try stack.stack.execute("UPDATE users SET email = 'new@example.com' WHERE user_id = 16000")
            // An event's position is its start; the row's own event lies behind those that open the transaction.
            try stack.publish([stack.event("16000", at: start.flatMap { after($0) })])
            try eventually("the lag is said") { warnings.texts.contains { $0.hasPrefix("waiting for a snapshot of MySQL") } }
            #expect(try stack.all(stack.settings.topics.aggregate).count == 1)
            try root.execute("START SLAVE SQL_THREAD")
            try stack.waitUntilDrained()
            runner.requestStop()
            try runner.wait()
            let values = try stack.all(stack.settings.topics.aggregate).map { $0.value.text ?? "" }
            #expect(values.count == 2)
            #expect(values.first?.contains("old@example.com") == true)
            #expect(values.last?.contains("new@example.com") == true)
            try stack.expectEveryoneArrived([16_000])
        }

        private func after(_ position: SourcePosition) -> SourcePosition? {
            position.place.map {
                SourcePosition(server: $0.server, logName: $0.logName, logNumber: $0.logNumber, offset: $0.offset + 1)
            }
        }

        /// A second server with the users of the first one, which follows it from that place on.
        private func startReplica(of primary: MariaDBServer, from status: ResultSet) throws -> MariaDBServer {
            var options = MariaDBServer.Options()
            options.serverID = 2
            let replica = try MariaDBServer(options: options)
            let (source, target) = (try Connection(primary.rootSettings), try Connection(replica.rootSettings))
            try target.execute("CREATE DATABASE shop")
            for table in ["users", "preferences"] {
                let definition = try source.query("SHOW CREATE TABLE shop.\(table)").text(0, 1)
                try target.execute("USE shop")
                try target.execute(try #require(definition))
            }
            try target.execute("SET GLOBAL slave_exec_mode = 'IDEMPOTENT'")
            // Other tests make tables of their own on the primary, which the replica need not know.
            try target.execute("SET GLOBAL replicate_do_table = 'shop.users,shop.preferences'")
            try target.execute(
                """
                CHANGE MASTER TO MASTER_HOST = '127.0.0.1', MASTER_PORT = \(primary.port), MASTER_USER = '\(MariaDBServer.user)',
                    MASTER_PASSWORD = '\(MariaDBServer.password)', MASTER_LOG_FILE = '\(try #require(status.text(0, "File")))',
                    MASTER_LOG_POS = \(try #require(status.text(0, "Position")))
                """)
            try target.execute("START SLAVE")
            return replica
        }
    }
}
