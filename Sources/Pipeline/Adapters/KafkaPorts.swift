import Domain
import Kafka
import Logging

/// A consumer in a group, as a step sees it.
final class KafkaSource: RecordSource {
    private let consumer: Consumer
    private let properties: Properties
    private let timeoutMs: Int
    private let logger: Logger

    /// - Parameters:
    ///   - properties: Those of the consumer, from which another is made that looks back.
    ///   - timeoutMs: How long to wait for the answer to a question about a partition.
    init(_ consumer: Consumer, properties: Properties, timeoutMs: Int, logger: Logger) {
        self.consumer = consumer
        self.properties = properties
        self.timeoutMs = timeoutMs
        self.logger = logger
    }

    func history(of partitions: Set<TopicPartition>, lookBack: Int) throws -> [TopicPartition: PartitionHistory] {
        try translatingFailures {
            let committed = try consumer.committed(Array(partitions), timeoutMs: timeoutMs)
            let watermarks = try consumer.watermarks(Array(partitions), timeoutMs: timeoutMs)
            let last = try LookBack(properties: properties, offsets: lookBack).records(before: committed, within: watermarks)
            return watermarks.reduce(into: [:]) { histories, entry in
                let (partition, marks) = entry
                histories[partition] = PartitionHistory(
                    committed: committed[partition], low: marks.low, high: marks.high, last: last[partition] ?? [])
            }
        }
    }

    func poll(maxRecords: Int, maxBytes: Int, timeoutMs: Int) throws -> Poll {
        try translatingFailures {
            try poll(of: consumer.poll(maxRecords: maxRecords, maxBytes: maxBytes, timeoutMs: timeoutMs))
        }
    }

    func keepAlive() throws -> Poll {
        try translatingFailures { try poll(of: consumer.keepAlive()) }
    }

    func commit(_ offsets: [TopicPartition: Int64], whileWaiting: () throws -> Void) throws {
        try translatingFailures { try consumer.commit(offsets, whileWaiting: whileWaiting) }
    }

    func end(of partition: TopicPartition) throws -> Int64 {
        try translatingFailures {
            guard let count = try consumer.partitionCount(partition.topic, timeoutMs: timeoutMs), partition.partition < count
            else {
                return 0
            }
            return try consumer.watermarks(partition, timeoutMs: timeoutMs).high
        }
    }

    func partitionCount(of topic: String) throws -> Int? {
        try translatingFailures { try consumer.partitionCount(topic, timeoutMs: timeoutMs) }
    }

    var isAssignmentLost: Bool { consumer.isAssignmentLost }

    /// - Throws: ``PortFailure`` of kind `fatal` for the notices that the client cannot mend by itself.
    private func poll(of batch: PolledBatch) throws -> Poll {
        var poll = Poll(
            records: batch.records, ends: batch.ends, assigned: Set(batch.assigned), revoked: Set(batch.revoked))
        for notice in batch.notices {
            switch notice.name {
            case "_MAX_POLL_EXCEEDED":
                logger.warning("the group went on without this worker, which took too long over a batch: \(notice.message)")
            case "_AUTO_OFFSET_RESET":
                logger.warning(
                    "records were deleted before they were read; reading on from the first one left: \(notice.message)")
            default:
                if let failure = PortFailure(outOfBand: notice) { throw failure }
                poll.notices.append(notice.message)
            }
        }
        return poll
    }
}

/// A producer, as a step sees it.
final class KafkaSink: RecordSink {
    private let producer: Producer

    init(_ producer: Producer) {
        self.producer = producer
    }

    func send(_ record: OutgoingRecord, whileWaiting: () throws -> Void) throws -> UInt64 {
        try translatingFailures { try producer.send(record, whileWaiting: whileWaiting) }
    }

    func flush(timeoutMs: Int, whileWaiting: () throws -> Void) throws -> [Receipt] {
        try translatingFailures {
            let deliveries = try producer.flush(timeoutMs: timeoutMs, whileWaiting: whileWaiting)
            var isUnderWay = false
            let receipts = deliveries.map { delivery -> Receipt in
                switch delivery.result {
                case .success(let position):
                    let address = position.offset.map { RecordAddress(partition: position.partition, offset: $0) }
                    return Receipt(ticket: delivery.ticket, outcome: .delivered(address))
                case .failure(let error):
                    isUnderWay = isUnderWay || error.name == "_TIMED_OUT"
                    return Receipt(ticket: delivery.ticket, outcome: .failed(PortFailure(error)))
                }
            }
            // What has no answer yet must not arrive after what is sent in its place.
            if isUnderWay { try producer.purge() }
            return receipts
        }
    }

    func purge() throws {
        try translatingFailures { try producer.purge() }
    }
}
