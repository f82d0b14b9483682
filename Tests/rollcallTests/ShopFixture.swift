import Foundation
import Kafka
import Sandbox

@testable import rollcall

/// A broker, a MariaDB with some users, a mapping service, and settings for them. The tests themselves say what the connector
/// would.
final class ShopFixture {
    let directory: TemporaryDirectory
    let stack: Stack

    /// - Parameter settings: More lines for the settings file.
    init(users: Int, settings: String = "") throws {
        directory = try TemporaryDirectory()
        var options = StackOptions(parts: [.broker, .database, .mapping])
        options.sampleUsers = users
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
              properties: {session.timeout.ms: "4000", heartbeat.interval.ms: "200", fetch.wait.max.ms: "50"}
            mapping: {url: "\(try stack.requireMapping().url)/{user_id}"}
            verify: {fence_timeout_seconds: 1, settle_timeout_seconds: 1}
            \(settings)
            """)
    }

    /// Publishes what the connector would say of these users, and a God tombstone that the ledger never hears of.
    func publish(_ users: [Int], deleted: Int? = nil, tombstoned: Int? = nil) throws {
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
}
