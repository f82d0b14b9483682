import Foundation
import Synchronization

/// How many schedules it takes to find a variant: several searches, each over seeds of its own, each up to the first violation.
public struct Hunt: Sendable {
    public var variant: Variant
    public var searches: Int
    /// The most schedules of one search.
    public var limit: Int
    public var size: Plan.Size
    /// The first seed of the first search.
    public var firstSeed: UInt64 = 1_000_000

    public struct Outcome: Sendable {
        /// The schedules of each search, in ascending order; one that found nothing counts as the limit.
        public var schedules: [Int]
        public var found: Int
        /// The rules that were broken when it was found.
        public var rules: [Violation.Rule: Int]
        /// A seed that shows it.
        public var example: UInt64?

        /// How many schedules half of the searches needed at most.
        public var median: Int { schedules.isEmpty ? 0 : schedules[schedules.count / 2] }
    }

    public init(_ variant: Variant, searches: Int = 21, limit: Int = 2_000, size: Plan.Size = .medium) {
        self.variant = variant
        self.searches = searches
        self.limit = limit
        self.size = size
    }

    public func run(jobs: Int = ProcessInfo.processInfo.activeProcessorCount) -> Outcome {
        var outcome = Outcome(schedules: [], found: 0, rules: [:], example: nil)
        for search in 0..<searches {
            let first = firstSeed + UInt64(search) * 1_000_000
            let tally = Campaign(
                seeds: first..<(first + UInt64(limit)), size: size, variant: variant, jobs: jobs, stopsAtFirst: true
            ).run()
            // Where the product itself breaks a promise, nothing was shown about the rule that the variant breaks.
            guard let failure = tally.failures.first, Simulation(seed: failure.seed, size: size).run().violations.isEmpty else {
                outcome.schedules.append(limit)
                continue
            }
            outcome.schedules.append(Int(failure.seed - first) + 1)
            outcome.found += 1
            outcome.example = outcome.example ?? failure.seed
            for rule in Set(failure.violations.map(\.rule)) { outcome.rules[rule, default: 0] += 1 }
        }
        outcome.schedules.sort()
        return outcome
    }
}
