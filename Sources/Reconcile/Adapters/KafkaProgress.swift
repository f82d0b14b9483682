import Domain
import Kafka

/// Committed offsets of groups and of the connector, on a real broker.
final class KafkaProgress: ProgressPort {
    private let properties: Properties
    private let connector: ConnectorSettings?
    private var groups: [String: Consumer] = [:]
    private var offsets: ConnectorOffsets?
    private let timeoutMs = 10_000

    init(properties: Properties, connector: ConnectorSettings?) {
        self.properties = properties
        self.connector = connector
    }

    func close() {
        for consumer in groups.values { consumer.close() }
        offsets?.close()
    }

    func committed(group: String, topic: String, partitions: [Int32]) throws -> [Int32: Int64] {
        let consumer = try groups[group] ?? Consumer(properties: properties.merging(["group.id": group]) { $1 })
        groups[group] = consumer
        let offsets = try consumer.committed(partitions.map { TopicPartition(topic, $0) }, timeoutMs: timeoutMs)
        return Dictionary(uniqueKeysWithValues: offsets.map { ($0.key.partition, $0.value) })
    }

    func connectorOffset() throws -> ConnectorOffset? {
        guard let connector else { return nil }
        let offsets = try self.offsets ?? ConnectorOffsets(connector, properties: properties)
        self.offsets = offsets
        return try offsets.newest()
    }
}

/// Which connector to watch, and where Connect keeps its offsets.
public struct ConnectorSettings: Sendable {
    public var name: String
    public var offsetsTopic: String
    /// The connector's `topic.prefix`; nil accepts any.
    public var server: String?

    public init(name: String, offsetsTopic: String, server: String?) {
        self.name = name
        self.offsetsTopic = offsetsTopic
        self.server = server
    }
}

/// The tail of Connect's offsets topic.
private final class ConnectorOffsets {
    private let settings: ConnectorSettings
    private let topic: KafkaTopic
    private let consumer: Consumer
    private var next: [Int32: Int64] = [:]
    private var newestOffset: ConnectorOffset?

    init(_ settings: ConnectorSettings, properties: Properties) throws {
        self.settings = settings
        topic = try KafkaTopic(settings.offsetsTopic, properties: properties)
        consumer = try Consumer(properties: properties)
    }

    func close() {
        topic.close()
        consumer.close()
    }

    /// Reads what came since the last call.
    func newest() throws -> ConnectorOffset? {
        let bounds = try topic.bounds()
        var open = bounds.filter { $0.value.end > max(next[$0.key] ?? 0, $0.value.low) }
        guard !open.isEmpty else { return newestOffset }
        try consumer.assign(
            Dictionary(
                uniqueKeysWithValues: open.map { partition, bounds in
                    (TopicPartition(settings.offsetsTopic, partition), max(next[partition] ?? 0, bounds.low))
                }))
        defer { try? consumer.unassign() }
        // A read that times out only means that the offset is looked at again.
        for _ in 0..<20 where !open.isEmpty {
            let batch = try consumer.poll(maxRecords: 10_000, timeoutMs: 500)
            for record in batch.records {
                take(record)
                next[record.partition] = record.offset + 1
                if let bounds = open[record.partition], record.offset + 1 >= bounds.end { open[record.partition] = nil }
            }
            for (partition, end) in batch.ends {
                next[partition.partition] = max(next[partition.partition] ?? 0, end)
                if let bounds = open[partition.partition], end >= bounds.end { open[partition.partition] = nil }
            }
        }
        return newestOffset
    }

    private func take(_ record: Record) {
        guard ConnectorOffset.isKey(record.key, ofConnector: settings.name, server: settings.server) else { return }
        newestOffset = record.value.flatMap { ConnectorOffset(value: $0) }
    }
}
