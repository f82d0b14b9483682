/// What one poll brought.
public struct PolledBatch: Sendable {
    /// Records in the order of their offsets, per partition. Records of partitions that were revoked in the same poll
    /// are not among them.
    public var records: [Record] = []
    /// Partitions whose end was reached, with the end's offset: the offset which the next record will have. It may lie past
    /// the last record by more than one, where control records or compaction left a gap.
    public var ends: [TopicPartition: Int64] = [:]
    /// Partitions that the group gave to this consumer during the poll.
    public var assigned: [TopicPartition] = []
    /// Partitions that were taken away during the poll. Nothing more may be committed for them, and unfinished
    /// work on them is somebody else's now. A partition that came straight back is in `assigned` as well.
    public var revoked: [TopicPartition] = []
    /// Whether the partitions were lost (the group went on without this consumer) rather than handed over.
    public var lost = false
    /// Errors that the client goes on trying to overcome, such as a broker that cannot be reached.
    public var notices: [KafkaError] = []

    /// How many bytes the records have, keys and headers included.
    private(set) var byteCount = 0

    /// An empty batch.
    public init() {}

    /// Whether the poll brought nothing at all.
    public var isEmpty: Bool {
        records.isEmpty && ends.isEmpty && assigned.isEmpty && revoked.isEmpty && notices.isEmpty
    }

    mutating func append(_ record: Record) {
        records.append(record)
        byteCount += record.byteCount
    }

    /// Drops what was read from partitions that have just been taken away.
    mutating func revoke(_ partitions: [TopicPartition], lost: Bool) {
        let gone = Set(partitions)
        records.removeAll { gone.contains($0.topicPartition) }
        byteCount = records.reduce(0) { $0 + $1.byteCount }
        for partition in partitions { ends[partition] = nil }
        assigned.removeAll { gone.contains($0) }
        revoked += partitions
        self.lost = self.lost || lost
    }
}
