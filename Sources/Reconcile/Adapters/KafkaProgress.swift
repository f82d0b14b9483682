import Domain
import Kafka

/// Committed offsets of groups and of the connector, on a real broker.
final class KafkaProgress: ProgressPort {
    private let properties: Properties
    private let connector: ConnectorSettings?
    private var groups: [String: Consumer] = [:]
    private var offsets: ConnectorOffsets?
    private let timeoutMs: Int

    init(properties: Properties, connector: ConnectorSettings?, timeoutMs: Int = 10_000) {
        self.timeoutMs = timeoutMs
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
        let offsets = try self.offsets ?? ConnectorOffsets(connector, properties: properties, timeoutMs: timeoutMs)
        self.offsets = offsets
        return try offsets.newest()
    }
}
