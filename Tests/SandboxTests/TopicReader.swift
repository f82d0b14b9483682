import Foundation
import Kafka
import Testing

/// Reads one topic from its beginning, all partitions.
final class TopicReader {
    private let consumer: Consumer
    /// Everything that has been read, in the order of arrival; within a key that is the order of the topic.
    private(set) var records: [Record] = []

    init(_ topic: String, bootstrap: String) throws {
        consumer = try Consumer(properties: ["bootstrap.servers": bootstrap])
        let cluster = try Cluster(properties: ["bootstrap.servers": bootstrap])
        defer { cluster.close() }
        let partitions = try #require(try cluster.partitionCount(topic, timeoutMs: 5_000))
        try consumer.assign(
            Dictionary(uniqueKeysWithValues: (0..<partitions).map { (TopicPartition(topic, Int32($0)), Offset.beginning) }))
    }

    deinit { consumer.close() }

    /// Reads until what was read satisfies the condition; a failure of the test after half a minute.
    func readUntil(_ comment: Comment, _ condition: ([Record]) throws -> Bool) throws {
        let deadline = ContinuousClock.now + .seconds(120)
        while try !condition(records) {
            try #require(ContinuousClock.now < deadline, comment)
            records += try consumer.poll(maxRecords: 10_000, timeoutMs: 200).records
        }
    }

    /// The records of one key, oldest first.
    func records(ofKey key: String) -> [Record] {
        records.filter { $0.key == Array(key.utf8) }
    }
}

extension Record {
    /// The value as a JSON object; empty if it is none.
    var json: [String: Any] {
        let object = value.flatMap { try? JSONSerialization.jsonObject(with: Data($0)) }
        return object as? [String: Any] ?? [:]
    }

    /// A header's value as text.
    func headerText(_ name: String) -> String? {
        header(name).map { String(decoding: $0, as: UTF8.self) }
    }
}
