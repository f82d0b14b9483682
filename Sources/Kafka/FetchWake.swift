import CRDKafka

/// Notices when a consumer has made room for more in its queue, which is when librdkafka has to be told.
///
/// The thread that talks to a broker asks it for more only while the queue is below its limits (`queued.min.messages`,
/// `queued.max.messages.kbytes`), and looks at the queue only when something happens to the thread itself: an answer, a request, or a
/// second gone by. That the application takes messages out is no such event. So in librdkafka 2.0.2 a queue that was found full is
/// filled once a second, and the smaller it is the slower a reader goes (`fetch.queue.backoff.ms`, the property against that, came
/// with 2.2.0).
struct DrainNotice {
    /// `queued.min.messages`.
    private let messageLimit: Int
    /// `queued.max.messages.kbytes`.
    private let byteLimit: Int
    /// The most messages that waited since the last notice, as far as anyone saw.
    private var most = 0

    /// - Parameter properties: The consumer's; where they say nothing, librdkafka's own apply.
    init(_ properties: Properties) {
        messageLimit = properties["queued.min.messages"].flatMap { Int($0) } ?? 100_000
        byteLimit = (properties["queued.max.messages.kbytes"].flatMap { Int($0) } ?? 65_536) * 1_000
    }

    /// Says whether the queue was full, and there is room again.
    ///
    /// Where records are so small that their number alone matters, that is known. How many bytes wait nobody tells, so where it may be the
    /// bytes, it is time whenever no more than half of what had waited is left: halving again and again comes below any limit at last.
    ///
    /// - Parameters:
    ///   - taken: Messages that have just been taken out; 0 after waiting for any in vain.
    ///   - takenBytes: The bytes of their values.
    ///   - left: Messages that still wait.
    mutating func isDue(taken: Int, takenBytes: Int, left: Int) -> Bool {
        most = max(most, taken + left)
        let isDue =
            if taken > 0, takenBytes * messageLimit < byteLimit / 2 * taken {
                most >= messageLimit && left < messageLimit
            } else {
                most > 0 && left <= most / 2
            }
        if isDue { most = left }
        return isDue
    }

    /// The same where records are followed as they come, in batches: as long as so little waits that the queue cannot have been full,
    /// there is nothing to notice, and no request is made on a quiet topic.
    mutating func isDue(afterBatchOf taken: Int, bytes takenBytes: Int, left: Int) -> Bool {
        let waited = max(most, taken + left)
        guard taken > 0, waited >= min(messageLimit, Self.fewMessages) || takenBytes / taken * waited >= byteLimit / 4 else {
            most = 0
            return false
        }
        return isDue(taken: taken, takenBytes: takenBytes, left: left)
    }

    private static let fewMessages = 1_000
}

/// The queue that a consumer takes its messages from, and what was noticed about it.
final class FetchQueue {
    let handle: OpaquePointer
    private var notice: DrainNotice

    init?(_ consumer: OpaquePointer, _ properties: Properties) {
        guard let handle = rd_kafka_queue_get_consumer(consumer) else { return nil }
        self.handle = handle
        notice = DrainNotice(properties)
    }

    deinit { rd_kafka_queue_destroy(handle) }

    /// See ``DrainNotice/isDue(taken:takenBytes:left:)``.
    func isDrainDue(taken: Int, takenBytes: Int) -> Bool {
        notice.isDue(taken: taken, takenBytes: takenBytes, left: rd_kafka_queue_length(handle))
    }

    /// See ``DrainNotice/isDue(afterBatchOf:bytes:left:)``.
    func isDrainDue(afterBatchOf taken: Int, bytes takenBytes: Int) -> Bool {
        notice.isDue(afterBatchOf: taken, bytes: takenBytes, left: rd_kafka_queue_length(handle))
    }
}

extension Consumer {
    /// Makes the threads that talk to the assigned partitions' leaders look at the queue again.
    ///
    /// Any request does that. This one is small, and its answer is not waited for: with a timeout of nothing, librdkafka sends it, calls
    /// it timed out, and drops what comes back.
    func wakeFetching(_ handle: OpaquePointer) throws {
        guard !assigned.isEmpty else { return }
        try PartitionList.with(assigned, offset: Offset.end) { list in
            // Whatever goes wrong, the threads look by themselves a little later.
            _ = rd_kafka_offsets_for_times(handle, list, 0)
        }
    }

    func openFetchQueue(_ handle: OpaquePointer) throws(KafkaError) -> FetchQueue {
        if let fetchQueue { return fetchQueue }
        guard let queue = FetchQueue(handle, properties) else {
            throw KafkaError(code: RD_KAFKA_RESP_ERR__UNKNOWN_GROUP, message: "the consumer has no queue")
        }
        fetchQueue = queue
        return queue
    }
}
