/// One schedule: everything that happens in a simulated migration between its first row and its last judgement, as one seed has it.
public struct Simulation: Sendable {
    private let seed: UInt64
    private let size: Plan.Size
    private let variant: Variant
    private let isTraced: Bool
    private let pool: ThreadPool

    /// What a schedule came to.
    public struct Outcome: Sendable {
        public var seed: UInt64
        public var violations: [Violation]
        /// Equal for two runs of one seed.
        public var fingerprint: UInt64
        /// How often somebody's port was called.
        public var turns: Int
        /// What happened, line by line, where it was asked for.
        public var trace: [String]
        public var facts: Facts
    }

    /// What a schedule was about, to see that schedules are worth their while.
    public struct Facts: Sendable {
        public var transactions = 0
        public var runs = 0
        /// Those of the runs that looked at what had changed since another one.
        public var partialRuns = 0
        public var verdicts: [String: Int] = [:]
        public var defects = 0
    }

    public init(seed: UInt64, size: Plan.Size = .medium, variant: Variant = .sound, isTraced: Bool = false) {
        self.init(seed: seed, size: size, variant: variant, isTraced: isTraced, pool: ThreadPool())
    }

    init(seed: UInt64, size: Plan.Size, variant: Variant, isTraced: Bool, pool: ThreadPool) {
        self.seed = seed
        self.size = size
        self.variant = variant
        self.isTraced = isTraced
        self.pool = pool
    }

    public func run() -> Outcome {
        var schedule = Schedule(seed: seed)
        let plan = Plan(&schedule.chance, size: size)
        schedule.switchPercent = schedule.chance.one(of: [5, 20, 50, 100]) ?? 20
        if isTraced { schedule.trace = ["seed \(seed), size \(size.rawValue), variant \(variant.rawValue)", "\(plan)"] }
        let world = World(WorldState(plan: plan, schedule: schedule), pool: pool)
        let director = Director(variant: variant)
        world.spawn("director") { try director.live(in: $0) }
        world.run()
        return world.act { state in
            Outcome(
                seed: seed, violations: state.violations, fingerprint: state.schedule.fingerprint, turns: state.schedule.turns,
                trace: state.schedule.trace ?? [],
                facts: Facts(
                    transactions: state.server.log.count, runs: state.runs, partialRuns: state.partialRuns,
                    verdicts: state.verdicts,
                    defects: state.truth.blamed.count))
        }
    }
}
