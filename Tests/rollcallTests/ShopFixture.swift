import Foundation
import Kafka
import Sandbox

@testable import rollcall

/// A MariaDB with some users, a mapping service, a broker or the one that `ROLLCALL_TEST_KAFKA` names, and settings for them. The
/// tests themselves say what the connector would.
final class ShopFixture {
    let directory: TemporaryDirectory
    let stack: Stack

    /// - Parameters:
    ///   - settings: More lines for the settings file.
    ///   - hasConnector: Whether the settings name a connector, whose offsets the test writes.
    init(users: Int, settings: String = "", hasConnector: Bool = false) throws {
        directory = try TemporaryDirectory()
        var options = StackOptions(parts: [.broker, .database, .mapping])
        options.sampleUsers = users
        options.kafka = .named
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
              bootstrap: \(try stack.requireBootstrap())
              properties: {\(stack.consumerProperties.map { "\($0.key): \"\($0.value)\"" }.joined(separator: ", "))}
              topics: {signals: \(stack.topics.signals), aggregate: \(stack.topics.aggregate), god: \(stack.topics.god), control: \(stack.topics.control)}
              groups: {intake: \(stack.tag)rollcall.intake, aggregate: \(stack.tag)rollcall.aggregate, enrich: \(stack.tag)rollcall.enrich}
            mapping: {url: "\(try stack.requireMapping().url)/{user_id}"}
            verify: {fence_timeout_seconds: 1, settle_timeout_seconds: 1}
            \(hasConnector ? connector : "")
            \(settings)
            """)
    }

    private var connector: String {
        "connector: {name: \(stack.connectorName), server: \(stack.connectorServer), offsets_topic: \(stack.topics.offsets)}"
    }

    /// Publishes what the connector would say of these users, and a God tombstone that the ledger never hears of.
    func publish(_ users: [Int], deleted: Int? = nil, tombstoned: Int? = nil) throws {
        let producer = try Producer(properties: ["bootstrap.servers": try stack.requireBootstrap()])
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
}
