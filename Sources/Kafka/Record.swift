/// One partition of one topic.
public struct TopicPartition: Hashable, Sendable, CustomStringConvertible {
    /// The topic's name.
    public var topic: String
    /// The partition's number, from 0.
    public var partition: Int32

    /// The partition of that number of that topic.
    public init(_ topic: String, _ partition: Int32) {
        self.topic = topic
        self.partition = partition
    }

    /// `topic[3]`, as Kafka's own tools print it.
    public var description: String { "\(topic)[\(partition)]" }
}

/// A record header: a name, and bytes that may be null.
public struct Header: Hashable, Sendable {
    /// The name, which need not be unique in its record.
    public var name: String
    /// The bytes; nil is null, which is not the same as empty.
    public var value: [UInt8]?

    /// A header with those bytes.
    public init(_ name: String, _ value: [UInt8]?) {
        self.name = name
        self.value = value
    }

    /// A header whose bytes are the text in UTF-8.
    public init(_ name: String, text: String) {
        self.init(name, Array(text.utf8))
    }
}

/// A record that was read from a topic. A null value is a tombstone; an empty one is not.
///
/// A class, though it is a value and never changes: each step hands its records on several times, and a structure would count the references
/// to topic, key, value and headers anew each time.
public final class Record: Sendable {
    /// The topic it was read from.
    public let topic: String
    /// The partition it was read from.
    public let partition: Int32
    /// Its place in the partition.
    public let offset: Int64
    /// Milliseconds since 1970, as the producer or the broker set it; nil where the broker has none.
    public let timestampMs: Int64?
    /// The key's bytes; nil is null.
    public let key: [UInt8]?
    /// The value's bytes; nil is null, a tombstone.
    public let value: [UInt8]?
    /// The headers, in the order they were written.
    public let headers: [Header]

    /// A record with those fields.
    public init(
        topic: String, partition: Int32, offset: Int64, timestampMs: Int64? = nil,
        key: [UInt8]?, value: [UInt8]?, headers: [Header] = []
    ) {
        self.topic = topic
        self.partition = partition
        self.offset = offset
        self.timestampMs = timestampMs
        self.key = key
        self.value = value
        self.headers = headers
    }

    /// The bytes of key, value and headers.
    public var byteCount: Int {
        headers.reduce((key?.count ?? 0) + (value?.count ?? 0)) { $0 + $1.name.utf8.count + ($1.value?.count ?? 0) }
    }

    /// The topic and the partition together.
    public var topicPartition: TopicPartition { TopicPartition(topic, partition) }

    /// The last header of that name (Kafka allows several; the last one written is the one that counts).
    public func header(_ name: String) -> [UInt8]? {
        headers.lastIndex { $0.name == name }.flatMap { headers[$0].value }
    }
}

extension Record: Equatable {
    public static func == (left: Record, right: Record) -> Bool {
        left === right
            || (left.topic, left.partition, left.offset) == (right.topic, right.partition, right.offset)
                && left.timestampMs == right.timestampMs && left.key == right.key && left.value == right.value
                && left.headers == right.headers
    }
}

/// A record that is to be written. A nil partition leaves the choice to the partitioner.
public struct OutgoingRecord: Sendable, Equatable {
    /// The topic to write to.
    public var topic: String
    /// The partition to write to; nil leaves the choice to the partitioner.
    public var partition: Int32?
    /// The key's bytes; nil is null.
    public var key: [UInt8]?
    /// The value's bytes; nil is null, a tombstone.
    public var value: [UInt8]?
    /// The headers, in the order they were written.
    public var headers: [Header]

    /// A record with those fields.
    public init(topic: String, partition: Int32? = nil, key: [UInt8]?, value: [UInt8]?, headers: [Header] = []) {
        self.topic = topic
        self.partition = partition
        self.key = key
        self.value = value
        self.headers = headers
    }
}
