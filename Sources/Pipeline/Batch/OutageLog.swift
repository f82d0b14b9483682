import Logging

/// Another party that a step may have to wait for.
enum Counterpart: String {
    case kafka = "Kafka"
    case mysql = "MySQL"
    case visibility = "a snapshot of MySQL that shows the changes signalled"
    case mapping = "the mapping service"
    case ledger = "the ledger"
    case parked = "the file of parked records"
}

/// Says once that something is waited for, and once that the wait is over, however often it is tried in between.
struct OutageLog {
    private let logger: Logger
    private var sinceMs: [Counterpart: Int64] = [:]

    init(logger: Logger) {
        self.logger = logger
    }

    mutating func begin(_ other: Counterpart, _ message: String, nowMs: Int64) {
        guard sinceMs[other] == nil else { return }
        sinceMs[other] = nowMs
        logger.warning("waiting for \(other.rawValue); nothing is lost: \(message)")
    }

    mutating func end(_ other: Counterpart, nowMs: Int64) {
        guard let beginMs = sinceMs.removeValue(forKey: other) else { return }
        logger.warning("no longer waiting for \(other.rawValue), after \(max(0, nowMs - beginMs) / 1000) s; going on")
    }
}
