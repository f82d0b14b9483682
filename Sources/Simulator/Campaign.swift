import Foundation
import Synchronization

/// Many schedules, one after the other on each of some threads.
public struct Campaign: Sendable {
    public var seeds: Range<UInt64>
    public var size: Plan.Size
    public var variant: Variant
    /// Schedules at the same time.
    public var jobs: Int
    /// Whether the first violation ends it.
    public var stopsAtFirst: Bool

    /// What the schedules came to.
    public struct Tally: Sendable {
        public var schedules = 0
        public var turns = 0
        public var runs = 0
        public var partialRuns = 0
        public var transactions = 0
        public var verdicts: [String: Int] = [:]
        /// The outcomes with violations, by seed.
        public var failures: [Simulation.Outcome] = []
    }

    public init(
        seeds: Range<UInt64>, size: Plan.Size = .medium, variant: Variant = .sound,
        jobs: Int = ProcessInfo.processInfo.activeProcessorCount, stopsAtFirst: Bool = false
    ) {
        self.seeds = seeds
        self.size = size
        self.variant = variant
        self.jobs = max(1, jobs)
        self.stopsAtFirst = stopsAtFirst
    }

    /// - Parameter onProgress: Called after every schedule, from the thread that ran it.
    public func run(onProgress: @escaping @Sendable (Tally) -> Void = { _ in }) -> Tally {
        let next = Mutex(seeds.lowerBound)
        let tally = Mutex(Tally())
        let isDone = Mutex(false)
        let ended = DispatchSemaphore(value: 0)
        for _ in 0..<jobs {
            let thread = Thread {
                let pool = ThreadPool()
                while !isDone.withLock({ $0 }) {
                    let seed = next.withLock { next in
                        defer { next += 1 }
                        return next
                    }
                    guard seeds.contains(seed) else { break }
                    let outcome = Simulation(seed: seed, size: size, variant: variant, isTraced: false, pool: pool).run()
                    let current = tally.withLock { tally in
                        tally.add(outcome)
                        return tally
                    }
                    if stopsAtFirst, !outcome.violations.isEmpty { isDone.withLock { $0 = true } }
                    onProgress(current)
                }
                ended.signal()
            }
            thread.start()
        }
        for _ in 0..<jobs { ended.wait() }
        return tally.withLock { tally in
            var tally = tally
            tally.failures.sort { $0.seed < $1.seed }
            return tally
        }
    }
}

extension Campaign.Tally {
    fileprivate mutating func add(_ outcome: Simulation.Outcome) {
        schedules += 1
        turns += outcome.turns
        runs += outcome.facts.runs
        partialRuns += outcome.facts.partialRuns
        transactions += outcome.facts.transactions
        verdicts.merge(outcome.facts.verdicts) { $0 + $1 }
        if !outcome.violations.isEmpty, failures.count < 100 { failures.append(outcome) }
    }
}
