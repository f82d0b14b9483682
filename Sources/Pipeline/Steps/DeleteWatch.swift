import Kafka

/// Tells a tombstone that only follows its delete from one that *is* the delete.
///
/// Debezium writes a delete and then a tombstone of the same key, directly behind it in the same partition. With
/// `delete.tombstone.handling.mode=tombstone` (the default of `ExtractNewRecordState`) only the tombstone arrives, and its key
/// need not name the user.
///
/// A batch, a commit or a restart may come between the two. So the last delete of each partition is remembered from batch to
/// batch, and the intake looks up the record before the committed offset when it is given a partition. Where that cannot be read
/// any more, a tombstone without a user counts as a delete of its own: one entry too many among the parked
/// records of a partition's first batch is better than a delete that nobody hears of.
struct DeleteWatch {
    /// The key of a partition's last record, where that was a delete.
    private var keys: [TopicPartition: [UInt8]] = [:]

    mutating func forget(_ partitions: Set<TopicPartition>) {
        for partition in partitions { keys[partition] = nil }
    }

    /// Takes note that another record follows.
    mutating func pass(_ record: Record) {
        // As a rule there is no delete to forget, and a partition's name takes long to hash.
        if !keys.isEmpty { keys[record.topicPartition] = nil }
    }

    /// Takes note of a delete.
    mutating func note(_ delete: Record) {
        keys[delete.topicPartition] = delete.key
    }

    /// Whether the record before this one deleted the same key.
    func announces(_ record: Record) -> Bool {
        !keys.isEmpty && record.key != nil && keys[record.topicPartition] == record.key
    }
}
