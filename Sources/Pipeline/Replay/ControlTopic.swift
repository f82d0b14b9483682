import Domain
import Kafka

/// The control topic as one process reads and writes it: all of it, from the beginning, in no group.
///
/// A topic, because a request has to reach every process, wherever it runs: each owns other partitions. A topic of its own,
/// because a stray record on the others would pass for a signal or an aggregate. It belongs to the thread that made it.
final class ControlTopic {
    private let settings: PipelineSettings
    private let consumer: Consumer
    private let cluster: Cluster
    private var producer: Producer?
    private var unread: Set<TopicPartition>
    private(set) var records = ControlRecords()

    /// - Throws: ``PipelineError`` of code `topicMissing` where there is no such topic, `KafkaError`.
    init(settings: PipelineSettings) throws {
        self.settings = settings
        var properties = settings.consumerProperties(.enricher)
        properties["group.id"] = "\(settings.groups.enricher).control"
        consumer = try Consumer(properties: properties)
        cluster = try Cluster(properties: settings.kafka)
        let topic = settings.topics.control
        guard let count = try consumer.partitionCount(topic, timeoutMs: settings.startTimeoutMs) else {
            throw PipelineError(
                .topicMissing, "topic \(topic) does not exist; create it: \(TopicSetup.command(for: topic, settings: settings))")
        }
        unread = Set((0..<Int32(count)).map { TopicPartition(topic, $0) })
        try consumer.assign(Dictionary(uniqueKeysWithValues: unread.map { ($0, Offset.beginning) }))
    }

    deinit { close() }

    func close() {
        consumer.close()
        cluster.close()
        producer?.close()
    }

    /// Whether everything was read that was there when this was made. Before that, a request may look open that is done.
    var isCaughtUp: Bool { unread.isEmpty }

    /// Waits for records.
    ///
    /// - Returns: The keys of those that came.
    func poll(timeoutMs: Int) throws -> [String] {
        let batch = try consumer.poll(maxRecords: 1_000, timeoutMs: timeoutMs)
        for record in batch.records { records.apply(record) }
        unread.subtract(batch.ends.keys)
        return batch.records.compactMap { $0.key.flatMap { String(validating: $0, as: UTF8.self) } }
    }

    /// Writes records, and returns when they are acknowledged.
    func write(_ records: [OutgoingRecord], timeoutMs: Int = 10_000) throws {
        let producer = try self.producer ?? Producer(properties: settings.producerProperties())
        self.producer = producer
        for record in records { _ = try producer.send(record) }
        for delivery in try producer.flush(timeoutMs: timeoutMs) { _ = try delivery.result.get() }
    }

    /// Takes a request away, with all that belongs to it.
    func remove(_ id: String) throws {
        try write(records.keys(of: id).reversed().map { ControlRecords.record(settings.topics.control, $0, nil) })
    }

    /// How far a request has got, by partition of the aggregate topic.
    func progress(of request: ReplayRequest) throws -> [Int32: Int64] {
        let partitions = request.ranges.keys.map { TopicPartition(settings.topics.aggregate, $0) }
        let group = request.progressGroup(of: settings.groups.enricher)
        let committed = try cluster.committed(group: group, partitions, timeoutMs: settings.startTimeoutMs)
        return Dictionary(uniqueKeysWithValues: committed.map { ($0.key.partition, $0.value) })
    }

    /// What is on the aggregate topic now: what a request of this moment is about.
    func ranges(sinceMs: Int64?) throws -> [Int32: ReplayRequest.Range] {
        let topic = settings.topics.aggregate
        let timeoutMs = settings.startTimeoutMs
        guard let count = try cluster.partitionCount(topic, timeoutMs: timeoutMs) else {
            throw PipelineError(.topicMissing, "topic \(topic) does not exist: there is nothing to replay")
        }
        let partitions = (0..<Int32(count)).map { TopicPartition(topic, $0) }
        let marks = try cluster.watermarks(partitions, timeoutMs: timeoutMs)
        var starts = marks.mapValues(\.low)
        if let sinceMs {
            let first = try cluster.offsetsForTimes(
                Dictionary(uniqueKeysWithValues: partitions.map { ($0, sinceMs) }), timeoutMs: timeoutMs)
            starts = marks.reduce(into: [:]) { $0[$1.key] = max($1.value.low, first[$1.key] ?? $1.value.high) }
        }
        return marks.reduce(into: [:]) { ranges, entry in
            let start = starts[entry.key] ?? entry.value.low
            guard start < entry.value.high else { return }
            ranges[entry.key.partition] = ReplayRequest.Range(start: start, end: entry.value.high)
        }
    }
}
