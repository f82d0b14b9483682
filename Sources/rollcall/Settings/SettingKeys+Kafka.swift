import Domain
import Pipeline

struct KafkaKeys: SettingsSection {
    let path = "kafka"
    let summary = "The Kafka cluster."
    let bootstrap = SettingKey(
        required: "kafka.bootstrap", .text, example: "127.0.0.1:9092", "Some of the brokers: host:port, separated by commas.")
    let properties = SettingKey(
        "kafka.properties",
        .texts(
            "a mapping of librdkafka properties",
            memberName: { $0.lowercased().replacing("_", with: ".") },
            isSecret: { KafkaKeys.secretProperties.contains($0) },
            refuse: { KafkaKeys.reservedProperties[$0] }),
        default: NamedTexts(),
        example: """
            security.protocol: SASL_SSL
            sasl.mechanism: PLAIN
            sasl.username: rollcall
            sasl.password_file: /etc/rollcall/kafka.password
            """,
        """
        Any property of librdkafka, for all clients. A member NAME_file holds a file whose text becomes NAME; \
        secrets can only be given that way or by the environment (ROLLCALL_KAFKA_PROPERTIES_SASL_PASSWORD). Unless given, the queues \
        of each worker of `stream` are bounded by queued.max.messages.kbytes: 16384 and queue.buffering.max.kbytes: 32768.
        """)
    let topics = KafkaTopicKeys()
    let groups = KafkaGroupKeys()

    /// Properties that are secrets, by librdkafka's `CONFIGURATION.md`.
    static let secretProperties: Set<String> = [
        "sasl.password", "ssl.key.password", "ssl.keystore.password", "ssl.key.pem", "sasl.oauthbearer.client.secret",
    ]

    /// Properties on which promises of the pipeline rest, and what to do instead of setting them.
    static let reservedProperties: [String: String] = [
        "bootstrap.servers": "belongs to Rollcall; set kafka.bootstrap instead",
        "metadata.broker.list": "belongs to Rollcall; set kafka.bootstrap instead",
        "group.id": "belongs to Rollcall; set kafka.groups instead",
        "enable.auto.commit": "belongs to Rollcall, which commits offsets after their effects; remove it",
        "enable.auto.offset.store": "belongs to Rollcall, which commits offsets after their effects; remove it",
        "auto.offset.reset": "belongs to Rollcall, which never skips records; remove it",
        "isolation.level": "belongs to Rollcall, which reads committed records only; remove it",
        "enable.partition.eof": "belongs to Rollcall; remove it",
        "enable.idempotence": "belongs to Rollcall, whose producers are idempotent; remove it",
        "acks": "belongs to Rollcall, which waits for all replicas; remove it",
        "request.required.acks": "belongs to Rollcall, which waits for all replicas; remove it",
        "partitioner": "belongs to Rollcall, which places keys as Java clients do; remove it",
    ]
}

struct KafkaTopicKeys: SettingsSection {
    let path = "kafka.topics"
    let summary = "Rollcall's own topics. The signals and the aggregate topic need the same number of partitions."
    let signals = SettingKey(
        "kafka.topics.signals", .topic, default: "rollcall.signals", "Signals: users to look at, and as of when.")
    let aggregate = SettingKey(
        "kafka.topics.aggregate", .topic, default: "rollcall.aggregate",
        "Aggregates, keyed by user id; cleanup.policy=compact.")
    let god = SettingKey(
        "kafka.topics.god", .topic, default: "rollcall.god", "God objects, keyed by user id; cleanup.policy=compact.")
    let control = SettingKey(
        "kafka.topics.control", .topic, default: "rollcall.control",
        "What people ask of the running pipeline, such as replays; one partition, cleanup.policy=compact.")
    let create = SettingKey(
        "kafka.topics.create", .boolean, default: true,
        "Whether `stream` creates those of these that are absent. The change topics are the connector's.")
    let partitions = SettingKey(
        "kafka.topics.partitions", .integer(1...10_000), default: 24,
        "Partitions of a topic that is created: the most workers, over all machines, that can share a hop. More later strand keys."
    )
    let replication = SettingKey(
        optional: "kafka.topics.replication_factor", .integer(1...32), example: "3",
        "Replicas of a topic that is created; without this setting, the broker's default.")
    let compactionLag = SettingKey(
        "kafka.topics.min_compaction_lag_seconds", .seconds(0...31_536_000), default: 86_400,
        "How long a created topic keeps superseded aggregates and God objects at least; more than a run of `verify` takes.")
    let signalRetention = SettingKey(
        "kafka.topics.signal_retention_seconds", .seconds(3_600...315_360_000), default: 2_592_000,
        "How long a created signals topic keeps signals; longer than the aggregator may ever be down. The default is 30 days.")
}

struct KafkaGroupKeys: SettingsSection {
    let path = "kafka.groups"
    let summary = "The consumer groups of the pipeline's hops."
    let intake = SettingKey("kafka.groups.intake", .text, default: "rollcall.intake", "Change topics to signals.")
    let aggregate = SettingKey("kafka.groups.aggregate", .text, default: "rollcall.aggregate", "Signals to aggregates.")
    let enrich = SettingKey("kafka.groups.enrich", .text, default: "rollcall.enrich", "Aggregates to God objects.")
}

struct PipelineKeys: SettingsSection {
    let path = "pipeline"
    let summary = "How `stream` works."
    let workers = PipelineWorkerKeys()
    let batch = PipelineBatchKeys()
    let startTimeout = SettingKey(
        "pipeline.start_timeout_seconds", .seconds(0.1...600), default: 5, "How long the checks at the start wait for Kafka.")
    let drainTimeout = SettingKey(
        "pipeline.drain_timeout_seconds", .seconds(0...600), default: 15,
        "How long a stop may take; a batch that is not finished by then is read again at the next start.")
    let acceptUnknownPosition = SettingKey(
        "pipeline.accept_unknown_position", .boolean, default: false,
        "Whether to run although the server cannot say up to where its snapshots see (MySQL without GTIDs). It gives a promise up: an event that comes before its row is visible leaves an old aggregate, until the user changes again or `verify` finds it."
    )
}

struct PipelineWorkerKeys: SettingsSection {
    let path = "pipeline.workers"
    let summary = "Threads per hop. More than its input has partitions only idle; more machines join the same groups."
    let intake = SettingKey("pipeline.workers.intake", .integer(1...256), default: 1, "Change topics to signals.")
    let aggregate = SettingKey("pipeline.workers.aggregate", .integer(1...256), default: 1, "Signals to aggregates.")
    let enrich = SettingKey("pipeline.workers.enrich", .integer(1...256), default: 1, "Aggregates to God objects.")
}

struct PipelineBatchKeys: SettingsSection {
    let path = "pipeline.batch"
    let summary = "Records that are taken together, per hop. Larger batches gain by de-duplication; a crash repeats one batch."
    let intake = SettingKey(
        "pipeline.batch.intake", .integer(1...100_000), default: BatchSettings().maxRecords, "Change events per batch.")
    let aggregate = SettingKey(
        "pipeline.batch.aggregate", .integer(1...10_000), default: BatchSettings().maxRecords,
        "Signals per batch. Their users are read in one snapshot, 500 by a query.")
    let enrich = SettingKey(
        "pipeline.batch.enrich", .integer(1...10_000), default: BatchSettings().maxRecords, "Aggregates per batch.")
    let size = SettingKey(
        "pipeline.batch.max_size", .size(65_536...(1 << 30)), default: 16 << 20,
        "After so many bytes a batch is complete, however few its records are. Each worker holds about two such batches in memory."
    )
    let flushTimeout = SettingKey(
        "pipeline.batch.flush_timeout_seconds", .seconds(0.1...3_600), default: 40,
        """
        How long a batch's deliveries may take before it is said that the broker does not answer; more than message.timeout.ms, which \
        is two thirds of session.timeout.ms (30 s) unless set.
        """)
}
