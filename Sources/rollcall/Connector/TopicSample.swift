import Kafka

/// Reads a topic, or the ends of its partitions, for a look at what lies there.
struct TopicSample {
    var properties: Properties
    /// For how long nothing may arrive before the read is called off.
    var timeoutMs = 10_000

    /// Shows every record of the topic.
    func readAll(of topic: String, _ body: (Record) throws -> Void) throws {
        try read(topic, start: { $0.low }, body)
    }

    /// Shows the last records of each partition, as far as compaction left them.
    func readLast(_ count: Int64, of topic: String, _ body: (Record) throws -> Void) throws {
        try read(topic, start: { max($0.low, $0.high - count) }, body)
    }

    private func read(_ topic: String, start: (Watermarks) -> Int64, _ body: (Record) throws -> Void) throws {
        let consumer = try Consumer(properties: properties)
        defer { consumer.close() }
        guard let count = try consumer.partitionCount(topic, timeoutMs: timeoutMs) else {
            throw CommandError("topic `\(topic)` does not exist")
        }
        let partitions = (0..<Int32(count)).map { TopicPartition(topic, $0) }
        let watermarks = try consumer.watermarks(partitions, timeoutMs: timeoutMs)
        var open = watermarks.filter { start($0.value) < $0.value.high }
        guard !open.isEmpty else { return }
        try consumer.assign(open.mapValues(start))
        var idleMs = 0
        while !open.isEmpty {
            let batch = try consumer.poll(maxRecords: 1_000, timeoutMs: Self.pollMs)
            for record in batch.records {
                guard let bounds = open[record.topicPartition] else { continue }
                if record.offset < bounds.high { try body(record) }
                if record.offset >= bounds.high - 1 { open[record.topicPartition] = nil }
            }
            // The last records of a partition may have been compacted away, or be a transaction's markers.
            for (partition, end) in batch.ends where end >= open[partition]?.high ?? .max { open[partition] = nil }
            idleMs = batch.records.isEmpty ? idleMs + Self.pollMs : 0
            guard idleMs < timeoutMs else {
                throw CommandError("topic `\(topic)`: no record arrived for \(timeoutMs / 1_000) s although there should be more")
            }
        }
    }

    private static let pollMs = 200
}
