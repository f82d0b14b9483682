import Report

/// Properties of our own clients on which promises of the pipeline rest.
enum ClientPropertiesCheck {
    /// librdkafka's defaults: https://github.com/confluentinc/librdkafka/blob/v2.0.2/CONFIGURATION.md
    private static let defaultMaxPollIntervalMs = 300_000
    private static let defaultSessionTimeoutMs = 45_000

    static func judge(_ properties: [String: String], statementTimeoutSeconds: Int, libraryVersion: String) -> [Check] {
        [assignor(properties, libraryVersion), messageTimeout(properties), pollInterval(properties, statementTimeoutSeconds)]
    }

    private static func assignor(_ properties: [String: String], _ version: String) -> Check {
        let precondition = Precondition(
            "kafka.assignor",
            why: "Up to 2.1, librdkafka can crash or loop for ever when a consumer with cooperative rebalancing closes.")
        let strategy = properties["partition.assignment.strategy"] ?? "range,roundrobin"
        guard strategy.contains("cooperative") else { return precondition.ok("partitions are assigned by \(strategy)") }
        let numbers = version.split(separator: ".").prefix(2).compactMap { Int($0) }
        guard numbers.count == 2, (numbers[0], numbers[1]) < (2, 2) else {
            return precondition.ok("partitions are assigned by \(strategy), with librdkafka \(version)")
        }
        return precondition.warning(
            "partitions are assigned by \(strategy), with librdkafka \(version)",
            mend: "remove partition.assignment.strategy from kafka.properties")
    }

    private static func messageTimeout(_ properties: [String: String]) -> Check {
        let precondition = Precondition(
            "kafka.message_timeout",
            why:
                "A worker that is cut off must give its messages up before its partitions move on; else they arrive after those of its "
                + "successor.")
        let session = properties["session.timeout.ms"].flatMap { Int($0) } ?? defaultSessionTimeoutMs
        // The pipeline picks a fitting one by itself unless told otherwise.
        guard let message = (properties["message.timeout.ms"] ?? properties["delivery.timeout.ms"]).flatMap({ Int($0) }) else {
            return precondition.ok("messages time out before the session does")
        }
        guard message > 0, message < session else {
            return precondition.warning(
                "message.timeout.ms is \(message), and session.timeout.ms is \(session)",
                mend: "message.timeout.ms: \(session * 2 / 3) under kafka.properties, or remove it")
        }
        return precondition.ok("messages time out (\(message) ms) before the session does (\(session) ms)")
    }

    private static func pollInterval(_ properties: [String: String], _ statementTimeoutSeconds: Int) -> Check {
        let precondition = Precondition(
            "kafka.max_poll_interval",
            why: "A worker that waits longer than half of it for one statement may be thrown out of its group.")
        let interval = properties["max.poll.interval.ms"].flatMap { Int($0) } ?? defaultMaxPollIntervalMs
        guard statementTimeoutSeconds * 2_000 <= interval else {
            return precondition.failure(
                "a statement may take \(PlainText.duration(milliseconds: Int64(statementTimeoutSeconds) * 1_000)), and "
                    + "max.poll.interval.ms is \(interval)",
                mend: "source.mysql.statement_timeout_seconds: \(max(1, interval / 2_000)) in the settings")
        }
        return precondition.ok("statements end well within max.poll.interval.ms")
    }
}
