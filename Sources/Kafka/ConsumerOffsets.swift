import CRDKafka

/// The first and the next offset of a partition.
public struct Watermarks: Hashable, Sendable {
    /// The offset of the first record that the broker still has.
    public var low: Int64
    /// The offset that the next record will have; under `read_committed`, of the first one that is not yet decided.
    public var high: Int64

    public init(low: Int64, high: Int64) {
        self.low = low
        self.high = high
    }
}

extension Consumer {
    // MARK: - Position

    /// Stops reading the partitions; they stay assigned. What has been fetched of them is thrown away and will be read again.
    public func pause(_ partitions: [TopicPartition]) throws {
        let handle = try client.open()
        try PartitionList.with(partitions) { list in
            try check(rd_kafka_pause_partitions(handle, list), "pause")
        }
        pausedByCaller.formUnion(partitions)
    }

    /// Reads the partitions again.
    public func resume(_ partitions: [TopicPartition]) throws {
        let handle = try client.open()
        try PartitionList.with(partitions) { list in
            try check(rd_kafka_resume_partitions(handle, list), "resume")
        }
        pausedByCaller.subtract(partitions)
    }

    /// Reads an assigned partition from that offset on. Waits up to `timeoutMs` until records from before are out of the way.
    public func seek(_ partition: TopicPartition, to offset: Int64, timeoutMs: Int = 5000) throws {
        let handle = try client.open()
        pending.records.removeAll { $0.topicPartition == partition }
        pending.ends[partition] = nil
        try PartitionList.with([(partition, offset)]) { list in
            let error = rd_kafka_seek_partitions(handle, list, Int32(clamping: timeoutMs))
            if let error = KafkaError(consuming: error, doing: "seek \(partition) to \(offset)") { throw error }
            if let error = PartitionList.firstFailure(list, "seek") { throw error }
        }
    }

    /// Pauses everything that is assigned, until `releaseHold`; the rebalance callback pauses what is added.
    func hold() throws {
        guard !isHeld else { return }
        let handle = try client.open()
        try PartitionList.with(assignment()) { list in
            try check(rd_kafka_pause_partitions(handle, list), "pause")
        }
        isHeld = true
    }

    /// Ends `hold`.
    func releaseHold() throws {
        guard isHeld else { return }
        isHeld = false
        let handle = try client.open()
        try PartitionList.with(assignment().subtracting(pausedByCaller)) { list in
            try check(rd_kafka_resume_partitions(handle, list), "resume")
        }
    }

    // MARK: - Committed offsets

    /// Commits, for the consumer's group, the offset of the next record to read (the last one dealt with, plus one).
    ///
    /// Returns when the broker has confirmed it. Throws `_TIMED_OUT` where it has not within `timeoutMs`; the offsets may have been
    /// committed all the same, or still be later. Throws `ILLEGAL_GENERATION`, `UNKNOWN_MEMBER_ID` or `REBALANCE_IN_PROGRESS` where the
    /// partitions may belong to another member by now: what has been done for them will be done again.
    ///
    /// `whileWaiting` is called about ten times a second, and is the place to keep the consumer alive; when it throws, the commit is no
    /// longer waited for.
    public func commit(
        _ offsets: [TopicPartition: Int64], timeoutMs: Int = 30_000, whileWaiting: () throws -> Void = {}
    ) throws {
        let handle = try client.open()
        guard !offsets.isEmpty else { return }
        guard let queue = rd_kafka_queue_new(handle) else {
            throw KafkaError(code: RD_KAFKA_RESP_ERR__CRIT_SYS_RESOURCE, message: "commit: out of memory for a queue")
        }
        defer { rd_kafka_queue_destroy(queue) }
        // rd_kafka_commit has no timeout, and librdkafka 2.0.2 may try for ever when the coordinator goes away.
        let action = "commit offsets of \(offsets.count) partitions"
        try PartitionList.with(offsets.map { ($0.key, $0.value) }) { list in
            try check(rd_kafka_commit_queue(handle, list, queue, nil, nil), action)
        }
        let deadline = ContinuousClock.now + .milliseconds(timeoutMs)
        var answer: OpaquePointer?
        while answer == nil {
            answer = rd_kafka_queue_poll(queue, min(100, Int32(clamping: timeoutMs)))
            guard answer == nil else { break }
            guard ContinuousClock.now < deadline else { throw client.failure(RD_KAFKA_RESP_ERR__TIMED_OUT, action) }
            try whileWaiting()
        }
        guard let event = answer else { return }
        defer { rd_kafka_event_destroy(event) }
        if let list = rd_kafka_event_topic_partition_list(event), let error = PartitionList.firstFailure(list, "commit") {
            throw error
        }
        try check(rd_kafka_event_error(event), action)
    }

    /// What the consumer's group has committed; a partition for which it never has is absent.
    public func committed(_ partitions: [TopicPartition], timeoutMs: Int) throws -> [TopicPartition: Int64] {
        let handle = try client.open()
        return try PartitionList.with(partitions) { list in
            try check(rd_kafka_committed(handle, list, Int32(clamping: timeoutMs)), "read committed offsets")
            if let error = PartitionList.firstFailure(list, "read the committed offset of") { throw error }
            return committedOffsets(list)
        }
    }

    // MARK: - Offsets that are there

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

    /// How many partitions the topic has; nil where it does not exist. Never creates it.
    public func partitionCount(_ topic: String, timeoutMs: Int) throws -> Int? {
        try client.partitionCount(topic, timeoutMs: timeoutMs)
    }
}

/// The entries of a list that have an offset.
func committedOffsets(_ list: UnsafePointer<rd_kafka_topic_partition_list_t>?) -> [TopicPartition: Int64] {
    var offsets: [TopicPartition: Int64] = [:]
    for entry in PartitionList.entries(list) where entry.offset >= 0 { offsets[entry.partition] = entry.offset }
    return offsets
}
