import Kafka
import Testing

@testable import Pipeline

extension RealParts {
    @Suite("The fold by which these tests judge", .serialized)
    struct EveryoneArrivedTests {
        @Test("sees a row without an event, a God object that the ledger knows nothing of, one that is gone, and a stranger")
        func seesEachDifference() throws {
            let stack = try PipelineStack("fold")
            let users = 14_000..<14_004
            for user in users {
                try stack.stack.execute("REPLACE INTO users (user_id, email) VALUES (\(user), 'a@example.com')")
            }
            try stack.publish(users.map { stack.event("\($0)") })
            let runner = stack.runner()
            try runner.start()
            try stack.waitUntilDrained()
            runner.requestStop()
            try runner.wait()
            #expect(try stack.differences(of: users) == [])

            try stack.stack.execute("UPDATE users SET email = 'b@example.com' WHERE user_id = 14000")
            let god = stack.settings.topics.god
            try stack.publish([
                OutgoingRecord(topic: god, key: Array("14001".utf8), value: Array("{}".utf8)),
                OutgoingRecord(topic: god, key: Array("14002".utf8), value: nil),
                OutgoingRecord(topic: god, key: Array("14009".utf8), value: Array("{}".utf8)),
            ])
            let seen = try stack.differences(of: users)
            for user in ["14000", "14001", "14002", "14009"] { #expect(seen.contains { $0.hasPrefix(user) }, "\(user)") }
            #expect(!seen.contains { $0.hasPrefix("14003") })
        }
    }
}
