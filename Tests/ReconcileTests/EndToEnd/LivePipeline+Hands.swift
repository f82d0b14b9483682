import Domain
import Kafka
import Ledger
import Sandbox
import Testing

@testable import Reconcile
@testable import rollcall

/// What people do to a running system by hand.
extension LivePipeline {
    var topics: StackTopics { stack.topics }

    private var properties: Properties { get throws { try settings.kafkaProperties } }

    /// Changes rows so that no change event comes of it, like a maintenance script that forgot the binary log.
    func changeWithoutBinlog(_ statements: String...) throws {
        try ShopScript.run(["SET SESSION sql_log_bin = 0"] + statements, on: stack)
    }

    /// Changes rows like the shop does.
    func change(_ statements: String...) throws {
        try ShopScript.run(statements, on: stack)
    }

    /// Writes records into a topic, past the pipeline.
    func produce(_ records: OutgoingRecord...) throws {
        let producer = try Producer(properties: try properties)
        defer { producer.close() }
        for record in records { _ = try producer.send(record) }
        for delivery in try producer.flush(timeoutMs: 10_000) { _ = try delivery.result.get() }
    }

    /// Joins a group whose members have left, and commits that it has read the topic to its end.
    func skip(_ topic: String, group: String) throws {
        let consumer = try Consumer(properties: try properties.merging(["group.id": group]) { $1 })
        defer { consumer.close() }
        try consumer.subscribe([topic])
        try wait(until: "the group takes another member") {
            _ = try consumer.poll(maxRecords: 1, timeoutMs: 100)
            return try !consumer.assignment().isEmpty
        }
        let partitions = try consumer.assignment()
        try consumer.commit(consumer.watermarks(Array(partitions), timeoutMs: 5_000).mapValues(\.high))
    }

    /// The newest record of each key of a topic.
    func newest(_ topic: String) throws -> [UserID: (address: RecordAddress, value: [UInt8]?)] {
        var newest: [UserID: (address: RecordAddress, value: [UInt8]?)] = [:]
        try read(topic) { record in
            let user = UserID(String(decoding: record.key ?? [], as: UTF8.self))
            newest[user] = (RecordAddress(partition: record.partition, offset: record.offset), record.value)
        }
        return newest
    }

    /// Shows every record of a topic.
    func read(_ topic: String, _ body: (Record) throws -> Void) throws {
        let consumer = try Consumer(properties: Consumer.scanProperties.merging(try properties) { $1 })
        defer { consumer.close() }
        let count = try #require(try consumer.partitionCount(topic, timeoutMs: 5_000))
        var open = Set((0..<Int32(count)).map { TopicPartition(topic, $0) })
        try consumer.assign(Dictionary(uniqueKeysWithValues: open.map { ($0, 0) }))
        while !open.isEmpty {
            let batch = try consumer.poll(maxRecords: 10_000, timeoutMs: 1_000)
            for record in batch.records { try body(record) }
            open.subtract(batch.ends.keys)
        }
    }

    /// How many productions the ledger lists for a user.
    func productions(of user: UserID) throws -> Int {
        var count = 0
        _ = try LedgerReader(path: ledgerPath).fold(after: 0) { if $0.user == user { count += 1 } }
        return count
    }

    var ledgerPath: String { "\(stack.directory)/ledger.sqlite" }
    func parkedPath(of hop: Hop) -> String { "\(stack.directory)/parked-\(hop.rawValue).sqlite" }

    /// A partition in which the user's records do not belong.
    func foreignPartition(of user: UserID) -> Int32 {
        (Partitioner.murmur2(key: user.keyBytes, partitionCount: stack.partitions) + 1) % Int32(stack.partitions)
    }
}

extension UserID {
    init(_ number: UInt64) { self.init(String(number)) }
}
