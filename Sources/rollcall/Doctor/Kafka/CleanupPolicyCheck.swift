/// The topics that hold the present state have to keep the last value of each key for ever.
enum CleanupPolicyCheck {
    static func judge(_ facts: TopicFacts) -> Check? {
        guard facts.partitionCount != nil else { return nil }
        let precondition = Precondition(
            "kafka.cleanup_policy.\(facts.name)",
            why:
                "Without compaction the topic forgets users who have not changed for as long as retention.ms; with compaction alone it "
                + "keeps the last value of each.")
        guard let policy = facts.config?["cleanup.policy"] else {
            return precondition.unknown(
                "cleanup.policy of \(facts.name): the broker does not say",
                mend: "kafka-configs.sh --describe --all --topic \(facts.name)    # cleanup.policy has to be compact")
        }
        let words = Set(policy.split(separator: ",").map { $0.trimmingPrefix(while: \.isWhitespace) })
        guard words != ["compact"] else { return precondition.ok("\(facts.name) is compacted") }
        return precondition.failure(
            "cleanup.policy of \(facts.name) is \(policy)",
            mend: "kafka-configs.sh --alter --topic \(facts.name) --add-config cleanup.policy=compact")
    }
}
