import Domain
import Kafka

/// The source offset that Connect last committed for a connector, and when.
struct CommittedSourceOffset: Sendable, Equatable {
    var offset: ConnectorOffset
    /// Milliseconds since 1970, by the clock of Connect's worker or of the broker.
    var committedAtMs: Int64?
}

extension CommittedSourceOffset {
    /// Reads Connect's offsets topic to its end. It is compacted, so there is not much to read.
    ///
    /// - Parameter server: the connector's `topic.prefix`; nil accepts any.
    /// - Returns: nil where the connector has committed nothing yet.
    /// - Throws: `KafkaError`; ``CommandError`` where the topic does not exist.
    static func read(
        topic: String, connector: String, server: String?, properties: Properties, timeoutMs: Int = 10_000
    ) throws -> CommittedSourceOffset? {
        var newest: CommittedSourceOffset?
        let sample = TopicSample(properties: properties, timeoutMs: timeoutMs)
        try sample.readAll(of: topic) { record in
            guard ConnectorOffset.isKey(record.key, ofConnector: connector, server: server) else { return }
            // All records of one key are in one partition, and so in order. A tombstone takes the offset back.
            newest = record.value.flatMap { ConnectorOffset(value: $0) }.map {
                CommittedSourceOffset(offset: $0, committedAtMs: record.timestampMs)
            }
        }
        return newest
    }
}
