import Foundation
import Kafka
import MySQL
import Sandbox
import Testing

@Suite("The real Debezium connector in the sandbox", .serialized)
struct DebeziumConnectorTests {
    @Test("delivers snapshot, changes and source offsets as Kafka Connect does, and loses nothing by kill -9")
    func eventsAndOffsets() throws {
        var options = StackOptions(parts: [.connector])
        options.partitions = 3
        options.sampleUsers = 5
        let stack = try Stack(options)
        let bootstrap = try stack.requireBroker().bootstrap
        let users = try TopicReader(stack.topics.users, bootstrap: bootstrap)
        let offsets = try TopicReader(stack.topics.offsets, bootstrap: bootstrap)

        try users.readUntil("the snapshot arrives") { $0.count >= 5 }
        #expect(users.records.allSatisfy { $0.json["op"] as? String == "r" })
        #expect(Set(users.records.compactMap(\.key)) == Set((1...5).map { Array(#"{"user_id":\#($0)}"#.utf8) }))

        try checkChanges(stack, users)
        try checkFence(stack, offsets)
        try checkKill(stack, users)
        try checkFailedDelivery(stack, users)
    }

    /// Insert, update, delete and a change of the primary key.
    private func checkChanges(_ stack: Stack, _ users: TopicReader) throws {
        try stack.execute(
            "INSERT INTO users (user_id, email) VALUES (10, 'zoë😀@example.com')",
            "UPDATE users SET status = 'suspended' WHERE user_id = 10",
            "UPDATE users SET user_id = 11 WHERE user_id = 10",
            "DELETE FROM users WHERE user_id = 11")
        let (old, new) = (#"{"user_id":10}"#, #"{"user_id":11}"#)
        try users.readUntil("the changes arrive") { _ in
            users.records(ofKey: old).count >= 4 && users.records(ofKey: new).count >= 3
        }
        let before = users.records(ofKey: old)
        #expect(before.map { $0.json["op"] as? String } == ["c", "u", "d", nil])
        #expect((before[0].json["after"] as? [String: Any])?["email"] as? String == "zoë😀@example.com")
        #expect((before[1].json["before"] as? [String: Any])?["status"] as? String == "active")
        #expect((before[1].json["source"] as? [String: Any])?["file"] is String)
        #expect(before[2].headerText("__debezium.newkey") == new)
        #expect(before[3].value == nil)
        let after = users.records(ofKey: new)
        #expect(after.map { $0.json["op"] as? String } == ["c", "d", nil])
        #expect(after[0].headerText("__debezium.oldkey") == old)
    }

    /// The committed source offset passes the binlog's end as it was before a nonce was written, and stays below its end after.
    private func checkFence(_ stack: Stack, _ offsets: TopicReader) throws {
        var settings = try stack.connectionSettings()
        settings.database = nil
        let connection = try Connection(settings)
        defer { connection.close() }
        let status = try connection.query("SHOW MASTER STATUS")
        let (file, end) = (try #require(status.text(0, "File")), try #require(status.text(0, "Position").flatMap { Int($0) }))
        try connection.execute("REPLACE INTO shop.rollcall_fence (id, nonce) VALUES (1, 'n-1')")

        try offsets.readUntil("the source offset passes the fence") { records in
            records.contains { $0.json["file"] as? String == file && ($0.json["pos"] as? Int ?? 0) >= end }
        }
        let last = try #require(offsets.records.last)
        #expect(last.key.map { String(decoding: $0, as: UTF8.self) } == #"["shop",{"server":"shop"}]"#)
        #expect(last.json["snapshot"] == nil)
    }

    /// A large transaction is written, and the connector is killed in the middle of it, again and again.
    private func checkKill(_ stack: Stack, _ users: TopicReader) throws {
        let connector = try stack.requireConnector()
        try stack.execute(
            "INSERT INTO users (user_id, email) SELECT 1000 + seq, CONCAT(seq, '@example.com') FROM seq_1_to_20000")
        let inserted = { (records: [Record]) in records.count { ($0.json["op"] as? String) == "c" } }
        try users.readUntil("the transaction is on its way") { inserted($0) >= 100 }
        connector.kill()
        #expect(!connector.isRunning)
        try connector.restart()
        try users.readUntil("the rest arrives") { records in
            Set(records.lazy.compactMap(\.key)).count >= 5 + 2 + 20_000
        }
    }

    /// An event that the broker refuses ends the connector, which delivers it again once it is started again.
    private func checkFailedDelivery(_ stack: Stack, _ users: TopicReader) throws {
        let (broker, connector) = (try stack.requireBroker(), try stack.requireConnector())
        try broker.push([.topicAuthorizationFailed], for: .produce)
        try stack.execute("INSERT INTO users (user_id, email) VALUES (500, 'refused@example.com')")
        let deadline = ContinuousClock.now + .seconds(120)
        while connector.isRunning {
            try #require(ContinuousClock.now < deadline, "the connector ends")
            Thread.sleep(forTimeInterval: 0.02)
        }
        #expect(connector.logTail(lines: 3).contains { $0.contains("debezium bridge: delivery to ") })
        try broker.clearFaults(for: .produce)
        try connector.restart()
        try users.readUntil("the refused event arrives") { _ in !users.records(ofKey: #"{"user_id":500}"#).isEmpty }
    }
}
