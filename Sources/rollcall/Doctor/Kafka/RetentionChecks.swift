import Report

/// How long the topics keep what compaction or time would remove.
enum RetentionChecks {
    /// What `stream` gives its topics, so that a run can read again what it has just compared.
    static let comfortableCompactionLagMs: Int64 = 3_600_000
    /// Kafka's own default of delete.retention.ms.
    static let comfortableTombstoneMs: Int64 = 86_400_000
    /// A night and the morning after it.
    static let leastRetentionMs: Int64 = 86_400_000

    /// Of a compacted topic: how long superseded values stay.
    static func compactionLag(_ facts: TopicFacts) -> Check? {
        guard facts.partitionCount != nil, facts.config != nil else { return nil }
        let precondition = Precondition(
            "kafka.min_compaction_lag.\(facts.name)",
            why:
                "`verify` fetches again what it compared, and `ledger rebuild` finds superseded productions, only as long as compaction "
                + "has not removed them.")
        let lag = facts.milliseconds("min.compaction.lag.ms") ?? 0
        let found = "\(facts.name) may compact values after \(PlainText.duration(milliseconds: lag))"
        guard lag < comfortableCompactionLagMs else { return precondition.ok(found) }
        return precondition.warning(found, mend: alter(facts.name, "min.compaction.lag.ms", 86_400_000))
    }

    /// Of a compacted topic: how long a tombstone stays.
    static func tombstones(_ facts: TopicFacts) -> Check? {
        guard facts.partitionCount != nil, let kept = facts.milliseconds("delete.retention.ms") else { return nil }
        let precondition = Precondition(
            "kafka.delete_retention.\(facts.name)",
            why: "A consumer that was away for longer than tombstones are kept never learns of the deletion, and keeps a ghost.")
        let found = "\(facts.name) keeps tombstones for \(PlainText.duration(milliseconds: kept))"
        guard kept < comfortableTombstoneMs else { return precondition.ok(found) }
        return precondition.warning(found, mend: alter(facts.name, "delete.retention.ms", comfortableTombstoneMs))
    }

    /// Of a topic that forgets by age: how long an outage of its reader may last.
    static func age(_ facts: TopicFacts) -> Check? {
        guard facts.partitionCount != nil, let policy = facts.config?["cleanup.policy"], policy.contains("delete"),
            let kept = facts.milliseconds("retention.ms")
        else { return nil }
        let precondition = Precondition(
            "kafka.retention.\(facts.name)",
            why: "What the topic forgets before the pipeline has read it is lost until the next `reconcile`.")
        // -1 is for ever.
        guard kept >= 0 else { return precondition.ok("\(facts.name) keeps records for ever") }
        let found = "\(facts.name) keeps records for \(PlainText.duration(milliseconds: kept))"
        guard kept < leastRetentionMs else { return precondition.ok(found) }
        return precondition.warning(found, mend: alter(facts.name, "retention.ms", 604_800_000))
    }

    private static func alter(_ topic: String, _ name: String, _ value: Int64) -> String {
        "kafka-configs.sh --alter --topic \(topic) --add-config \(name)=\(value)"
    }
}
