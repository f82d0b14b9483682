/// A user's signal and aggregate have to be in partitions of one number.
enum PartitionCountCheck {
    private static let precondition = Precondition(
        "kafka.partition_counts",
        why:
            "A late write is noticed because signal offsets only rise within a partition of the aggregate topic; with other counts they "
            + "do not, and each rebalance would look like one.")

    static func judge(signals: TopicFacts, aggregate: TopicFacts) -> Check? {
        guard let left = signals.partitionCount, let right = aggregate.partitionCount else { return nil }
        guard left != right else { return precondition.ok("signals and aggregate topic both have \(left) partitions") }
        return precondition.failure(
            "\(signals.name) has \(left) partitions, and \(aggregate.name) has \(right)",
            mend: left < right
                ? "kafka-topics.sh --alter --topic \(signals.name) --partitions \(right)    # signals may move: they are read once"
                : "a new aggregate topic with \(left) partitions, under kafka.topics.aggregate: more partitions would strand the keys of this one"
        )
    }
}
