import Domain

/// "Enrich these users once more": the mapping service changed, and MySQL did not.
///
/// It stands on the control topic, where every process of the pipeline finds it, until all that it asks for is done. How far each
/// partition has got stands where Kafka keeps such things: as the committed offsets of a group of the request's own, which
/// nobody ever joins. `kafka-consumer-groups --describe` shows it too, and it outlives every process.
public struct ReplayRequest: Sendable, Equatable {
    /// The part of a partition of the aggregate topic that was there when the request was made.
    public struct Range: Sendable, Equatable {
        public var start: Int64
        /// The offset after the last record.
        public var end: Int64

        public init(start: Int64, end: Int64) {
            self.start = start
            self.end = end
        }
    }

    /// Unique, and in the order of the requests' times.
    public var id: String
    public var requestedAtMs: Int64
    /// Only users whose newest aggregate was written then or later, in milliseconds since 1970; nil for whenever.
    public var sinceMs: Int64?
    /// Only these users; nil for all.
    public var users: Set<UserID>?
    /// By partition of the aggregate topic; empty ones are left out.
    public var ranges: [Int32: Range]

    public init(
        id: String, requestedAtMs: Int64, sinceMs: Int64? = nil, users: Set<UserID>? = nil, ranges: [Int32: Range]
    ) {
        self.id = id
        self.requestedAtMs = requestedAtMs
        self.sinceMs = sinceMs
        self.users = users
        self.ranges = ranges
    }

    /// An id that nobody else draws.
    static func newID(atMs: Int64) -> String {
        var random = SystemRandomNumberGenerator()
        let digits = String(UInt32.random(in: .min ... .max, using: &random), radix: 16)
        return "\(atMs)-" + String(repeating: "0", count: 8 - digits.count) + digits
    }

    /// The group whose committed offsets say how far the request has got.
    func progressGroup(of enrichGroup: String) -> String { "\(enrichGroup).replay.\(id)" }

    /// How much of the request is done: offsets gone through, and offsets in all.
    public func offsets(done progress: [Int32: Int64]) -> (done: Int64, total: Int64) {
        ranges.reduce(into: (0, 0)) { sums, entry in
            let length = entry.value.end - entry.value.start
            let reached = (progress[entry.key] ?? entry.value.start) - entry.value.start
            sums.done += min(max(0, reached), length)
            sums.total += length
        }
    }

    /// Whether nothing is left to do.
    public func isDone(_ progress: [Int32: Int64]) -> Bool {
        ranges.allSatisfy { progress[$0.key] ?? -1 >= $0.value.end }
    }
}
