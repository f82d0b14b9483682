import Domain
import Kafka

/// Keys that were found on a topic, and where.
struct KeySample: Sendable {
    struct Key: Sendable, Equatable {
        /// nil is null.
        var bytes: [UInt8]?
        var partition: Int32

        /// The key for people, shortened.
        var text: String {
            guard let bytes else { return "null" }
            return String(String(decoding: bytes, as: UTF8.self).prefix(60))
        }
    }

    var topic: String
    var partitionCount: Int
    var keys: [Key] = []
    /// The newest timestamp among the records; nil where there was none.
    var newestTimestampMs: Int64?
    /// Why it could not be taken in full; nil where it could.
    var trouble: String?

    init(topic: String, partitionCount: Int, keys: [Key] = []) {
        self.topic = topic
        self.partitionCount = partitionCount
        self.keys = keys
    }
}

extension KeySample {
    /// Enough to see a wrong partitioner for sure, and few enough to be read at once.
    static let recordsPerTopic = 2_000

    /// The last records of each partition.
    init(reading facts: TopicFacts, properties: Properties) {
        let count = facts.partitionCount ?? 0
        self.init(topic: facts.name, partitionCount: count)
        guard count > 0 else { return }
        do {
            let perPartition = max(1, Int64(Self.recordsPerTopic / count))
            try TopicSample(properties: properties).readLast(perPartition, of: facts.name) { record in
                keys.append(Key(bytes: record.key, partition: record.partition))
                newestTimestampMs = max(newestTimestampMs ?? .min, record.timestampMs ?? .min)
            }
        } catch {
            trouble = "\(error)"
        }
        if newestTimestampMs == .min { newestTimestampMs = nil }
    }
}
