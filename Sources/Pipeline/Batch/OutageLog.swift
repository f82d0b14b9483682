import Logging

/// Says once that something is away, and once that it is back, however often it is tried in between.
struct OutageLog {
    private let logger: Logger
    private var sinceMs: [String: Int64] = [:]

    init(logger: Logger) {
        self.logger = logger
    }

    mutating func begin(_ name: String, _ message: String, nowMs: Int64) {
        guard sinceMs[name] == nil else { return }
        sinceMs[name] = nowMs
        logger.warning("\(name) does not answer; waiting, nothing is lost: \(message)")
    }

    mutating func end(_ name: String, nowMs: Int64) {
        guard let beginMs = sinceMs.removeValue(forKey: name) else { return }
        logger.warning("\(name) answers again, after \(max(0, nowMs - beginMs) / 1000) s; going on")
    }
}
