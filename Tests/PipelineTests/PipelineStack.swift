import Domain
import Foundation
import Kafka
import Ledger
import Sandbox
import Source
import Testing

@testable import Pipeline

/// A broker, a MariaDB and a mapping service, with topics and files of one test's own.
final class PipelineStack {
    /// One set of servers for all tests of the target: they are slow to start, and each test has its own topics and users.
    private static let shared = Result { try Stack(StackOptions(parts: [.broker, .database, .mapping])) }

    let stack: Stack
    let prefix: String
    let directory: URL
    let users: String
    let preferences: String
    var settings: PipelineSettings
    var mapping: MappingSettings
    let bootstrap: String
    private let producer: Producer

    /// - Parameter ownBroker: A broker of the test's own, which it may treat as it likes; otherwise the shared one.
    init(_ prefix: String, partitions: Int = 3, ownBroker: MockBroker? = nil) throws {
        let stack = try Self.shared.get()
        self.stack = stack
        self.prefix = prefix
        users = "\(prefix).shop.users"
        preferences = "\(prefix).shop.preferences"
        directory = FileManager.default.temporaryDirectory.appending(path: "rollcall-pipeline-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: directory, withIntermediateDirectories: true)

        bootstrap = try ownBroker?.bootstrap ?? stack.requireBroker().bootstrap
        let decoder = ChangeEventDecoder(userField: "user_id", kind: .unsigned)
        var topics = PipelineSettings.TopicNames(change: [users: decoder, preferences: decoder])
        topics.signals = "\(prefix).signals"
        topics.aggregate = "\(prefix).aggregate"
        topics.god = "\(prefix).god"
        topics.control = "\(prefix).control"
        for topic in [users, preferences, topics.signals, topics.aggregate, topics.god, topics.control] {
            if let ownBroker {
                try ownBroker.createTopic(topic, partitions: partitions)
            } else {
                try stack.requireBroker().createTopic(SandboxTopic(topic, partitions: partitions))
            }
        }

        let query = try AggregateQuery(
            sql: """
                SELECT u.user_id, u.email, u.full_name, u.credit, p.dark_mode, p.locale
                FROM users u LEFT JOIN preferences p ON p.user_id = u.user_id WHERE :users
                """, key: "u.user_id", kind: .unsigned)
        var kafka = MockBroker.recommendedConsumerProperties
        kafka["bootstrap.servers"] = bootstrap
        settings = PipelineSettings(
            kafka: kafka, topics: topics,
            source: SourceSettings(connection: try stack.connectionSettings(), query: query, keyField: "user_id"))
        settings.groups.intake = "\(prefix).intake"
        settings.groups.aggregator = "\(prefix).aggregator"
        settings.groups.enricher = "\(prefix).enricher"
        settings.ledgerPath = directory.appending(path: "ledger.sqlite").path
        settings.parkedPath = directory.appending(path: "parked.sqlite").path
        // Whatever a test before this one has left behind when it failed.
        try stack.requireMapping().clearFaults()
        mapping = MappingSettings(url: try MappingURL("\(stack.requireMapping().url)/{user_id}"))
        producer = try Producer(properties: ["bootstrap.servers": bootstrap])
    }

    deinit {
        producer.close()
        try? FileManager.default.removeItem(at: directory)
    }

    /// Publishes records as the connector would.
    func publish(_ records: [OutgoingRecord]) throws {
        for record in records { _ = try producer.send(record) }
        for delivery in try producer.flush(timeoutMs: 30_000) { _ = try delivery.result.get() }
    }

    /// A change event of Debezium's, without a schema. Unsigned ids beyond 2⁶³ arrive negative, as Debezium writes them.
    func event(_ user: String, topic: String? = nil, operation: String = "u") -> OutgoingRecord {
        let row = #"{"user_id":\#(user)}"#
        let (before, after) = operation == "d" ? (row, "null") : ("null", row)
        return OutgoingRecord(
            topic: topic ?? users, key: Array(row.utf8),
            value: Array(
                #"{"before":\#(before),"after":\#(after),"source":{"snapshot":"false","server_id":0,"file":"binlog.000001","pos":4},"op":"\#(operation)"}"#
                    .utf8))
    }

    func runner(only hops: Set<Hop> = Set(Hop.allCases), warnings: Warnings = Warnings()) -> StreamRunner {
        StreamRunner(settings: settings, mapping: mapping, only: hops, logger: warnings.logger)
    }

    /// The last record of each key.
    func live(_ topic: String) throws -> [String: Record] {
        let consumer = try Consumer(properties: ["bootstrap.servers": bootstrap])
        defer { consumer.close() }
        let count = try consumer.partitionCount(topic, timeoutMs: 10_000) ?? 0
        let partitions = (0..<Int32(count)).map { TopicPartition(topic, $0) }
        var open = try consumer.watermarks(partitions, timeoutMs: 10_000).filter { $0.value.high > 0 }.mapValues(\.high)
        try consumer.assign(Dictionary(uniqueKeysWithValues: open.keys.map { ($0, Offset.beginning) }))
        var records: [String: Record] = [:]
        while !open.isEmpty {
            let batch = try consumer.poll(maxRecords: 1_000, timeoutMs: 1_000)
            for record in batch.records {
                records[record.key.text ?? ""] = record
                if record.offset + 1 >= open[record.topicPartition] ?? .max { open[record.topicPartition] = nil }
            }
        }
        return records
    }

    /// How many records of these topics the group has not committed yet.
    func lag(_ group: String, _ topics: [String]) throws -> Int64 {
        let cluster = try Cluster(properties: ["bootstrap.servers": bootstrap])
        defer { cluster.close() }
        let consumer = try Consumer(properties: ["bootstrap.servers": bootstrap, "group.id": group])
        defer { consumer.close() }
        let partitions = try topics.flatMap { topic in
            (0..<Int32(try cluster.partitionCount(topic, timeoutMs: 10_000) ?? 0)).map { TopicPartition(topic, $0) }
        }
        let committed = try consumer.committed(partitions, timeoutMs: 10_000)
        return try cluster.watermarks(partitions, timeoutMs: 10_000).reduce(0) {
            $0 + $1.value.high - (committed[$1.key] ?? 0)
        }
    }

    /// The newest production of a user, if there is one.
    func newest(_ user: String) throws -> Production? {
        guard FileManager.default.fileExists(atPath: settings.ledgerPath) else { return nil }
        return try LedgerReader(path: settings.ledgerPath).newest(for: UserID(user)).max { $0.god.offset < $1.god.offset }
    }
}

/// Waits for a condition that is bound to come true, and fails the test if it does not within half a minute.
func eventually(_ what: @autoclosure () -> String, _ condition: () throws -> Bool) throws {
    for _ in 0..<1_200 {
        if try condition() { return }
        Thread.sleep(forTimeInterval: 0.05)
    }
    throw NotInTime(what: what())
}

struct NotInTime: Error { var what: String }
