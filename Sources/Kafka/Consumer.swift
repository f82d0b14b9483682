import CRDKafka

/// A consumer: of partitions that a group hands out (`subscribe`), or of partitions and offsets of one's own choice (`assign`).
///
/// It belongs to the thread that made it: it is created, used and closed there, and is not `Sendable`. After `close()` every call
/// throws. Unless the properties say otherwise, nothing is committed behind the caller's back
/// (`enable.auto.commit` and `enable.auto.offset.store` are off), a group without offsets starts at the beginning
/// (`auto.offset.reset=earliest`), only committed transactions are read (`isolation.level=read_committed`), and ends of partitions
/// are reported (`enable.partition.eof`).
public final class Consumer {
    let client: ClientHandle
    let properties: Properties
    /// The batch that is being gathered. Records which `keepAlive` met wait in it for the next poll.
    var pending = PolledBatch()
    /// Whether `keepAlive` has paused the consumer, so that the next poll resumes it.
    var isHeld = false
    /// Partitions that the caller paused; `keepAlive` leaves them so when it resumes the others.
    var pausedByCaller: Set<TopicPartition> = []
    /// What is read now, be it assigned by hand or by the group.
    private(set) var assigned: [TopicPartition] = []
    /// Whether the group has given out a share, however small, that it has not taken back.
    private(set) var holdsShare = false
    private var topicNames = TopicNameCache()
    private var knownHeaders = HeaderCache()
    var scanBuffer: ScanBuffer?
    var fetchQueue: FetchQueue?

    /// Properties that hold unless others are given.
    public static let defaultProperties: Properties = [
        // librdkafka wants a group id even for manual assignment. No group is joined unless `subscribe` is called.
        "group.id": "none",
        "enable.auto.commit": "false",
        "enable.auto.offset.store": "false",
        "auto.offset.reset": "earliest",
        "isolation.level": "read_committed",
        "enable.partition.eof": "true",
        "allow.auto.create.topics": "false",
        "partition.assignment.strategy": "range,roundrobin",
    ]

    /// Properties for reading whole topics fast in little memory, to be merged into others.
    ///
    /// librdkafka's own would fetch up to 64 MiB ahead, hold back a partition for half a second when its queue was full, and report an
    /// end half a second late. Five million records of 256 partitions took 14.2 s and 168 MB with those, 3.0 s and 40 MB with these.
    public static let scanProperties: Properties = [
        "fetch.error.backoff.ms": "0",
        "fetch.max.bytes": "4194304",
        "fetch.wait.max.ms": "50",
        "queued.max.messages.kbytes": "16384",
        // Two small requests in a row must not wait for each other.
        "socket.nagle.disable": "true",
    ]

    /// Makes a consumer; it connects in the background.
    ///
    /// Throws where a property is unknown or has a bad value, and names it. `cooperative-sticky` is refused: librdkafka 2.0.2
    /// can crash and loop with it. `onLog` receives librdkafka's log lines, from within calls on this thread.
    public init(properties: Properties, onLog: LogHandler? = nil) throws(KafkaError) {
        let strategy = properties["partition.assignment.strategy"] ?? ""
        guard !strategy.contains("cooperative") else {
            throw KafkaError(
                code: RD_KAFKA_RESP_ERR__INVALID_ARG,
                message: "property \"partition.assignment.strategy\": \(strategy) is not supported, only range and roundrobin")
        }
        self.properties = properties.withDefaults(Self.defaultProperties)
        client = try ClientHandle(.consumer, properties: self.properties, onLog: onLog)
        client.context.onRebalance = { [unowned self] handle, event, partitions in
            rebalance(handle, event, partitions)
        }
    }

    deinit { close() }

    /// Leaves the group, if one was joined, and frees the consumer. Calls after the first do nothing.
    ///
    /// Takes some milliseconds where the group's coordinator can be reached, and else up to `timeoutMs`; then the consumer goes without
    /// leaving, and the group notices when the session times out.
    public func close(timeoutMs: Int = 10_000) {
        guard let handle = try? client.open() else { return }
        scanBuffer = nil
        fetchQueue = nil
        leaveGroup(handle, timeoutMs: timeoutMs)
        client.destroy()
        pending = PolledBatch()
    }

    // MARK: - What is read

    /// Joins the group and asks for a share of the topics' partitions. Which they are is reported by later polls.
    public func subscribe(_ topics: [String]) throws {
        let handle = try client.open()
        try PartitionList.with(topics.map { TopicPartition($0, Int32(RD_KAFKA_PARTITION_UA)) }) { list in
            try check(rd_kafka_subscribe(handle, list), "subscribe to \(topics.joined(separator: ", "))")
        }
    }

    /// Reads exactly these partitions from these offsets on, without a group. Replaces the assignment before.
    ///
    /// The offset is that of the first record wanted; `Offset.beginning` and `Offset.end` are understood as well.
    public func assign(_ offsets: [TopicPartition: Int64]) throws {
        let handle = try client.open()
        pending = PolledBatch()
        // librdkafka remembers a pause for a partition that comes back later.
        if isHeld || !pausedByCaller.isEmpty { try resume(Array(assignment())) }
        isHeld = false
        try PartitionList.with(offsets.map { ($0.key, $0.value) }) { list in
            try check(rd_kafka_assign(handle, list), "assign \(offsets.count) partitions")
        }
        assigned = Array(offsets.keys)
    }

    /// Reads nothing any more.
    public func unassign() throws {
        try assign([:])
    }

    /// The partitions that are read now.
    public func assignment() throws -> Set<TopicPartition> {
        let handle = try client.open()
        var list: PartitionList.Pointer?
        try check(rd_kafka_assignment(handle, &list), "read the assignment")
        defer { list.map(rd_kafka_topic_partition_list_destroy) }
        return Set(PartitionList.entries(list).map(\.partition))
    }

    /// Whether the group has already given the assignment to others (the session timed out, or polls came too late), though
    /// no poll has reported it yet. False once the consumer is closed.
    public var isAssignmentLost: Bool {
        guard let handle = try? client.open() else { return false }
        return rd_kafka_assignment_lost(handle) != 0
    }

    // MARK: - Reading

    /// Waits up to `timeoutMs` for records, and returns at most `maxRecords` of them, or less when they have `maxBytes` together. One
    /// record is returned whatever its size.
    ///
    /// Returns as soon as records are there and no more are waiting, or the group moved partitions, or an end was reached with nothing
    /// behind it. The group's rebalances happen inside this call. A consumer in a group has to call it, or `keepAlive`, more often than
    /// every `max.poll.interval.ms`. Throws only where the consumer is closed, or has met a fatal error; everything
    /// that mends itself is among the notices.
    public func poll(maxRecords: Int, maxBytes: Int = .max, timeoutMs: Int) throws -> PolledBatch {
        let handle = try client.open()
        try releaseHold()
        // One message a call: a rebalance that runs inside a call comes before the message that the call returns, so it is known
        // which records were read before it. rd_kafka_consume_batch_queue mixes them.
        var wait = pending.isEmpty ? Int32(clamping: timeoutMs) : 0
        let before = (records: pending.records.count, bytes: pending.byteCount)
        while pending.records.count < maxRecords, pending.byteCount < maxBytes {
            let movesBefore = pending.assigned.count + pending.revoked.count
            guard let message = rd_kafka_consumer_poll(handle, wait) else { break }
            receive(message)
            rd_kafka_message_destroy(message)
            if pending.assigned.count + pending.revoked.count != movesBefore { break }
            wait = 0
        }
        let taken = (records: pending.records.count - before.records, bytes: pending.byteCount - before.bytes)
        if try openFetchQueue(handle).isDrainDue(afterBatchOf: taken.records, bytes: taken.bytes) { try wakeFetching(handle) }
        return try takePending()
    }

    /// Serves the group without handing out records, for waits in the middle of a batch.
    ///
    /// Returns at once, or waits up to `timeoutMs` as long as nothing happens.
    /// Look at `revoked` and `lost` in the result. Records that arrive are kept for the next `poll`; after some of them the consumer
    /// is paused, and the next `poll` resumes it.
    public func keepAlive(timeoutMs: Int = 0) throws -> PolledBatch {
        let handle = try client.open()
        if pending.records.count >= Self.keepAliveRecordLimit || pending.byteCount >= Self.keepAliveByteLimit { try hold() }
        if let message = rd_kafka_consumer_poll(handle, Int32(clamping: timeoutMs)) {
            receive(message)
            rd_kafka_message_destroy(message)
        }
        try client.throwIfFatal()
        var batch = PolledBatch()
        swap(&batch.assigned, &pending.assigned)
        swap(&batch.revoked, &pending.revoked)
        swap(&batch.lost, &pending.lost)
        batch.notices = client.context.takeNotices()
        return batch
    }

    /// So few that they cost nothing, and so many that a wait of a few seconds does not throw away what has been fetched: a
    /// pause empties librdkafka's queues.
    private static let keepAliveRecordLimit = 100
    /// The same for large records.
    private static let keepAliveByteLimit = 1 << 20

    private func takePending() throws(KafkaError) -> PolledBatch {
        try client.throwIfFatal()
        pending.notices += client.context.takeNotices()
        defer { pending = PolledBatch() }
        return pending
    }

    /// Files a message or an event where it belongs. The message stays the caller's.
    private func receive(_ message: UnsafeMutablePointer<rd_kafka_message_t>) {
        switch message.pointee.err {
        case RD_KAFKA_RESP_ERR_NO_ERROR:
            let topic = topicNames.name(of: message.pointee.rkt)
            pending.append(Record(copying: message, topic: topic, &knownHeaders))
        case RD_KAFKA_RESP_ERR__PARTITION_EOF:
            let topic = topicNames.name(of: message.pointee.rkt)
            pending.ends[TopicPartition(topic, message.pointee.partition)] = message.pointee.offset
        default:
            client.context.note(KafkaError(event: message))
        }
    }

    // MARK: - The group

    /// Follows what the group decided. Runs inside poll, keepAlive and close.
    private func rebalance(_ handle: OpaquePointer, _ event: rd_kafka_resp_err_t, _ list: PartitionList.Pointer?) {
        let partitions = PartitionList.entries(list).map(\.partition)
        if event == RD_KAFKA_RESP_ERR__ASSIGN_PARTITIONS {
            rd_kafka_assign(handle, list)
            if isHeld { rd_kafka_pause_partitions(handle, list) }
            pending.assigned += partitions
            assigned = partitions
            holdsShare = true
        } else {
            // Revoked, or an error, which is to be treated the same way.
            let lost = rd_kafka_assignment_lost(handle) != 0
            // librdkafka remembers a pause for a partition that comes back later.
            if isHeld || !pausedByCaller.isEmpty { rd_kafka_resume_partitions(handle, list) }
            rd_kafka_assign(handle, nil)
            pending.revoke(partitions, lost: lost)
            assigned = []
            holdsShare = false
            pausedByCaller = []
        }
    }

    func check(_ code: rd_kafka_resp_err_t, _ action: String) throws(KafkaError) {
        guard code == RD_KAFKA_RESP_ERR_NO_ERROR else { throw client.failure(code, action) }
    }
}

/// Offsets with a meaning of their own.
public enum Offset {
    /// The first record that is there.
    public static let beginning = Int64(RD_KAFKA_OFFSET_BEGINNING)
    /// Past the last record that is there.
    public static let end = Int64(RD_KAFKA_OFFSET_END)
}
