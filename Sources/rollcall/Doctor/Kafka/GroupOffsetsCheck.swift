import Kafka
import Report

/// What a group has still to read must still be there.
enum GroupOffsetsCheck {
    /// - Parameter committed: What the group has committed, per partition; a partition without a commit is absent.
    static func judge(group: String, topic: TopicFacts, committed: [Int32: Int64]) -> Check? {
        guard topic.partitionCount != nil else { return nil }
        let precondition = Precondition(
            "kafka.group.\(group).\(topic.name)",
            why:
                "Records that are removed before the group has read them are lost to the pipeline; only a reconciliation finds the users."
        )
        let lost = topic.watermarks.filter { partition, bounds in (committed[partition] ?? .max) < bounds.low }
        let ahead = topic.watermarks.filter { partition, bounds in (committed[partition] ?? 0) > bounds.high }
        if !ahead.isEmpty {
            return precondition.failure(
                "group \(group) is past the end of \(topic.name) in \(partitions(ahead)): the topic was recreated",
                mend:
                    "kafka-consumer-groups.sh --group \(group) --topic \(topic.name) --reset-offsets --to-earliest --execute\n\(verify)"
            )
        }
        if !lost.isEmpty {
            let records = lost.reduce(Int64(0)) { $0 + $1.value.low - (committed[$1.key] ?? 0) }
            return precondition.failure(
                "\(PlainText.count(Int(records), "record")) of \(topic.name) were removed before group \(group) read them, in \(partitions(lost))",
                mend: verify)
        }
        guard !committed.isEmpty else {
            return precondition.ok("group \(group) has not begun to read \(topic.name), and will from its start")
        }
        // Where a partition began after the group did, the start is the right place; where records were removed meanwhile, it is not.
        let unread = topic.watermarks.filter { partition, bounds in committed[partition] == nil && bounds.low > 0 }
        if !unread.isEmpty {
            return precondition.warning(
                "group \(group) has no offset for \(topic.name) in \(partitions(unread)), whose first records are gone",
                mend: verify)
        }
        return precondition.ok("nothing of \(topic.name) was removed before group \(group) read it")
    }

    private static let verify = "rollcall verify    # names the users who were lost; then `rollcall repair --run latest`"

    private static func partitions(_ found: [Int32: Watermarks]) -> String {
        let numbers = found.keys.sorted().prefix(5).map(String.init).joined(separator: ", ")
        return (found.count == 1 ? "partition " : "partitions ") + numbers + (found.count > 5 ? ", …" : "")
    }
}
