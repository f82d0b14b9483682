import Kafka

/// The second consumer of an enricher. It is made when there is something to replay, and closed when there is not.
final class KafkaReplaySource: ReplaySource {
    private let settings: PipelineSettings
    private let board: ReplayBoard
    private let onLog: LogHandler
    /// A consumer, and the request whose progress it can commit.
    private var consumer: (requestID: String, consumer: Consumer)?

    init(settings: PipelineSettings, board: ReplayBoard, onLog: @escaping LogHandler) {
        self.settings = settings
        self.board = board
        self.onLog = onLog
    }

    var requests: [ReplayRequest] { board.requests }

    func progress(of request: ReplayRequest, in partition: TopicPartition) throws -> Int64? {
        try translatingFailures {
            try consumer(for: request).committed([partition], timeoutMs: Self.timeoutMs)[partition]
        }
    }

    func record(progress: Int64, of request: ReplayRequest, in partition: TopicPartition) throws {
        try translatingFailures {
            try consumer(for: request).commit([partition: progress], timeoutMs: Self.timeoutMs)
        }
    }

    func seek(_ partition: TopicPartition, to offset: Int64) throws {
        try translatingFailures { try consumer?.consumer.assign([partition: offset]) }
    }

    func read(maxRecords: Int, timeoutMs: Int) throws -> Poll {
        guard let consumer = consumer?.consumer else { return Poll() }
        return try translatingFailures {
            let batch = try consumer.poll(
                maxRecords: maxRecords, maxBytes: settings.enricher.batch.maxBytes, timeoutMs: timeoutMs)
            // What the first consumer meets too need not be said twice; the rest of a read that fails is read again.
            return Poll(records: batch.records, ends: batch.ends)
        }
    }

    func rest() {
        consumer?.consumer.close()
        consumer = nil
    }

    private func consumer(for request: ReplayRequest) throws -> Consumer {
        if let consumer, consumer.requestID == request.id { return consumer.consumer }
        rest()
        var properties = settings.consumerProperties(.enricher)
        properties["group.id"] = request.progressGroup(of: settings.groups.enricher)
        let made = try Consumer(
            properties: properties.merging(Consumer.scanProperties) { given, _ in given }, onLog: onLog)
        consumer = (request.id, made)
        return made
    }

    private static let timeoutMs = 10_000
}
