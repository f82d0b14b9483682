import Domain
import Foundation
import Kafka
import Ledger
import Logging
import Synchronization

/// What can be seen of a running pipeline at one moment.
public struct StreamSample: Sendable {
    public var takenAtMs: Int64 = 0
    public var startedAtMs: Int64 = 0
    public var counts: [Hop: HopCounts] = [:]
    public var mapping = MappingCounts()
    /// What each hop of this process has still to do, over all processes; nil while the cluster does not say.
    public var lag: [Hop: [TopicPartition: PartitionLag]]?
    /// Open parked records.
    public var parked: [ParkReason: Int] = [:]
    /// The ledger with its write-ahead log, in bytes; nil where no enricher runs.
    public var ledgerBytes: Int64?
    /// Whether all workers live.
    public var isRunning = false
    /// Why the pipeline counts as standing still; empty when all is well.
    public var stalls: [String] = []

    public init() {}

    /// What is left to do in all hops together; nil while the cluster does not say.
    public var totalLag: Int64? {
        lag.map { $0.values.reduce(0) { $0 + $1.values.reduce(0) { $0 + $1.records } } }
    }
}

/// How a pipeline is watched.
public struct WatchSettings: Sendable, Equatable {
    /// How often the cluster is asked how far the hops are.
    public var everyMs = 5_000
    /// After how much time without progress, in spite of lag, the pipeline counts as stalled.
    public var stallAfterMs: Int64 = 120_000
    /// After how much time without any change event it counts as cut off from the source; 0 is never.
    public var silenceAfterMs: Int64 = 3_600_000

    public init() {}
}

/// Watches a pipeline from a thread of its own: asks the cluster for the lag, looks at the files, and says once when the pipeline
/// stands still and once when it goes on.
public final class StreamWatch: Sendable {
    private let latest = Mutex(StreamSample())
    private let hops: [Hop]
    private let settings: PipelineSettings
    private let watching: WatchSettings
    private let counters: PipelineCounters
    private let parked: ParkedStore?
    private let isAlive: @Sendable () -> Bool
    private let logger: Logger

    init(
        hops: [Hop], settings: PipelineSettings, watching: WatchSettings, counters: PipelineCounters, parked: ParkedStore?,
        logger: Logger, isAlive: @escaping @Sendable () -> Bool
    ) {
        self.hops = hops
        self.settings = settings
        self.watching = watching
        self.counters = counters
        self.parked = parked
        self.logger = logger
        self.isAlive = isAlive
        let now = wallClockMs()
        latest.withLock { $0.startedAtMs = now }
    }

    /// What is seen now: counts of this moment, and lag and files as they were a few seconds ago at most.
    public func sample() -> StreamSample {
        var sample = latest.withLock { $0 }
        sample.takenAtMs = wallClockMs()
        sample.counts = counters.snapshot().filter { hops.contains($0.key) }
        sample.mapping = counters.mapping.snapshot()
        sample.isRunning = isAlive()
        return sample
    }

    /// Looks again and again until the stop is asked for.
    func run(until stop: StopRequest) {
        var stalls = StallWatch(
            stallAfterMs: watching.stallAfterMs, silenceAfterMs: watching.silenceAfterMs, nowMs: wallClockMs())
        var probe: LagProbe?
        defer { probe?.close() }
        while !stop.isMade {
            // The client mends itself while the cluster is away.
            if probe == nil { probe = try? LagProbe(settings: settings, hops: hops) }
            let lag = try? probe?.lag(timeoutMs: min(watching.everyMs, 5_000))
            let found = look(&stalls, lag: lag)
            let parkedCounts = (try? parked?.openCounts()) ?? [:]
            let bytes = ledgerBytes()
            let hasChanged = latest.withLock { sample in
                defer { sample.stalls = found }
                sample.lag = lag
                sample.parked = parkedCounts
                sample.ledgerBytes = bytes
                return sample.stalls.isEmpty != found.isEmpty
            }
            if hasChanged { say(found) }
            pause(stop)
        }
    }

    private func look(_ stalls: inout StallWatch, lag: [Hop: [TopicPartition: PartitionLag]]?) -> [String] {
        let sums = lag?.mapValues { partitions in
            partitions.values.reduce(into: (records: Int64(0), committed: Int64(0))) {
                $0.records += $1.records
                $0.committed += $1.committed
            }
        }
        return stalls.look(
            nowMs: wallClockMs(), lag: sums, lastEventMs: counters[.intake].snapshot().lastEventMs.values.max(),
            watchesEvents: hops.contains(.intake))
    }

    private func say(_ stalls: [String]) {
        if stalls.isEmpty {
            logger.warning("the pipeline moves on again")
        } else {
            logger.warning("the pipeline stands still: \(stalls.joined(separator: "; "))")
        }
    }

    private func ledgerBytes() -> Int64? {
        guard hops.contains(.enricher) else { return nil }
        return ["", "-wal"].reduce(0) { sum, suffix in
            let attributes = try? FileManager.default.attributesOfItem(atPath: settings.ledgerPath + suffix)
            return sum + ((attributes?[.size] as? NSNumber)?.int64Value ?? 0)
        }
    }

    private func pause(_ stop: StopRequest) {
        for _ in 0..<max(1, watching.everyMs / 100) where !stop.isMade { Thread.sleep(forTimeInterval: 0.1) }
    }
}
