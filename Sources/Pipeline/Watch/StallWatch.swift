import Domain

/// Tells from what is seen from outside whether the pipeline stands still.
///
/// It is not enough that the workers live: one that waits for a dead service lives too, and a connector can say RUNNING and be
/// dead. What counts is that committed offsets move while there is lag, and that events come.
struct StallWatch {
    /// After how much time without progress, in spite of lag, it counts as stalled.
    var stallAfterMs: Int64
    /// After how much time without any change event it counts as cut off from the source; 0 is never.
    var silenceAfterMs: Int64

    private var lastProgressMs: [Hop: Int64] = [:]
    private var lastCommitted: [Hop: Int64] = [:]
    private let startedAtMs: Int64

    init(stallAfterMs: Int64, silenceAfterMs: Int64, nowMs: Int64) {
        self.stallAfterMs = stallAfterMs
        self.silenceAfterMs = silenceAfterMs
        startedAtMs = nowMs
    }

    /// Takes a look into account.
    ///
    /// - Parameters:
    ///   - lag: Of each hop that runs, what there is to do and what is done; nil where Kafka could not tell.
    ///   - lastEventMs: When the last change event was written, in milliseconds since 1970; nil where none came, or no intake runs.
    ///   - watchesEvents: Whether an intake runs here.
    /// - Returns: What is wrong, in words; empty when all is well.
    mutating func look(
        nowMs: Int64, lag: [Hop: (records: Int64, committed: Int64)]?, lastEventMs: Int64?, watchesEvents: Bool
    ) -> [String] {
        var reasons: [String] = []
        for hop in Hop.allCases {
            if let seen = lag?[hop] {
                if seen.records == 0 || lastCommitted[hop].map({ seen.committed != $0 }) ?? true { lastProgressMs[hop] = nowMs }
                lastCommitted[hop] = seen.committed
            }
            guard lag == nil || lag?[hop] != nil, let since = lastProgressMs[hop], nowMs - since >= stallAfterMs else { continue }
            let what =
                lag?[hop].map { "\($0.records) records wait, and none was dealt with" } ?? "Kafka does not say how far it is"
            reasons.append("\(hop.rawValue): \(what) for \((nowMs - since) / 1_000) s")
        }
        if lag == nil, lastProgressMs.isEmpty, nowMs - startedAtMs >= stallAfterMs {
            reasons.append("Kafka has not answered for \((nowMs - startedAtMs) / 1_000) s")
        }
        let silentMs = nowMs - max(lastEventMs ?? startedAtMs, startedAtMs)
        if watchesEvents, silenceAfterMs > 0, silentMs >= silenceAfterMs {
            reasons.append("no change event for \(silentMs / 1_000) s; does the connector still run?")
        }
        return reasons
    }
}
