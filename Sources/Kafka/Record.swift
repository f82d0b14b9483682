/// One partition of one topic.
public struct TopicPartition: Hashable, Sendable, CustomStringConvertible {
    public var topic: String
    public var partition: Int32

    public init(_ topic: String, _ partition: Int32) {
        self.topic = topic
        self.partition = partition
    }

    /// `topic[3]`, as Kafka's own tools print it.
    public var description: String { "\(topic)[\(partition)]" }
}

/// A record header: a name, and bytes that may be null.
public struct Header: Hashable, Sendable {
    public var name: String
    public var value: [UInt8]?

    public init(_ name: String, _ value: [UInt8]?) {
        self.name = name
        self.value = value
    }

    public init(_ name: String, text: String) {
        self.init(name, Array(text.utf8))
    }
}

/// A record that was read from a topic. A null value is a tombstone; an empty one is not.
public struct Record: Sendable, Equatable {
    public var topic: String
    public var partition: Int32
    public var offset: Int64
    /// Milliseconds since 1970, as the producer or the broker set it; nil where the broker has none.
    public var timestampMs: Int64?
    public var key: [UInt8]?
    public var value: [UInt8]?
    public var headers: [Header]

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

    public var topicPartition: TopicPartition { TopicPartition(topic, partition) }

    /// The last header of that name (Kafka allows several; the last one written is the one that counts).
    public func header(_ name: String) -> [UInt8]? {
        headers.last { $0.name == name }?.value
    }
}

/// A record that is to be written. A nil partition leaves the choice to the partitioner.
public struct OutgoingRecord: Sendable, Equatable {
    public var topic: String
    public var partition: Int32?
    public var key: [UInt8]?
    public var value: [UInt8]?
    public var headers: [Header]

    public init(topic: String, partition: Int32? = nil, key: [UInt8]?, value: [UInt8]?, headers: [Header] = []) {
        self.topic = topic
        self.partition = partition
        self.key = key
        self.value = value
        self.headers = headers
    }
}
