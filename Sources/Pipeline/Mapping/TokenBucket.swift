/// A limit on requests per second that allows short bursts: tokens drip into a bucket, each request takes one.
struct TokenBucket {
    private let perSecond: Double
    private let capacity: Double
    private var tokens: Double
    private var filledAtMs: Int64

    /// The bucket holds one token, and a quarter of a second's beyond that: enough to keep the rate although it is looked at
    /// only some ten times a second, and not so much that a pause is followed by a flood.
    ///
    /// - Parameter perSecond: Nil for no limit; a rate that is not above zero is none either.
    init?(perSecond: Double?, nowMs: Int64) {
        guard let perSecond, perSecond > 0, perSecond.isFinite else { return nil }
        self.perSecond = perSecond
        capacity = 1 + perSecond / 4
        tokens = capacity
        filledAtMs = nowMs
    }

    /// How long until there is a token; 0 if there is one.
    mutating func waitMs(_ nowMs: Int64) -> Int {
        fill(nowMs)
        return tokens >= 1 ? 0 : Int(((1 - tokens) / perSecond * 1000).rounded(.up))
    }

    /// Takes a token, if there is one.
    mutating func take(_ nowMs: Int64) -> Bool {
        guard waitMs(nowMs) == 0 else { return false }
        tokens -= 1
        return true
    }

    private mutating func fill(_ nowMs: Int64) {
        // A clock that was set back brings no tokens, and takes none.
        let elapsedMs = Double(max(0, nowMs - filledAtMs))
        tokens = min(capacity, tokens + elapsedMs / 1000 * perSecond)
        filledAtMs = nowMs
    }
}
