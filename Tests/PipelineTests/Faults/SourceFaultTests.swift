import Domain
import MySQL
import Sandbox
import TestSupport
import Testing

@testable import Pipeline

/// What befalls MySQL, or the session in which a batch is being read.
enum SourceTrouble: String, CaseIterable {
    case killedInTheMiddleOfAQuery, connectionCut, lockWait, slowQuery, tableAltered
}

extension RealParts.SpoiledServers {
    @Suite("Whatever befalls MySQL, everyone arrives", .serialized)
    struct SourceFaultTests {
        @Test(arguments: SourceTrouble.allCases)
        func everyoneArrives(trouble: SourceTrouble) throws {
            let stack = try PipelineStack("source-\(trouble)", on: .spoiled)
            try stack.stack.execute(
                "CREATE OR REPLACE TABLE delay (seconds INT NOT NULL)", "INSERT INTO delay VALUES (0)")
            stack.settings.source.query = try delayedQuery
            stack.settings.source.connection.sessionStatements = ["SET SESSION lock_wait_timeout = 1"]
            if trouble == .slowQuery { stack.settings.source.statementTimeoutSeconds = 1 }
            let warnings = Warnings()
            let runner = stack.runner(warnings: warnings)
            try runner.start()
            let shop = try Shop(stack, users: 11_000..<11_020, seed: 11)
            try shop.change(30)
            try eventually("the first aggregates") { runner.counters[.aggregator].snapshot().recordsOut > 0 }

            try strike(trouble, stack, shop, warnings)
            let after = try Shop(stack, users: shop.users, seed: 12)
            try after.change(30)
            try stack.waitUntilDrained()
            #expect(runner.isRunning)
            runner.requestStop()
            try runner.wait()
            try stack.expectEveryoneArrived(shop.users)
            #expect(runner.counters.snapshot().values.allSatisfy { $0.parked == 0 })
            #expect(warnings.texts.contains { $0.hasPrefix("waiting for MySQL") }, "\(warnings.texts)")
        }

        /// The query of the stack, which takes as long as the table `delay` says.
        private var delayedQuery: AggregateQuery {
            get throws {
                try AggregateQuery(
                    sql: """
                        SELECT u.user_id, u.email, u.full_name, u.credit, p.dark_mode, p.locale
                        FROM users u LEFT JOIN preferences p ON p.user_id = u.user_id
                            LEFT JOIN delay d ON SLEEP(d.seconds) = 7 WHERE :users
                        """, key: "u.user_id", kind: .unsigned)
            }
        }

        /// Comes back when the pipeline has met the trouble and the trouble is over.
        private func strike(_ trouble: SourceTrouble, _ stack: PipelineStack, _ shop: Shop, _ warnings: Warnings) throws {
            let server = try stack.stack.requireDatabase()
            let isWaited = { warnings.texts.contains { $0.hasPrefix("waiting for MySQL") } }
            switch trouble {
            case .killedInTheMiddleOfAQuery:
                _ = try sessionInSlowQuery(stack, shop)
                server.kill()
                try eventually("the outage is said", isWaited)
                try server.restart()
            case .connectionCut:
                let session = try sessionInSlowQuery(stack, shop)
                try stack.stack.execute("KILL \(session)")
                try eventually("the cut is said", isWaited)
            case .slowQuery:
                _ = try sessionInSlowQuery(stack, shop)
                try eventually("the timeout is said") { warnings.texts.contains { $0.contains("error 1969") } }
            case .lockWait, .tableAltered:
                try shop.change(30)
                let root = try Connection(server.rootSettings)
                try root.execute("LOCK TABLES shop.users WRITE")
                try stack.publish([stack.event("\(shop.users.lowerBound)")])
                try eventually("the lock is said") { warnings.texts.contains { $0.contains("error 1205") } }
                if trouble == .tableAltered { try root.execute("ALTER TABLE shop.users ADD COLUMN IF NOT EXISTS extra INT") }
                try root.execute("UNLOCK TABLES")
            }
            try stack.stack.execute("UPDATE delay SET seconds = 0")
        }

        /// Lets the next batch's query take a minute, and returns the session that is running it.
        private func sessionInSlowQuery(_ stack: PipelineStack, _ shop: Shop) throws -> String {
            try stack.stack.execute("UPDATE delay SET seconds = 60")
            try shop.change(30)
            let root = try Connection(stack.stack.requireDatabase().rootSettings)
            var session: String?
            try eventually("a query is slow") {
                session = try root.query(
                    "SELECT id FROM information_schema.processlist WHERE user = '\(MariaDBServer.user)' AND state = 'User sleep'"
                ).textRows.first?[0]
                return session != nil
            }
            return try #require(session)
        }
    }
}
