/// How long something took, in fixed buckets: cheap to add to, and what a histogram in Prometheus is.
public struct LatencyHistogram: Sendable, Equatable {
    /// The upper limits of the buckets in milliseconds, each included; one more bucket takes what is beyond.
    public static let limitsMs: [Int64] = [
        1, 2, 5, 10, 25, 50, 100, 250, 500, 1_000, 2_500, 5_000, 10_000, 30_000, 60_000, 300_000, 3_600_000,
    ]

    private static let longestMs: Int64 = 365 * 24 * 3_600_000
    /// How many fell into each bucket, not cumulative.
    public private(set) var counts = [Int](repeating: 0, count: LatencyHistogram.limitsMs.count + 1)
    /// The sum of all times, in milliseconds.
    public private(set) var sumMs: Int64 = 0

    public init() {}

    /// How many times were added.
    public var count: Int { counts.reduce(0, +) }

    /// Adds a time. A negative one, by a clock that was set back, counts as none; one of more than a year, by a time that was made
    /// up, as a year, so that no number of them overflows the sum.
    public mutating func add(_ ms: Int64) {
        let ms = min(max(0, ms), Self.longestMs)
        let bucket = Self.limitsMs.firstIndex { ms <= $0 } ?? Self.limitsMs.count
        counts[bucket] += 1
        sumMs += ms
    }

    /// Adds all that the other one has.
    public mutating func merge(_ other: LatencyHistogram) {
        for index in counts.indices { counts[index] += other.counts[index] }
        sumMs += other.sumMs
    }
}
