import Synchronization

/// What the mapping clients of one process have done since its start. Shared by all enrichers.
public final class MappingCounters: Sendable {
    private let counts = Mutex(MappingCounts())

    public init() {}

    /// The counts at this moment.
    public func snapshot() -> MappingCounts { counts.withLock { $0 } }

    /// Changes the counts; called once per lookup, not once per request.
    func add(_ change: (inout MappingCounts) -> Void) {
        counts.withLock { change(&$0) }
    }
}

/// What the mapping clients have done.
public struct MappingCounts: Sendable, Equatable {
    /// Requests sent, retries included.
    public var requests = 0
    /// The retries among them.
    public var retries = 0
    /// Users that needed no request.
    public var cacheHits = 0
    /// How often circuit breakers opened.
    public var breakerOpenings = 0
    /// How many of the clients' breakers are open now.
    public var openBreakers = 0
    /// From sending a request to its answer, or failure.
    public var latency = LatencyHistogram()

    public init() {}
}
