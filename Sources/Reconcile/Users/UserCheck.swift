import Domain

/// Looks closely at a few users: folds only their records, and settles them as a run does.
public struct UserCheck {
    private let settings: VerifySettings
    private let ports: any ReconcilePorts

    public init(_ settings: VerifySettings, ports: any ReconcilePorts) {
        self.settings = settings
        self.ports = ports
    }

    /// What the check came to.
    public struct Outcome: Sendable {
        /// Findings that were confirmed.
        public var findings: [Finding] = []
        /// Users who could not be settled, and why.
        public var unresolved: [UserID: String] = [:]
        /// How many (user, stage) pairs turned out well.
        public var matched = 0

        /// The exit code of a command whose verdict this is: 1 with findings, else 3 with anything unresolved, else 0.
        public var exitCode: Int32 { findings.isEmpty ? (unresolved.isEmpty ? 0 : 3) : 1 }
    }

    /// What a row is taken to have on average, since nobody has scanned the source to know. Where rows are longer, batches get smaller.
    private static let assumedRowBytes = 1_024

    /// Settles these users at every stage that the settings name. Where they are very many, they are taken in several portions: each reads
    /// the topics anew, and has the patience of the settings for itself. When a fence is not passed in one, nobody of the next ones could be
    /// settled either, and they are not waited for.
    ///
    /// - Parameter onSettled: Called with how many are settled at every stage so far, rounded down.
    public func run(_ users: Set<UserID>, onSettled: (Int) -> Void = { _ in }) throws -> Outcome {
        var outcome = Outcome()
        let portion = MemoryPlan(budgetBytes: settings.memoryBytes).usersFollowed
        var left = users.sorted()[...]
        var settledBefore = 0
        while !left.isEmpty {
            let some = left.prefix(portion)
            left = left.dropFirst(some.count)
            let blocked = try settle(some, &outcome) { onSettled(settledBefore + $0) }
            settledBefore += some.count
            guard let blocked else { continue }
            for user in left { outcome.unresolved[user] = blocked }
            break
        }
        outcome.findings.sort { ($0.user, $0.stage.rawValue) < ($1.user, $1.stage.rawValue) }
        return outcome
    }

    /// - Returns: Why nobody else can be settled now, if so.
    private func settle(_ users: ArraySlice<UserID>, _ outcome: inout Outcome, onSettled: (Int) -> Void) throws -> String? {
        let plan = MemoryPlan(budgetBytes: settings.memoryBytes)
        let session = try UserSession(settings, ports, Set(users))
        defer { session.close() }
        let queue = SuspectQueue(list: session.list)
        for user in users { try queue.add(SuspectUser(known: KnownUser(user: user), stages: settings.stages)) }
        let signals = session.topics.signals.map {
            SignalIndex(
                $0, kind: settings.userIDKind,
                shape: plan.shape(inputs: 4, directory: settings.temporaryDirectory), tableBytes: plan.tableBytes)
        }
        let builder = FindingBuilder(
            session.roll, causes: CauseFinder(signals: signals, encodingID: session.encodingID),
            comparison: session.comparison, origins: session.origins, reveals: settings.revealedBy != nil)
        var settledCount = 0
        let usersPerBatch = plan.usersPerBatch(averageRowBytes: Self.assumedRowBytes, atMost: settings.settleBatchUsers)
        try session.settler.settle(queue, usersPerBatch: usersPerBatch) { settled in
            try Self.take(settled, builder, &outcome)
            settledCount += settled.count
            onSettled(settledCount / max(1, settings.stages.count))
            settings.giveMemoryBack()
        }
        return session.settler.lastFence?.blocked.map { "a fence was not passed: \($0.detail)" }
    }

    private static func take(_ settled: Settler.Outcomes, _ builder: FindingBuilder, _ outcome: inout Outcome) throws {
        var confirmed: [(suspect: Suspect, seen: Confirmation)] = []
        for (suspect, settlement) in settled {
            switch settlement {
            case .matched, .versionOnly: outcome.matched += 1
            case .confirmed(let seen): confirmed.append((suspect, seen))
            case .unresolved(let reason): outcome.unresolved[suspect.user] = reason
            }
        }
        guard !confirmed.isEmpty else { return }
        let built = try builder.build(confirmed)
        outcome.findings += built.findings
        for (suspect, _) in built.unprovable {
            outcome.unresolved[suspect.user] = "the topic no longer holds the record that was judged"
        }
    }
}

/// The ports and folds for a few users.
final class UserSession {
    let roll: Roll
    let settler: Settler
    let topics: Fence.TopicBounds
    let comparison: FieldComparison
    let origins: FieldOrigins
    let encodingID: String
    /// The shape of lists of users.
    let list: Spill.Shape
    private let source: any SourcePort
    private let progress: any ProgressPort
    private let replays: any ReplayPort

    init(_ settings: VerifySettings, _ ports: any ReconcilePorts, _ users: Set<UserID>) throws {
        source = try ports.source()
        progress = try ports.progress()
        replays = try ports.replays()
        topics = try Fence.TopicBounds(settings, ports)
        let judgesGod = settings.stages.contains(.god)
        list = MemoryPlan(budgetBytes: settings.memoryBytes).listShape(directory: settings.temporaryDirectory)
        roll = Roll(
            settings, aggregate: try Self.follow(settings.topics.aggregate, settings, ports, users, list),
            god: judgesGod ? try Self.follow(settings.topics.god, settings, ports, users, list) : nil,
            ledger: judgesGod ? try FollowedLedger(try ports.ledger(), users: users, list: list) : nil,
            parked: FollowedParked(try ports.parked(), users: users), holdsEveryone: true)
        let fence = Fence(
            settings, source: source, progress: progress, topics: topics, clock: ports.clock,
            runID: "check-\(ports.clock.nowMs())")
        encodingID = try source.encodingID() ?? settings.encodingID
        comparison = FieldComparison(try source.fields(), keyField: settings.keyField)
        origins = FieldOrigins(try source.tables())
        settler = Settler(
            settings, source: source, roll: roll, fence: fence, clock: ports.clock, replays: replays,
            comparison: comparison, plan: MemoryPlan(budgetBytes: settings.memoryBytes))
    }

    private static func follow(
        _ topic: String, _ settings: VerifySettings, _ ports: any ReconcilePorts, _ users: Set<UserID>, _ list: Spill.Shape
    ) throws -> FollowedTopic {
        try FollowedTopic(try ports.topic(topic), kind: settings.userIDKind, users: users, list: list)
    }

    func close() {
        roll.close()
        topics.close()
        source.close()
        progress.close()
        replays.close()
    }
}
