import Domain
import Kafka

/// Looks at the topics and the groups.
struct KafkaSection {
    let settings: EffectiveSettings

    private static let timeoutMs = 10_000

    static let reachable = Precondition(
        "kafka.reachable", why: "Everything travels through Kafka; without it the pipeline waits.")

    func examine() throws -> Section {
        let properties = try settings.kafkaProperties
        let name = "Kafka at \(try settings.value(EffectiveSettings.keys.kafka.bootstrap))"
        var checks = ClientPropertiesCheck.judge(
            properties, statementTimeoutSeconds: try settings.value(EffectiveSettings.keys.source.mysql.statementTimeout),
            libraryVersion: libraryVersion)
        do {
            let cluster = try Kafka.Cluster(properties: properties)
            defer { cluster.close() }
            try cluster.checkReachable(timeoutMs: Self.timeoutMs)
            checks.insert(Self.reachable.ok("a broker answers"), at: 0)
            checks += try examine(cluster, properties)
        } catch let error as KafkaError {
            checks.insert(
                Self.reachable.failure(
                    error.message, mend: "kafka.bootstrap and kafka.properties in the settings; is a broker up?"), at: 0)
        }
        return Section(name: name, checks: checks)
    }

    private func examine(_ cluster: Kafka.Cluster, _ properties: Properties) throws -> [Check] {
        let keys = EffectiveSettings.keys
        func facts(_ topic: String) throws -> TopicFacts {
            try TopicFacts(topic, reading: cluster, timeoutMs: Self.timeoutMs)
        }
        let changes = try settings.value(keys.changes).map { try facts($0.topic) }
        let signals = try facts(try settings.value(keys.kafka.topics.signals))
        let aggregate = try facts(try settings.value(keys.kafka.topics.aggregate))
        let god = try facts(try settings.value(keys.kafka.topics.god))

        var checks = changes.map { TopicExistenceCheck.judge($0, owner: .connector) }
        if try settings.value(keys.connector.name) != nil {
            let offsets = try facts(try settings.value(keys.connector.offsetsTopic))
            checks.append(TopicExistenceCheck.judge(offsets, owner: .connect))
        }
        checks += [signals, aggregate, god].map { TopicExistenceCheck.judge($0, owner: .stream) }
        checks += [PartitionCountCheck.judge(signals: signals, aggregate: aggregate)].compactMap { $0 }
        for topic in [aggregate, god] {
            checks += [
                CleanupPolicyCheck.judge(topic), RetentionChecks.compactionLag(topic), RetentionChecks.tombstones(topic),
            ].compactMap { $0 }
        }
        checks += (changes + [signals]).compactMap(RetentionChecks.age)
        checks += try examineKeys(changes, [aggregate, god], properties)
        checks += try examineGroups(cluster, changes, signals, aggregate)
        return checks
    }

    private func examineKeys(_ changes: [TopicFacts], _ own: [TopicFacts], _ properties: Properties) throws -> [Check] {
        let kind = try settings.userIDKind
        let ownSamples = own.filter { $0.partitionCount != nil }.map { KeySample(reading: $0, properties: properties) }
        let changeSamples = changes.filter { $0.partitionCount != nil }.map { KeySample(reading: $0, properties: properties) }
        let newest = (ownSamples + changeSamples).compactMap(\.newestTimestampMs).max()
        return ownSamples.flatMap { [PartitionerCheck.judge($0), KeyEncodingCheck.own($0, kind: kind)] }
            + (changeSamples.isEmpty ? [] : [KeyEncodingCheck.changes(changeSamples)])
            + [ClockCheck.kafka(newestMs: newest, nowMs: ClockReading.nowMs())]
    }

    private func examineGroups(
        _ cluster: Kafka.Cluster, _ changes: [TopicFacts], _ signals: TopicFacts, _ aggregate: TopicFacts
    ) throws -> [Check] {
        let groups = EffectiveSettings.keys.kafka.groups
        let read = changes.map { (groups.intake, $0) } + [(groups.aggregate, signals), (groups.enrich, aggregate)]
        let checks = try read.compactMap { key, topic -> Check? in
            let group = try settings.value(key)
            let partitions = topic.watermarks.keys.map { TopicPartition(topic.name, $0) }
            let committed = try cluster.committed(group: group, partitions, timeoutMs: Self.timeoutMs)
            return GroupOffsetsCheck.judge(
                group: group, topic: topic,
                committed: Dictionary(committed.map { ($0.key.partition, $0.value) }, uniquingKeysWith: { $1 }))
        }
        return checks + [OffsetsRetentionCheck.judge(broker: try cluster.describeBrokerConfig(timeoutMs: Self.timeoutMs))]
    }
}
