import CRDKafka

/// A record during a scan. Only the call that was handed it can use it: it cannot be copied or kept.
public struct RecordView: ~Copyable {
    /// The partition of the record.
    public let partition: Int32
    /// The offset of the record.
    public let offset: Int64
    private let message: UnsafeMutablePointer<rd_kafka_message_t>

    init(_ message: UnsafeMutablePointer<rd_kafka_message_t>) {
        self.message = message
        partition = message.pointee.partition
        offset = message.pointee.offset
    }

    /// The topic's name; makes a string at each call.
    public var topic: String { String(cString: rd_kafka_topic_name(message.pointee.rkt)) }

    /// Milliseconds since 1970; nil where the broker has none.
    public var timestampMs: Int64? { messageTimestamp(message) }

    /// Whether the value is null.
    public var isTombstone: Bool { message.pointee.payload == nil }

    /// The headers, parsed and copied at each call.
    public var headers: [Header] {
        var known = HeaderCache()
        return messageHeaders(message, &known)
    }

    /// A copy of the record that can be kept.
    public func copy() -> Record {
        var known = HeaderCache()
        return Record(copying: message, topic: topic, &known)
    }
}

/// How far a scan came in one call.
public struct ScanProgress: Sendable {
    /// How many records the body has seen.
    public var records = 0
    /// The bytes of their values.
    public var valueBytes = 0
    /// Partitions whose end was reached, with the end's offset (see `PolledBatch.ends`).
    public var ends: [TopicPartition: Int64] = [:]
    /// Errors that the client goes on trying to overcome.
    public var notices: [KafkaError] = []
}
