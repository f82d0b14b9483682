import Domain
import Kafka
import Source

/// Everything that the pipeline is told.
public struct PipelineSettings: Sendable {
    /// The cluster: `bootstrap.servers`, and any other property of librdkafka. What the pipeline's promises rest on is set over them.
    public var kafka: Properties
    public var topics: TopicNames
    public var groups = GroupNames()
    /// MySQL and the aggregate query.
    public var source: SourceSettings
    public var ledgerPath = "ledger.sqlite"
    /// Whether productions are written to the ledger. Off only where it is measured what that costs: no settings file can say so.
    public var isRecording = true
    public var parkedPath = "parked.sqlite"
    public var notFound = NotFoundPolicy.null
    public var intake = HopSettings()
    public var aggregator = HopSettings()
    public var enricher = HopSettings()
    /// Whether to run although the server cannot say up to where its snapshots see. An event that comes before its row is visible
    /// then leaves an old aggregate, until the user changes again or a verification finds it.
    public var acceptsUnknownPosition = false
    /// How absent topics of ours are created; nil creates none, and says how to.
    public var topicSetup: TopicSetup? = TopicSetup()
    /// How long the start-up checks wait for Kafka, and for the mapping service.
    public var startTimeoutMs = 5_000
    /// How long a stop may take: a batch in hand that is not finished by then is given up, and read again at the next start.
    public var drainTimeoutMs = 15_000

    public init(kafka: Properties, topics: TopicNames, source: SourceSettings) {
        self.kafka = kafka
        self.topics = topics
        self.source = source
    }

    /// One hop: how many threads, and how they batch.
    public struct HopSettings: Sendable, Equatable {
        /// More than the input has partitions only idle.
        public var workers = 1
        public var batch = BatchSettings()

        public init() {}
    }

    /// The topics between the hops.
    public struct TopicNames: Sendable {
        /// The change topics, and how to read each.
        public var change: [String: ChangeEventDecoder]
        public var signals = "rollcall.signals"
        public var aggregate = "rollcall.aggregate"
        public var god = "rollcall.god"
        /// What people ask of the running pipeline: replays.
        public var control = "rollcall.control"

        public init(change: [String: ChangeEventDecoder]) {
            self.change = change
        }
    }

    /// The consumer groups, one per hop.
    public struct GroupNames: Sendable, Equatable {
        public var intake = "rollcall.intake"
        public var aggregator = "rollcall.aggregate"
        public var enricher = "rollcall.enrich"

        public init() {}
    }

    func hop(_ hop: Hop) -> HopSettings {
        switch hop {
        case .intake: intake
        case .aggregator: aggregator
        case .enricher: enricher
        }
    }

    func group(_ hop: Hop) -> String {
        switch hop {
        case .intake: groups.intake
        case .aggregator: groups.aggregator
        case .enricher: groups.enricher
        }
    }

    /// What a hop reads.
    func inputs(_ hop: Hop) -> [String] {
        switch hop {
        case .intake: topics.change.keys.sorted()
        case .aggregator: [topics.signals]
        case .enricher: [topics.aggregate]
        }
    }

    /// What a hop writes.
    func outputs(_ hop: Hop) -> [String] {
        switch hop {
        case .intake: [topics.signals]
        case .aggregator: [topics.aggregate]
        case .enricher: [topics.god, topics.signals]
        }
    }

    /// The properties of a hop's consumer: those that the promises rest on are not for the settings to change.
    ///
    /// - Parameter worker: The member of the group that it is for; nil for a consumer that joins none.
    func consumerProperties(_ hop: Hop, worker: String? = nil) -> Properties {
        var properties = kafka.filter { !ProducerOnly.properties.contains($0.key) }
        // librdkafka's own 64 MiB are per consumer, and so per worker.
        properties["queued.max.messages.kbytes"] = properties["queued.max.messages.kbytes"] ?? "16384"
        // Two members with one name would put each other out of the group.
        properties["group.instance.id"] = worker.flatMap { name in kafka["group.instance.id"].map { "\($0)-\(name)" } }
        return properties.merging([
            "group.id": group(hop), "enable.auto.commit": "false", "enable.auto.offset.store": "false",
            "auto.offset.reset": "earliest", "isolation.level": "read_committed", "enable.partition.eof": "true",
        ]) { _, ours in ours }
    }

    /// How long the group waits for a member that says nothing; librdkafka's default is 45 s.
    var sessionTimeoutMs: Int { kafka["session.timeout.ms"].flatMap { Int($0) } ?? 45_000 }

    /// How long a producer tries to deliver a record: two thirds of the session timeout, where librdkafka would take 5 minutes.
    /// It is then sent anew, and never after the group could have given this worker's partitions to another.
    var messageTimeoutMs: Int {
        kafka["message.timeout.ms"].flatMap { Int($0) } ?? kafka["delivery.timeout.ms"].flatMap { Int($0) }
            ?? sessionTimeoutMs * 2 / 3
    }

    /// The largest record that a producer takes; librdkafka's default is one megabyte.
    var messageMaxBytes: Int { kafka["message.max.bytes"].flatMap { Int($0) } ?? 1_000_000 }

    /// How much a producer may hold. librdkafka's own gigabyte is per producer, and so per worker; a batch that is larger waits for
    /// room. Unless it is set, the largest record finds room.
    var producerQueueKilobytes: Int {
        kafka["queue.buffering.max.kbytes"].flatMap { Int($0) } ?? max(32_768, messageMaxBytes / 1_024 + 1)
    }

    /// The properties of a hop's producer.
    public func producerProperties() -> Properties {
        var properties = kafka.filter { !ConsumerOnly.properties.contains($0.key) && $0.key != "delivery.timeout.ms" }
        properties["queue.buffering.max.kbytes"] = "\(producerQueueKilobytes)"
        // Of zstd, which compresses unless the settings say otherwise. Its usual level 3 fills tables of 768 KiB anew for each of the many
        // small batches of a flush (one per partition), level 1 tables of 64 KiB; such small batches come out hardly larger.
        let isOurs = properties.keys.allSatisfy { !$0.hasPrefix("compression.") }
        if isOurs { properties["compression.level"] = "1" }
        return properties.merging([
            "message.timeout.ms": "\(messageTimeoutMs)", "enable.idempotence": "true", "acks": "all",
            "partitioner": "murmur2_random",
        ]) { _, ours in ours }
    }

    /// Properties that only a producer knows, by librdkafka's CONFIGURATION.md; a consumer would warn about them.
    private enum ProducerOnly {
        static let properties: Set<String> = [
            "message.timeout.ms", "delivery.timeout.ms", "linger.ms", "queue.buffering.max.ms", "batch.size",
            "batch.num.messages", "compression.type", "compression.codec", "compression.level", "retries",
            // Known to both, and meant for the producer: a consumer's commit would wait behind its fetch.
            "max.in.flight", "max.in.flight.requests.per.connection",
            "message.send.max.retries", "queue.buffering.max.messages", "queue.buffering.max.kbytes",
        ]
    }

    /// Properties that only a consumer knows.
    private enum ConsumerOnly {
        static let properties: Set<String> = [
            "session.timeout.ms", "heartbeat.interval.ms", "max.poll.interval.ms", "group.instance.id", "fetch.wait.max.ms",
            "fetch.min.bytes", "fetch.max.bytes", "fetch.message.max.bytes", "max.partition.fetch.bytes",
            "fetch.error.backoff.ms", "queued.min.messages", "queued.max.messages.kbytes", "partition.assignment.strategy",
            "check.crcs",
        ]
    }
}
