import Domain
import Foundation
import Kafka
import MySQL
import Sandbox
import Synchronization
import TestSupport
import Testing

@testable import Pipeline

extension RealParts {
    /// From MariaDB through the real Debezium connector.
    @Suite("Behind the real connector", .serialized)
    struct ConnectedTests {
        /// One connector for all of these tests, because it starts slowly. `preferences` gets a key that says nothing of the user.
        private static let shared = Result {
            var options = StackOptions()
            options.partitions = 3
            options.connectorProperties = ["skipped.operations": "none"]
            options.preparation = [
                "ALTER TABLE preferences DROP PRIMARY KEY, ADD COLUMN id BIGINT NOT NULL AUTO_INCREMENT PRIMARY KEY FIRST, ADD UNIQUE KEY (user_id)",
                "INSERT INTO users (user_id, email) SELECT seq, CONCAT(seq, '@example.com') FROM seq_1_to_60",
                "INSERT INTO preferences (user_id, locale) SELECT seq, 'de' FROM seq_1_to_30",
            ]
            return try Stack(options)
        }

        private let stack: PipelineStack
        private let warnings = Warnings()

        init() throws {
            stack = try PipelineStack(connectedTo: Self.shared.get())
        }

        /// Everyone in the database, and everyone whom a topic knows.
        private func everyone() throws -> Set<Int> {
            let connection = try Connection(stack.stack.writerSettings())
            let rows = try connection.query("SELECT user_id FROM users").textRows.compactMap { $0[0].flatMap { Int($0) } }
            let keys = try stack.live(stack.settings.topics.aggregate).keys.compactMap { Int($0) }
            return Set(rows + keys)
        }

        private func waitForEveryone(ledgers: [String]? = nil) throws {
            var differences: [String] = []
            try eventually("everyone arrives: \(differences.prefix(5)), \(warnings.texts)") {
                differences = try stack.differences(of: everyone(), ledgers: ledgers)
                return differences.isEmpty
            }
        }

        private func whileStreaming(_ body: (StreamRunner) throws -> Void) throws {
            let runner = stack.runner(warnings: warnings)
            try runner.start()
            defer { runner.requestStop() }
            try waitForEveryone()
            try body(runner)
            runner.requestStop()
            try runner.wait()
        }

        /// The values that a user's aggregate had, in order.
        private func aggregates(of user: String) throws -> [String?] {
            try stack.all(stack.settings.topics.aggregate).filter { $0.key.text == user }.map(\.value.text)
        }

        /// MariaDB writes a transaction to the binary log and sends it to replicas before it commits it; here it then waits for
        /// the receipt of a replica that does not exist, until it is told not to.
        @Test("an event that comes before its row is visible waits for the row, and the old row is never written after it")
        func eventBeforeRow() throws {
            try whileStreaming { runner in
                let root = try Connection(stack.stack.requireDatabase().rootSettings)
                for statement in [
                    "SET GLOBAL rpl_semi_sync_master_timeout = 120000",
                    "SET GLOBAL rpl_semi_sync_master_wait_point = 'AFTER_SYNC'",
                    "SET GLOBAL rpl_semi_sync_master_enabled = 1",
                ] { try root.execute(statement) }
                defer { _ = try? root.execute("SET GLOBAL rpl_semi_sync_master_enabled = 0") }
                let before = try aggregates(of: "51")
                let isCommitted = Mutex(false)
                let settings = try stack.stack.writerSettings()
                Thread.detachNewThread {
                    let connection = try? Connection(settings)
                    _ = try? connection?.execute("UPDATE users SET email = 'new@example.com' WHERE user_id = 51")
                    isCommitted.withLock { $0 = true }
                }
                let rereads = runner.counters[.aggregator].snapshot().rereads
                try eventually("the event is there, and the row is not") {
                    runner.counters[.aggregator].snapshot().rereads >= rereads + 5
                }
                #expect(!isCommitted.withLock { $0 })
                #expect(try aggregates(of: "51") == before)
                let reader = try Connection(settings)
                #expect(try reader.query("SELECT email FROM users WHERE user_id = 51").text(0, 0) == "51@example.com")

                try root.execute("SET GLOBAL rpl_semi_sync_master_enabled = 0")
                try eventually("the row is committed") { isCommitted.withLock { $0 } }
                try waitForEveryone()
                let after = try aggregates(of: "51").dropFirst(before.count)
                #expect(!after.isEmpty && after.allSatisfy { $0?.contains("new@example.com") == true }, "\(after)")
            }
        }

        @Test("a row that changes its user, its key or both, or that goes and comes again, brings along everyone it concerns")
        func movingKeys() throws {
            try whileStreaming { _ in
                // The row's own key stays, and its user changes: before and after name one each.
                try stack.stack.execute("UPDATE preferences SET user_id = 41 WHERE user_id = 11")
                // The key is the user: Debezium makes two events of it, tied together by their headers.
                try stack.stack.execute("UPDATE users SET user_id = 1012 WHERE user_id = 12")
                try stack.stack.execute("UPDATE users SET user_id = 13013 WHERE user_id = 13")
                try stack.stack.execute("UPDATE preferences SET user_id = 13013 WHERE user_id = 13")
                // Gone and back, in one transaction and in two.
                try stack.stack.execute(
                    "BEGIN", "DELETE FROM users WHERE user_id = 14",
                    "INSERT INTO users (user_id, email) VALUES (14, 'b14@example.com')",
                    "COMMIT")
                try stack.stack.execute("DELETE FROM users WHERE user_id = 15")
                try waitForEveryone()
                try stack.stack.execute("INSERT INTO users (user_id, email) VALUES (15, 'b15@example.com')")
                try waitForEveryone()

                let aggregates = try stack.live(stack.settings.topics.aggregate)
                for user in ["12", "13"] { #expect(aggregates[user] != nil && aggregates[user]?.value == nil, "a tombstone") }
                #expect(aggregates["41"]?.value.text?.contains(#""locale":"de""#) == true)
                #expect(aggregates["11"]?.value.text?.contains(#""locale":null"#) == true)
                #expect(aggregates["13013"]?.value.text?.contains(#""locale":"de""#) == true)
                let events = try stack.all(stack.users)
                #expect(events.contains { $0.header("__debezium.newkey") != nil })
                #expect(events.contains { $0.header("__debezium.oldkey") != nil })
            }
        }

        @Test("a rebalance under load loses and reorders nothing, and the roll is called over both processes' ledgers")
        func scaleOut() throws {
            stack.settings.intake.workers = 2
            stack.settings.aggregator.workers = 2
            stack.settings.enricher.workers = 2
            let settingsFile = try stack.writeSettingsFile("second", workers: 2)
            let ledgers = [stack.settings.ledgerPath, stack.ledgerPath("second")]
            let runner = stack.runner(warnings: warnings)
            try runner.start()
            defer { runner.requestStop() }
            let load = try Load(stack)
            load.start()
            for end in [SIGTERM, SIGKILL] {
                let second = try stack.start(["stream", "--config", settingsFile], log: "second")
                try eventually("the second process has a share; \(second.logTail())") {
                    try #require(second.isRunning, "\(second.logTail())")
                    return try stack.productionCount(ledgers[1]) >= (end == SIGTERM ? 5 : 10)
                }
                second.send(signal: end)
                try #require(second.waitForExit(timeoutMs: 30_000) != nil)
            }
            #expect(load.stop() == nil)
            try waitForEveryone(ledgers: ledgers)
            runner.requestStop()
            try runner.wait()
            #expect(try stack.productionCount(ledgers[0]) > 0)

            let verify = try stack.run(["verify", "--config", settingsFile] + ledgers.flatMap { ["--ledger", $0] })
            #expect(verify.status == 0, "\(verify.output)")
        }

        @Test("TRUNCATE names nobody: the log names the table, verify finds its users, and repair ends them")
        func truncate() throws {
            let settingsFile = try stack.writeSettingsFile("truncate")
            let ledgers = [stack.settings.ledgerPath, stack.ledgerPath("second")].filter(FileManager.default.fileExists)
            let options = ["--config", settingsFile] + ledgers.flatMap { ["--set", "ledger.path=\($0)"] }.prefix(2)
            let runner = stack.runner(warnings: warnings)
            try runner.start()
            defer { runner.requestStop() }
            try waitForEveryone(ledgers: ledgers)
            try stack.stack.execute("TRUNCATE TABLE users", "INSERT INTO users (user_id, email) VALUES (1, 'back@example.com')")
            try eventually("the table is named; \(warnings.texts)") {
                warnings.texts.contains { $0.contains("table `users`") && $0.contains("TRUNCATE") }
            }
            try eventually("the user after it arrives") {
                try stack.live(stack.settings.topics.god)["1"]?.value.text?.contains("back@example.com") == true
            }
            let extra = try stack.live(stack.settings.topics.aggregate).count { $0.key != "1" && $0.value.value != nil }
            #expect(extra > 50)
            let verify = try stack.run(
                ["verify", "--parked", stack.settings.parkedPath] + options + ledgers.flatMap { ["--ledger", $0] })
            #expect(verify.status == 1, "\(verify.output)")
            #expect(verify.output.contains("table `users` was emptied by TRUNCATE"), "\(verify.output)")
            #expect(verify.output.contains("\(extra) extra"), "\(verify.output)")
            let repair = try stack.run(["repair", "--run", "latest"] + options)
            #expect(repair.status == 0, "\(repair.output)")
            try waitForEveryone(ledgers: ledgers)
            runner.requestStop()
            try runner.wait()
        }
    }
}

/// A writer on a thread of its own, until it is stopped.
private final class Load: Sendable {
    private let settings: ConnectionSettings
    private let state = Mutex((isStopped: false, failure: String?.none))
    private let ended = DispatchSemaphore(value: 0)

    init(_ stack: PipelineStack) throws {
        settings = try stack.stack.writerSettings()
    }

    func start() {
        Thread.detachNewThread { [self] in
            defer { ended.signal() }
            do {
                let connection = try Connection(settings)
                var number = 0
                while !state.withLock({ $0.isStopped }) {
                    number += 1
                    let user = 20 + number * 7 % 40
                    try connection.execute("UPDATE users SET full_name = 'n\(number)' WHERE user_id = \(user)")
                    try connection.execute("UPDATE preferences SET locale = 'l\(number)' WHERE user_id = \(user)")
                    // A shop that writes some hundred times a second; more would only show how fast this machine is.
                    Thread.sleep(forTimeInterval: 0.005)
                }
            } catch {
                state.withLock { $0.failure = "\(error)" }
            }
        }
    }

    /// - Returns: What went wrong, if anything did.
    func stop() -> String? {
        state.withLock { $0.isStopped = true }
        ended.wait()
        return state.withLock { $0.failure }
    }
}
