import Domain
import Kafka

/// How the pipeline's own topics are created where they are absent. The change topics are the connector's.
public struct TopicSetup: Sendable, Equatable {
    /// The number of partitions of each: the most workers, over all machines, that can share a hop. It cannot be changed later
    /// without stranding keys, so there are more than most need.
    public var partitions = 24
    /// -1 leaves it to the broker.
    public var replication = -1
    /// How long superseded aggregates and God objects are kept at least, so that a reconciliation can still look at what it
    /// has just read: a day.
    public var minCompactionLagMs: Int64 = 86_400_000
    /// How long signals are kept: 30 days. One that is deleted before the aggregator has read it is a change that nobody looks at,
    /// so this is the longest time for which the aggregator may be down.
    public var signalRetentionMs: Int64 = 30 * 86_400_000

    public init() {}

    /// Creates what the hops need and is not there.
    ///
    /// - Returns: The number of partitions of each topic that was looked at.
    func ensure(settings: PipelineSettings, hops: [Hop], cluster: Cluster) throws -> [String: Int] {
        var counts: [String: Int] = [:]
        for topic in Self.ownTopics(settings, hops) {
            counts[topic] = try existing(topic, cluster, settings) ?? create(topic, cluster, settings)
        }
        return counts
    }

    /// Creates the control topic where it is absent: one partition, for it holds next to nothing.
    func ensureControlTopic(settings: PipelineSettings, cluster: Cluster, timeoutMs: Int) throws {
        guard try existing(settings.topics.control, cluster, settings) == nil else { return }
        _ = try create(settings.topics.control, cluster, settings, timeoutMs: timeoutMs)
    }

    private static func ownTopics(_ settings: PipelineSettings, _ hops: [Hop]) -> [String] {
        let change = Set(settings.topics.change.keys)
        return Set(hops.flatMap { settings.inputs($0) + settings.outputs($0) }).subtracting(change).sorted()
    }

    private func existing(_ topic: String, _ cluster: Cluster, _ settings: PipelineSettings) throws -> Int? {
        do {
            return try cluster.partitionCount(topic, timeoutMs: settings.startTimeoutMs)
        } catch let error as KafkaError {
            throw PipelineError(.kafkaUnreachable, error.message)
        }
    }

    private func create(
        _ topic: String, _ cluster: Cluster, _ settings: PipelineSettings, timeoutMs: Int? = nil
    ) throws -> Int {
        let partitions = try partitionsOfTwin(of: topic, cluster, settings) ?? partitions(of: topic, settings)
        do {
            try cluster.createTopic(
                topic, partitions: partitions, replication: replication, config: config(of: topic, settings),
                timeoutMs: timeoutMs ?? settings.startTimeoutMs)
            return partitions
        } catch let error as KafkaError where error.name == "TOPIC_ALREADY_EXISTS" {
            // Another process was faster.
            if let count = try existing(topic, cluster, settings) { return count }
            throw PipelineError(.topicNotCreated, "topic \(topic) is being created by someone else; start again in a moment")
        } catch let error as KafkaError {
            throw PipelineError(
                .topicNotCreated,
                "topic \(topic) does not exist and could not be created (\(error.message)); create it: "
                    + Self.command(for: topic, partitions: partitions, settings: settings))
        }
    }

    /// The signals and the aggregate topic have the same number of partitions: where one of them is there, it decides.
    private func partitionsOfTwin(of topic: String, _ cluster: Cluster, _ settings: PipelineSettings) throws -> Int? {
        switch topic {
        case settings.topics.signals: try existing(settings.topics.aggregate, cluster, settings)
        case settings.topics.aggregate: try existing(settings.topics.signals, cluster, settings)
        default: nil
        }
    }

    private func partitions(of topic: String, _ settings: PipelineSettings) -> Int {
        topic == settings.topics.control ? 1 : partitions
    }

    /// The settings of a topic: what can be read again from MySQL is only kept for a while, what is the state is compacted.
    private func config(of topic: String, _ settings: PipelineSettings) -> [String: String] {
        guard topic != settings.topics.signals else {
            return ["cleanup.policy": "delete", "retention.ms": "\(signalRetentionMs)", "retention.bytes": "-1"]
        }
        guard topic != settings.topics.control else { return ["cleanup.policy": "compact"] }
        return ["cleanup.policy": "compact", "min.compaction.lag.ms": "\(minCompactionLagMs)"]
    }

    /// The command that creates a topic as this would.
    ///
    /// - Parameter partitions: The number of its partitions; what the settings say by default.
    static func command(for topic: String, partitions: Int? = nil, settings: PipelineSettings) -> String {
        let setup = settings.topicSetup ?? TopicSetup()
        let bootstrap = settings.kafka["bootstrap.servers"] ?? "BROKER:9092"
        let config = setup.config(of: topic, settings).sorted { $0.key < $1.key }
            .map { " --config \($0.key)=\($0.value)" }.joined()
        let partitions = partitions ?? setup.partitions(of: topic, settings)
        return "kafka-topics.sh --bootstrap-server \(bootstrap) --create --topic \(topic) --partitions \(partitions)\(config)"
    }
}
