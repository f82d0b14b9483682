import Kafka
import Testing

extension Consumer {
    /// Polls until `isDone` says so of everything gathered so far. Fails the test after `timeoutMs`.
    func gather(
        timeoutMs: Int = 300_000, maxRecords: Int = 1000, sourceLocation: SourceLocation = #_sourceLocation,
        until isDone: (PolledBatch) -> Bool
    ) throws -> PolledBatch {
        let deadline = ContinuousClock.now + .milliseconds(timeoutMs)
        var all = PolledBatch()
        while !isDone(all) {
            try #require(ContinuousClock.now < deadline, "gathered \(all)", sourceLocation: sourceLocation)
            let batch = try poll(maxRecords: maxRecords, timeoutMs: 100)
            all.records += batch.records
            all.ends.merge(batch.ends) { _, newer in newer }
            all.assigned += batch.assigned
            all.revoked += batch.revoked
            all.lost = all.lost || batch.lost
            all.notices += batch.notices
        }
        return all
    }

    /// Reads whole partitions, from the beginning to the end that is there now.
    func readWhole(_ topic: String, partitions: Int) throws -> [Record] {
        let wanted = (0..<Int32(partitions)).map { TopicPartition(topic, $0) }
        try assign(Dictionary(uniqueKeysWithValues: wanted.map { ($0, Offset.beginning) }))
        return try gather { $0.ends.count == partitions }.records
    }
}

extension Producer {
    /// Sends and waits for every acknowledgement; throws the first failure.
    @discardableResult
    func write(_ records: [OutgoingRecord]) throws -> [Delivery.Position] {
        for record in records { _ = try send(record) }
        return try flush(timeoutMs: 30_000).map { try $0.result.get() }
    }
}

extension MockBroker {
    var properties: Properties { ["bootstrap.servers": bootstrap] }

    func properties(group: String) -> Properties {
        properties.merging(Self.recommendedConsumerProperties) { $1 }.merging(["group.id": group]) { $1 }
    }
}

/// Calls `body` until it returns something, or fails the test.
func eventually<Result>(
    timeoutMs: Int = 300_000, sourceLocation: SourceLocation = #_sourceLocation, _ body: () throws -> Result?
) throws -> Result {
    let deadline = ContinuousClock.now + .milliseconds(timeoutMs)
    while ContinuousClock.now < deadline {
        if let result = try body() { return result }
    }
    return try #require(nil as Result?, "not within \(timeoutMs) ms", sourceLocation: sourceLocation)
}

func numbered(_ range: Range<Int>, topic: String, partition: Int32? = 0) -> [OutgoingRecord] {
    range.map { OutgoingRecord(topic: topic, partition: partition, key: Array("\($0)".utf8), value: Array("value \($0)".utf8)) }
}
