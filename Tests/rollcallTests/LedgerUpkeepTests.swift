import Domain
import Foundation
import Kafka
import Ledger
import Sandbox
import Testing

@testable import rollcall

@Suite("rollcall ledger prune and rebuild, against a real pipeline", .timeLimit(.minutes(4)))
struct LedgerUpkeepTests {
    private let directory: TemporaryDirectory
    private let stack: Stack
    private var ledger: String { directory.path + "/ledger.sqlite" }

    init() throws {
        directory = try TemporaryDirectory()
        var options = StackOptions(parts: [.broker, .database, .mapping])
        options.sampleUsers = 30
        stack = try Stack(options)
        let connection = try stack.connectionSettings()
        try directory.write("password", connection.password)
        try directory.write(
            "rollcall.yaml",
            """
            source:
              mysql: {host: "\(connection.host)", port: \(connection.port), user: \(connection.user), password_file: password, database: shop}
              query: SELECT u.user_id, u.email FROM users u WHERE :users
              key: u.user_id
              users_table: users
            user_id: {type: unsigned}
            changes:
              - {topic: \(stack.topics.users), user_id: user_id}
            kafka:
              bootstrap: \(try stack.requireBroker().bootstrap)
              properties: {session.timeout.ms: "3000", heartbeat.interval.ms: "200", fetch.wait.max.ms: "50"}
            mapping: {url: "\(try stack.requireMapping().url)/{user_id}"}
            verify: {fence_timeout_seconds: 1, settle_timeout_seconds: 1}
            """)
    }

    /// Publishes what the connector would say of these users, and a God tombstone that the ledger never hears of.
    private func publish(_ users: [Int], deleted: Int? = nil, tombstoned: Int? = nil) throws {
        let producer = try Producer(properties: ["bootstrap.servers": try stack.requireBroker().bootstrap])
        defer { producer.close() }
        for user in users {
            let row = #"{"user_id":\#(user)}"#
            let (before, after, operation) = user == deleted ? (row, "null", "d") : ("null", row, "c")
            let event =
                #"{"before":\#(before),"after":\#(after),"source":{"snapshot":"false","server_id":0,"file":"binlog.000001","pos":4},"op":"\#(operation)"}"#
            _ = try producer.send(OutgoingRecord(topic: stack.topics.users, key: Array(row.utf8), value: Array(event.utf8)))
        }
        if let tombstoned {
            _ = try producer.send(OutgoingRecord(topic: stack.topics.god, key: Array("\(tombstoned)".utf8), value: nil))
        }
        for delivery in try producer.flush(timeoutMs: 30_000) { _ = try delivery.result.get() }
    }

    private func newest() throws -> NewestProductions {
        var newest = NewestProductions()
        try LedgerReader(path: ledger).fold { newest.add(copy $0) }
        return newest
    }

    /// What `verify` says: its exit code, and the counts of each stage.
    private func verdict() throws -> [JSONValue?] {
        let result = try Binary.run(["verify", "--json"], in: directory.path)
        let report = try JSONValue(parsing: Array(result.output.utf8))
        return [.number(result.status), report["verdict"], report["counts"], report["causes"]]
    }

    /// Runs a pipeline until the ledger lists a production that the condition asks for.
    private func stream(until condition: (NewestProductions) -> Bool) throws {
        let process = try Binary.start(["stream"], in: directory.path)
        defer {
            kill(process.processIdentifier, SIGTERM)
            process.waitUntilExit()
        }
        for _ in 0..<1_200 {
            if FileManager.default.fileExists(atPath: ledger), let newest = try? newest(), condition(newest) { return }
            Thread.sleep(forTimeInterval: 0.1)
        }
        Issue.record("the pipeline did not get there")
    }

    @Test("A ledger that was pruned, and one that was lost and rebuilt from the God topic, give the same verdict")
    func sameVerdict() throws {
        try publish(Array(1...30))
        try stream { $0.userCount == 30 }
        try stack.execute(
            "UPDATE shop.users SET email = 'new@example.com' WHERE user_id <= 5", "DELETE FROM shop.users WHERE user_id = 6")
        try publish(Array(1...6), deleted: 6)
        try stream { newest in !(newest[UserID("6")].last?.isLive ?? true) && newest[UserID("5")].last?.god.offset ?? 0 > 0 }
        try publish([], tombstoned: 7)
        let lost = try newest()
        let before = try verdict()
        #expect(before[1] == "differences")

        let pruned = try Binary.run(["ledger", "prune", "--json"], in: directory.path)
        #expect(pruned.status == 0, "\(pruned.errors)")
        #expect(try JSONValue(parsing: Array(pruned.output.utf8))["kept"] == 30)
        #expect(try verdict() == before)

        let refused = try Binary.run(["ledger", "rebuild"], in: directory.path)
        #expect(refused.status == 2)
        #expect(refused.errors.contains("--force"))
        for suffix in ["", "-wal", "-shm"] { try? FileManager.default.removeItem(atPath: ledger + suffix) }
        let rebuilt = try Binary.run(["ledger", "rebuild", "--json"], in: directory.path)
        #expect(rebuilt.status == 0, "\(rebuilt.errors)")
        #expect(try verdict() == before)
        let restored = try newest()
        for user in (1...30).map({ UserID("\($0)") }) {
            let production = try #require(lost[user].last)
            #expect(restored[user].count == 1)
            #expect(restored[user].last?.agrees(with: production) == true, "\(user)")
        }
        let again = try Binary.run(["ledger", "rebuild", "--force", "--json"], in: directory.path)
        #expect(try JSONValue(parsing: Array(again.output.utf8))["replaced"]?.text?.hasSuffix("ledger.sqlite.replaced") == true)
    }

    @Test("A ledger is not made of a topic that is not there, and none is pruned that is not there")
    func nothingThere() throws {
        let rebuilt = try Binary.run(["ledger", "rebuild", "--set", "kafka.topics.god=absent"], in: directory.path)
        #expect(rebuilt.status == 2)
        #expect(rebuilt.errors.contains("topic absent does not exist"))
        #expect(try Binary.run(["ledger", "prune"], in: directory.path).status == 2)
        #expect(!FileManager.default.fileExists(atPath: ledger))
    }
}
