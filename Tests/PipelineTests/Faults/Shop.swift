import Glibc
import Kafka
import MySQL
import Pipeline

/// Changes rows as a shop does, and publishes what the connector would say of it.
final class Shop {
    let users: Range<Int>
    /// How many change events were published.
    private(set) var published = 0
    private let stack: PipelineStack
    private var connection: Connection
    private var random: SeededRandom

    init(_ stack: PipelineStack, users: Range<Int>, seed: UInt64) throws {
        self.stack = stack
        self.users = users
        random = SeededRandom(seed: seed)
        connection = try Connection(stack.stack.writerSettings())
    }

    /// Makes that many changes of random users, some of them deletions, and then publishes their events.
    func change(_ count: Int) throws {
        try publish(try (0..<count).map { _ in try changeRow() })
    }

    /// Makes those changes one by one, each published before the next one is made: many batches of few events.
    func changeOneByOne(_ count: Int) throws {
        for _ in 0..<count { try publish([try changeRow()]) }
    }

    func publish(_ events: [OutgoingRecord]) throws {
        try stack.publish(events)
        published += events.count
    }

    /// Changes one row, and returns its event.
    func changeRow() throws -> OutgoingRecord {
        let user = users.randomElement(using: &random) ?? users.lowerBound
        let number = Int.random(in: 0..<1_000_000, using: &random)
        switch Int.random(in: 0..<10, using: &random) {
        case 0:
            try execute("DELETE FROM users WHERE user_id = \(user)")
            return stack.event("\(user)", operation: "d")
        case 1...3:
            try execute(
                "INSERT INTO preferences (user_id, dark_mode, locale) VALUES (\(user), \(number % 2), 'l\(number)') "
                    + "ON DUPLICATE KEY UPDATE dark_mode = VALUES(dark_mode), locale = VALUES(locale)")
            return stack.event("\(user)", topic: stack.preferences)
        default:
            try execute(
                "INSERT INTO users (user_id, email) VALUES (\(user), '\(number)@example.com') "
                    + "ON DUPLICATE KEY UPDATE email = VALUES(email)")
            return stack.event("\(user)")
        }
    }

    /// Customers try again when the server has gone away under them; what they do may be done twice.
    private func execute(_ statement: String) throws {
        var attemptsLeft = 60
        while true {
            do {
                _ = try connection.execute(statement)
                return
            } catch {
                attemptsLeft -= 1
                guard attemptsLeft > 0 else { throw error }
                usleep(500_000)
                if let next = try? Connection(stack.stack.writerSettings()) {
                    connection.close()
                    connection = next
                }
            }
        }
    }
}
