import Domain
import Kafka
import Sandbox

/// Breaks things as they break in life, and says of each user what a reader of the report should be told.
struct DemoSabotage {
    private static let inserted = UInt64(9_000_001)...9_000_005
    private static let updated = UInt64(1)...5
    private static let deleted = UInt64(6)...10
    private static let tombstoned = UInt64(11)...14

    /// What the report has to say, and of whom.
    static var planted: DemoAct.Users {
        [
            "aggregate/missing/no_change_event_seen": ids(inserted),
            "aggregate/stale/no_change_event_seen": ids(updated),
            "aggregate/extra/no_change_event_seen": ids(deleted),
            "god/missing/produced_then_absent": ids(tombstoned),
        ]
    }

    private static func ids(_ range: ClosedRange<UInt64>) -> Set<UserID> { Set(range.map { UserID("\($0)") }) }

    /// A maintenance script that forgot the binary log, and someone who cleans up a topic by hand.
    static func commit(on stack: Stack) throws {
        let values = inserted.map { "(\($0), 'lost\($0)@example.com')" }.joined(separator: ", ")
        try stack.execute(
            "SET SESSION sql_log_bin = 0",
            "INSERT INTO users (user_id, email) VALUES \(values)",
            "UPDATE users SET email = CONCAT('edited-', email) WHERE user_id BETWEEN \(updated.lowerBound) AND \(updated.upperBound)",
            "DELETE FROM preferences WHERE user_id BETWEEN \(deleted.lowerBound) AND \(deleted.upperBound)",
            "DELETE FROM users WHERE user_id BETWEEN \(deleted.lowerBound) AND \(deleted.upperBound)")
        let producer = try Producer(properties: ["bootstrap.servers": stack.requireBroker().bootstrap])
        defer { producer.close() }
        for user in ids(tombstoned) {
            _ = try producer.send(OutgoingRecord(topic: stack.topics.god, key: user.keyBytes, value: nil))
        }
        for delivery in try producer.flush(timeoutMs: 10_000) { _ = try delivery.result.get() }
    }
}
