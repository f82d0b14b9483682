import Report

/// The binary log has to last longer than any outage of the connector.
enum BinlogRetentionCheck {
    private static let precondition = Precondition(
        "mysql.binlog_retention",
        why:
            "A connector that was away for longer than the log is kept cannot resume: changes in between are lost, and it needs a new "
            + "snapshot.")
    /// A night and the morning after it.
    static let leastSeconds = 86_400
    /// A long weekend.
    static let comfortableSeconds = 3 * 86_400

    static func judge(_ facts: ServerFacts) -> Check? {
        guard facts.isOn("log_bin") else { return nil }
        guard let seconds = seconds(facts) else { return precondition.ok("the binary log is kept until it is purged by hand") }
        let found = "the binary log is kept for \(PlainText.duration(milliseconds: Int64(seconds) * 1_000))"
        let mend = BinlogChecks.setGlobal(variable(facts), value(facts), facts)
        if seconds < leastSeconds { return precondition.failure(found, mend: mend) }
        if seconds < comfortableSeconds { return precondition.warning(found, mend: mend) }
        return precondition.ok(found)
    }

    /// nil for ever. The newer variable, in seconds, overrides the older one, in days, wherever both exist:
    /// https://dev.mysql.com/doc/refman/8.0/en/replication-options-binary-log.html
    static func seconds(_ facts: ServerFacts) -> Int? {
        if let seconds = facts["binlog_expire_logs_seconds"].flatMap({ Int($0) }), seconds > 0 { return seconds }
        if let days = facts["expire_logs_days"].flatMap({ Double($0) }), days > 0 { return Int(days * 86_400) }
        return nil
    }

    private static func variable(_ facts: ServerFacts) -> String {
        facts["binlog_expire_logs_seconds"] == nil ? "expire_logs_days" : "binlog_expire_logs_seconds"
    }

    private static func value(_ facts: ServerFacts) -> String {
        facts["binlog_expire_logs_seconds"] == nil ? "7" : "604800"
    }
}
