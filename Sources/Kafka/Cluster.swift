import CRDKafka

/// A topic and how many partitions it has.
public struct Topic: Hashable, Sendable {
    /// The topic's name.
    public var name: String
    /// How many partitions it has.
    public var partitionCount: Int
}

/// A cluster to ask and to administer: topics, their settings, other groups' offsets.
///
/// It belongs to the thread that made it, like a consumer, but it joins no group and reads no records.
public final class Cluster {
    let client: ClientHandle

    /// Makes a client; it connects in the background. Properties of consumers and producers may be among the given ones.
    public init(properties: Properties, onLog: LogHandler? = nil) throws(KafkaError) {
        var properties = properties
        // With a group id, librdkafka would look for that group's coordinator all the time.
        properties["group.id"] = nil
        client = try ClientHandle(
            .cluster,
            properties: properties.withDefaults([
                "allow.auto.create.topics": "false",
                "isolation.level": "read_committed",
            ]), onLog: onLog)
    }

    deinit { close() }

    /// Frees the client. Calls after the first do nothing.
    public func close() {
        client.destroy()
    }

    /// Throws an error that names the bootstrap address, and the reason where it is known, unless a broker answers in that time.
    public func checkReachable(timeoutMs: Int = 5000) throws {
        try client.metadata("reach Kafka", timeoutMs: timeoutMs) { _, _ in }
    }

    /// All topics, by name.
    public func topics(timeoutMs: Int) throws -> [Topic] {
        try client.metadata("list topics", timeoutMs: timeoutMs) { _, topics in
            topics.map { Topic(name: String(cString: $0.topic), partitionCount: Int($0.partition_cnt)) }
                .sorted { $0.name < $1.name }
        }
    }

    /// How many partitions the topic has; nil where it does not exist. Never creates it.
    public func partitionCount(_ topic: String, timeoutMs: Int) throws -> Int? {
        try client.partitionCount(topic, timeoutMs: timeoutMs)
    }

    /// Asks the partition's leader for its first and its next offset: two requests, and `timeoutMs` for each.
    public func watermarks(_ partition: TopicPartition, timeoutMs: Int) throws -> Watermarks {
        try client.watermarks(partition, timeoutMs: timeoutMs)
    }

    /// The same for many partitions, with two requests per leader in all. Throws where any of them cannot be told.
    public func watermarks(_ partitions: [TopicPartition], timeoutMs: Int) throws -> [TopicPartition: Watermarks] {
        try client.watermarks(partitions, timeoutMs: timeoutMs)
    }

    /// The first offset whose timestamp is that or later, per partition; absent where there is none.
    public func offsetsForTimes(_ timestampsMs: [TopicPartition: Int64], timeoutMs: Int) throws -> [TopicPartition: Int64] {
        try client.listOffsets(timestampsMs, timeoutMs: timeoutMs).filter { $0.value >= 0 }
    }
}
