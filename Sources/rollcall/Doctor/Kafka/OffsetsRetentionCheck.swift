import Report

/// The offsets of a group that is away have to outlast its absence.
enum OffsetsRetentionCheck {
    private static let precondition = Precondition(
        "kafka.offsets_retention",
        why: "The offsets of a group without members expire. It then begins anew, and what was removed meanwhile is lost unread.")
    /// Kafka's own default: https://kafka.apache.org/documentation/#brokerconfigs_offsets.retention.minutes
    static let comfortableMinutes = 10_080

    /// - Parameter broker: A broker's settings; nil where it cannot say.
    static func judge(broker: [String: String]?) -> Check {
        guard let minutes = broker?["offsets.retention.minutes"].flatMap({ Int($0) }) else {
            return precondition.unknown(
                "offsets.retention.minutes: the broker does not say",
                mend: "kafka-configs.sh --describe --all --broker 1 | grep offsets.retention    # 10080 or more")
        }
        let found = "offsets of idle groups are kept for \(PlainText.duration(milliseconds: Int64(minutes) * 60_000))"
        guard minutes < comfortableMinutes else { return precondition.ok(found) }
        return precondition.warning(
            found, mend: "offsets.retention.minutes=\(comfortableMinutes) in the brokers' server.properties")
    }
}
