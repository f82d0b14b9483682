import Domain
import Synchronization

/// What the hops of one process have done since its start. Shared by all workers.
public final class PipelineCounters: Sendable {
    private let hops: [Hop: HopCounters] = Dictionary(uniqueKeysWithValues: Hop.allCases.map { ($0, HopCounters()) })

    /// What the mapping clients of all enrichers have done.
    public let mapping = MappingCounters()

    public init() {}

    /// The counts at this moment.
    public func snapshot() -> [Hop: HopCounts] { hops.mapValues { $0.snapshot() } }

    /// The counters of one hop.
    public subscript(hop: Hop) -> HopCounters { hops[hop] ?? HopCounters() }
}

/// The counters of one hop, shared by its workers.
public final class HopCounters: Sendable {
    private let counts = Mutex(HopCounts())

    public init() {}

    public func snapshot() -> HopCounts { counts.withLock { $0 } }

    /// Changes the counts; called once per batch, not once per record.
    func add(_ change: (inout HopCounts) -> Void) {
        counts.withLock { change(&$0) }
    }
}

/// What one hop has done.
public struct HopCounts: Sendable, Equatable {
    /// Records read.
    public var recordsIn = 0
    /// Records acknowledged by the broker, tombstones included.
    public var recordsOut = 0
    /// The tombstones among them.
    public var tombstones = 0
    /// Records that a newer one of the same user in the same batch made superfluous.
    public var deduplicated = 0
    /// Records parked.
    public var parked = 0
    /// Attempts that were repeated because the other side was away.
    public var retries = 0
    /// Reads that were repeated because the database did not show the change yet.
    public var rereads = 0
    /// Late writes noticed, and signalled.
    public var lateWrites = 0
    /// Aggregates that lie where the aggregator would not have written them, and that nothing was made of.
    public var strays = 0
    /// Records acknowledged for a replay; among `recordsOut`.
    public var replayed = 0
    /// Batches given up, in whole or in part, because their partitions went to another member.
    public var batchesLost = 0
    /// From the poll that brought a batch to its commit.
    public var batches = LatencyHistogram()
    /// Queries of the aggregator.
    public var queries = LatencyHistogram()
    /// From a change event's timestamp to the acknowledgement of the God object that came of it.
    public var endToEnd = LatencyHistogram()
    /// The timestamp of the newest change event, in milliseconds since 1970, by change topic.
    public var lastEventMs: [String: Int64] = [:]

    public init() {}
}

/// What one call of a step did.
public struct Progress: Sendable, Equatable {
    /// Records read.
    public var consumed: Int
    /// Records acknowledged.
    public var produced: Int
    public var parked: Int

    public init(consumed: Int = 0, produced: Int = 0, parked: Int = 0) {
        self.consumed = consumed
        self.produced = produced
        self.parked = parked
    }

    /// Whether there was nothing to do.
    public var isIdle: Bool { consumed == 0 }
}

/// One hop of the pipeline, a batch at a time.
public protocol Step: AnyObject {
    /// Takes one batch from poll to commit.
    ///
    /// - Throws: ``PortFailure`` of kind `fatal`, and whatever else a port threw that waiting would not mend. The batch is not
    ///   committed then, and will be read again.
    func step() throws -> Progress
}
