import Domain
import Kafka
import MySQL
import Source

/// Looks, before anything is started, whether all that the chosen hops need is there. Each check says in seconds what is
/// missing, where, and what to do.
struct StartUpChecks {
    let settings: PipelineSettings
    let hops: [Hop]

    func run() throws {
        try checkTimeouts()
        try checkKafka()
        if hops.contains(.aggregator) { try checkSource() }
    }

    /// A step that waits longer than half of `max.poll.interval.ms` in one call could be put out of its group for being busy.
    private func checkTimeouts() throws {
        let intervalMs = settings.kafka["max.poll.interval.ms"].flatMap { Int($0) } ?? 300_000
        for hop in hops where settings.hop(hop).batch.flushTimeoutMs * 2 > intervalMs {
            throw PipelineError(
                .badSetting,
                "\(hop.rawValue): a flush may take \(settings.hop(hop).batch.flushTimeoutMs) ms, more than half of "
                    + "max.poll.interval.ms (\(intervalMs) ms); shorten the one or raise the other")
        }
        try checkMessageTimeout()
        try checkProducerQueue()
        if hops.contains(.aggregator), settings.source.statementTimeoutSeconds * 2000 > intervalMs {
            throw PipelineError(
                .badSetting,
                "a statement may take \(settings.source.statementTimeoutSeconds) s, more than half of "
                    + "max.poll.interval.ms (\(intervalMs) ms); shorten the one or raise the other")
        }
    }

    private func checkMessageTimeout() throws {
        let timeoutMs = settings.messageTimeoutMs
        guard timeoutMs > 0 else {
            throw PipelineError(
                .badSetting, "message.timeout.ms (\(timeoutMs)) must be above 0: without an end to it no record is ever given up")
        }
        guard timeoutMs < settings.sessionTimeoutMs else {
            throw PipelineError(
                .badSetting,
                "message.timeout.ms (\(timeoutMs)) must be below session.timeout.ms (\(settings.sessionTimeoutMs)): "
                    + "a record that is delivered later could overwrite what the partition's next owner wrote")
        }
        for hop in hops where timeoutMs >= settings.hop(hop).batch.flushTimeoutMs {
            throw PipelineError(
                .badSetting,
                "message.timeout.ms (\(timeoutMs)) must be below pipeline.batch.flush_timeout_seconds "
                    + "(\(settings.hop(hop).batch.flushTimeoutMs) ms for \(hop.rawValue)): a flush ends when each record's fate is known"
            )
        }
    }

    /// A record that is larger than the whole queue would wait for room that never comes.
    private func checkProducerQueue() throws {
        guard settings.producerQueueKilobytes * 1_024 < settings.messageMaxBytes else { return }
        throw PipelineError(
            .badSetting,
            "queue.buffering.max.kbytes (\(settings.producerQueueKilobytes)) must be above message.max.bytes "
                + "(\(settings.messageMaxBytes) bytes): a larger record would wait for ever for room in the producer's queue")
    }

    private func checkKafka() throws {
        let cluster: Cluster
        do {
            cluster = try Cluster(properties: settings.kafka)
        } catch {
            throw PipelineError(.badSetting, "kafka.properties: \(error)")
        }
        defer { cluster.close() }
        do {
            try cluster.checkReachable(timeoutMs: settings.startTimeoutMs)
        } catch let error as KafkaError {
            throw PipelineError(
                .kafkaUnreachable, "\(error.message); is the broker up, and kafka.bootstrap right?")
        }
        let topics = try settings.topicSetup?.ensure(settings: settings, hops: hops, cluster: cluster)
        try checkTopics(cluster, known: topics ?? [:])
    }

    private func checkTopics(_ cluster: Cluster, known: [String: Int]) throws {
        var partitions = known
        for hop in hops {
            for topic in settings.inputs(hop) + settings.outputs(hop) where partitions[topic] == nil {
                partitions[topic] = try partitionCount(topic, cluster)
            }
        }
        let topics = settings.topics
        guard let signals = partitions[topics.signals], let aggregates = partitions[topics.aggregate] else { return }
        guard signals == aggregates else {
            throw PipelineError(
                .partitionCountsDiffer,
                "topic \(topics.signals) has \(signals) partitions and topic \(topics.aggregate) \(aggregates): "
                    + "late writes can only be noticed when both have the same number")
        }
    }

    private func partitionCount(_ topic: String, _ cluster: Cluster) throws -> Int {
        do {
            if let count = try cluster.partitionCount(topic, timeoutMs: settings.startTimeoutMs) { return count }
        } catch let error as KafkaError {
            throw PipelineError(.kafkaUnreachable, error.message)
        }
        let isChangeTopic = settings.topics.change[topic] != nil
        let advice =
            isChangeTopic
            ? "the connector creates it with the first event of its table; is the connector running, and its topic.prefix right?"
            : "create it: \(TopicSetup.command(for: topic, settings: settings))"
        throw PipelineError(.topicMissing, "topic \(topic) does not exist; \(advice)")
    }

    private static func unknownPosition(_ facts: SourceFacts) -> String {
        let remedy =
            facts.isMariaDB
            ? "switch its binary log on (log_bin), or, if it is a replica, grant the account SLAVE MONITOR or SELECT on mysql.gtid_slave_pos"
            : "set gtid_mode = ON and enforce_gtid_consistency = ON"
        return
            "MySQL does not say up to where a snapshot sees, so an event that comes before its row is visible would leave an old "
            + "aggregate for good; \(remedy), or give that promise up by pipeline.accept_unknown_position"
    }

    /// One read of nobody in particular shows whether the server answers and the query fits it.
    private func checkSource() throws {
        do {
            let reader = try SourceReader(settings.source)
            defer { reader.close() }
            let isKnown = try reader.snapshotPosition() != nil
            guard isKnown || settings.acceptsUnknownPosition else {
                throw PipelineError(.sourceUnusable, Self.unknownPosition(try reader.serverFacts()))
            }
        } catch let error as MySQLError {
            throw PipelineError(.mysqlUnreachable, "\(error.message); see source.mysql")
        } catch let error as SourceError {
            throw PipelineError(.sourceUnusable, "\(error)")
        }
    }
}
