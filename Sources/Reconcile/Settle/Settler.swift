import Domain

/// Settles suspects: tells the changes that are on their way from the differences that stay.
///
/// One round reads the rows, passes a fence, reads the topics, and then does all three again. A suspect is cleared when any of
/// the reads agree. It becomes a finding only if both rows were equal and the topics held the very same records all the while:
/// then the first fence proves that the pipeline had everything it needed to write the right value, and the second that it
/// did not do so. Whoever moved in between is looked at again.
///
/// The records must have been there before the first fence already. One that was written behind it may be an aggregator's late write,
/// about which the enricher's signal is still on its way behind the second: the formal model in `Tests/Model` has the schedule.
final class Settler {
    private let settings: VerifySettings
    private let source: any SourcePort
    private let roll: Roll
    private let fence: Fence
    private let clock: any ReconcileClock
    private let replays: ReplayWait
    private let values: AggregateValues
    private let versions: VersionCheck
    private let canaries: Canaries?
    /// A canary that keeps moving is given up early: the run has others, and nobody waits for this one.
    private static let canaryRounds = 3
    private(set) var rounds = 0
    private var obligatoryWaitMs: Int64 = 0
    /// Every change before it has gone through the whole pipeline.
    private var passed: SourcePosition?
    /// The last fence that a round passed, or failed to pass.
    private(set) var lastFence: FenceOutcome?

    /// - Parameters:
    ///   - replays: Asked about God objects that no ledger lists.
    ///   - comparison: Compares values whose bytes differ.
    ///   - passed: The position of a fence that was passed already; nil takes that of the first round.
    init(
        _ settings: VerifySettings, source: any SourcePort, roll: Roll, fence: Fence, clock: any ReconcileClock,
        replays: any ReplayPort, comparison: FieldComparison, passed: SourcePosition? = nil, canaries: Canaries? = nil
    ) {
        self.canaries = canaries
        self.settings = settings
        values = AggregateValues(roll, comparison)
        versions = VersionCheck(roll)
        self.replays = ReplayWait(replays, clock)
        self.passed = passed
        self.source = source
        self.roll = roll
        self.fence = fence
        self.clock = clock
    }

    /// What became of the suspects of one batch.
    typealias Outcomes = [(suspect: Suspect, settlement: Settlement)]

    /// Settles everyone in the queue, in batches, until all are settled or the time is over.
    ///
    /// - Parameter settled: Called after each batch, while the roll still holds its users.
    func settle(_ queue: SuspectQueue, usersPerBatch: Int, settled: (Outcomes) throws -> Void) throws {
        let deadlineMs = clock.nowMs() + Int64(settings.settleTimeoutMs)
        try clearMoved(queue, usersPerBatch, settled)
        while queue.count > 0 {
            // Waits that every look takes, however fast the pipeline is, are not held against the users.
            guard clock.nowMs() - obligatoryWaitMs < deadlineMs else {
                return try giveUp(queue, "not settled within \(settings.settleTimeoutMs / 1000) s", usersPerBatch, settled)
            }
            let batch = try queue.take(atMost: usersPerBatch)
            try roll.hold(batch.map(\.known))
            guard let outcomes = try round(batch) else {
                let reason = "a fence was not passed: \(lastFence?.blocked?.detail ?? "unknown")"
                try settled(batch.flatMap(\.suspects).map { ($0, .unresolved(reason)) })
                return try giveUp(queue, reason, usersPerBatch, settled)
            }
            try settled(try putBackOpen(batch, outcomes, queue))
        }
    }

    /// Looks at everyone once without a fence, and clears whoever agrees by now.
    ///
    /// On a busy system nearly all suspects have merely changed since the scan. Agreement needs no proof that the pipeline has
    /// caught up, only a contradiction does, so nobody waits for a fence on their account.
    private func clearMoved(_ queue: SuspectQueue, _ usersPerBatch: Int, _ settled: (Outcomes) throws -> Void) throws {
        var remaining = queue.count
        while remaining > 0 {
            let batch = try queue.take(atMost: min(usersPerBatch, remaining))
            remaining -= batch.count
            try roll.hold(batch.map(\.known))
            let rows = try readRows(of: batch)
            let look = try see(batch, rows)
            var cleared: Outcomes = []
            for var user in batch {
                let evidence = look.evidence[user.known.user]
                for suspect in user.suspects {
                    guard let evidence, mismatches(of: suspect, evidence).isEmpty else { continue }
                    cleared.append((suspect, .matched))
                    user.stages.remove(suspect.stage)
                }
                if !user.stages.isEmpty { try queue.add(user) }
            }
            try settled(cleared)
        }
    }

    /// Ends it for everyone who is left. Of those who were on the move all the time the version may tell enough.
    private func giveUp(
        _ queue: SuspectQueue, _ reason: String, _ usersPerBatch: Int, _ settled: (Outcomes) throws -> Void
    ) throws {
        while queue.count > 0 {
            let batch = try queue.take(atMost: usersPerBatch)
            let moving = batch.filter { $0.attempts > 0 }
            var current: Set<Suspect> = []
            if !moving.isEmpty {
                try roll.hold(moving.map(\.known))
                try roll.catchUp()
                current = try versions.current(moving.flatMap { user in user.suspects.map { ($0, user.known) } }, since: passed)
            }
            try settled(batch.flatMap(\.suspects).map { ($0, current.contains($0) ? .versionOnly : .unresolved(reason)) })
        }
    }

    /// Puts suspects without an outcome back into the queue, unless they have had their rounds, and returns the others.
    private func putBackOpen(_ batch: [SuspectUser], _ outcomes: [Suspect: Settlement], _ queue: SuspectQueue) throws -> Outcomes
    {
        var settled: Outcomes = []
        var hot: [(suspect: Suspect, known: KnownUser)] = []
        for user in batch {
            let isCanary = canaries?.twin(named: user.known.user) != nil
            let rounds = isCanary ? Self.canaryRounds : settings.settleRounds
            var open = user
            open.attempts += 1
            open.stages = []
            for suspect in user.suspects {
                if let outcome = outcomes[suspect] {
                    settled.append((suspect, outcome))
                } else if open.attempts >= rounds {
                    hot.append((suspect, user.known))
                } else {
                    open.stages.insert(suspect.stage)
                }
            }
            if !open.stages.isEmpty { try queue.add(open) }
        }
        let current = try versions.current(hot, since: passed)
        settled += hot.map { suspect, _ in
            let reason = replays.reason(suspect) ?? "changed in every round"
            return (suspect, current.contains(suspect) ? .versionOnly : .unresolved(reason))
        }
        return settled
    }

    // MARK: - One round

    /// What one look saw of everyone in a batch.
    private struct Look {
        var rows: SnapshotRows
        var known: [UserID: KnownUser] = [:]
        var evidence: [UserID: Evidence] = [:]
    }

    /// One double look at a batch. Suspects without an outcome changed meanwhile. Returns nil when a fence was not passed.
    private func round(_ batch: [SuspectUser]) throws -> [Suspect: Settlement]? {
        rounds += 1
        try roll.catchUp()
        let beforehand = Dictionary(
            batch.map { ($0.known.user, roll.known($0.known.user, row: nil)) }, uniquingKeysWith: { first, _ in first })
        guard let first = try look(at: batch), let second = try look(at: batch) else { return nil }
        var outcomes: [Suspect: Settlement] = [:]
        for suspect in batch.flatMap(\.suspects) {
            guard let after = second.known[suspect.user] else { continue }
            let rested = [beforehand[suspect.user], first.known[suspect.user]].allSatisfy {
                $0?.holdsSameRecords(as: after, at: suspect.stage) == true
            }
            outcomes[suspect] = outcome(of: suspect, first, second, rested: rested)
        }
        try replays.withdraw(from: &outcomes, roll)
        return outcomes
    }

    private func look(at batch: [SuspectUser]) throws -> Look? {
        let rows = try readRows(of: batch)
        // Canaries are never mended, so nobody has to wait for that on their account.
        let isInEarnest = batch.contains { canaries?.twin(named: $0.known.user) == nil }
        let outcome = try fence.pass(awaitsMending: isInEarnest)
        lastFence = outcome
        guard outcome.isPassed else { return nil }
        if passed == nil { passed = outcome.position }
        // Behind a weak fence nobody knows what the connector has yet to deliver. Time is a poor proof, and the best there is.
        if outcome.strength == .weak {
            clock.sleep(ms: settings.weakFenceWaitMs)
            obligatoryWaitMs += Int64(settings.weakFenceWaitMs)
        }
        return try see(batch, rows)
    }

    /// The rows of those who can be asked for. Whoever cannot, because the row's id is none of the declared type, stays what the
    /// scan saw: a query for the text that stands for such an id finds nothing, and absence would look like health.
    private func readRows(of batch: [SuspectUser]) throws -> (rows: SnapshotRows, asked: Set<UserID>) {
        let askable = Set(
            batch.map(\.known).filter { $0.row != unreadableIDDigest }.map(\.user)
                .filter { (try? settings.userIDKind.parse($0.text)) == $0 })
        var rows = SnapshotRows(position: nil)
        let users = Array(askable)
        for start in stride(from: 0, to: users.count, by: settings.settleBatchRows) {
            let found = try source.rows(of: Array(users[start..<min(start + settings.settleBatchRows, users.count)]))
            rows.rows.merge(found.rows) { first, _ in first }
            rows.failures.merge(found.failures) { first, _ in first }
        }
        return (rows, askable)
    }

    /// What topics, ledgers and parked records say now of users whose rows were read before.
    private func see(_ batch: [SuspectUser], _ rows: (rows: SnapshotRows, asked: Set<UserID>)) throws -> Look {
        try roll.catchUp()
        let known = batch.map { user in
            let id = user.known.user
            return roll.known(id, row: rows.asked.contains(id) ? rows.rows.digest(of: id) : user.known.row)
        }
        let read = try values.read(known, rows.rows.rows)
        var look = Look(rows: rows.rows)
        for user in known {
            look.known[user.user] = user
            var evidence = user.evidence(parked: roll.parked.entries(of: user.user), answered: read.answered[user.user])
            evidence.isSameInMeaning = read.sameInMeaning.contains(user.user)
            look.evidence[user.user] = evidence
        }
        return look
    }

    /// - Parameter rested: Whether the topics held the very same records from before the first fence to the last look.
    private func outcome(of suspect: Suspect, _ first: Look, _ second: Look, rested: Bool) -> Settlement? {
        guard let before = first.evidence[suspect.user], let after = second.evidence[suspect.user] else { return nil }
        var laterRow = before
        laterRow.row = after.row
        // Whether another row means the same was not looked at.
        if before.row != after.row { laterRow.isSameInMeaning = false }
        let seen = [before, laterRow, after].map { mismatches(of: suspect, $0) }
        if seen.contains(where: \.isEmpty) { return .matched }
        guard rested, before.parked == after.parked, seen[0] == seen[2] else { return nil }
        if suspect.stage == .aggregate, before.row != after.row { return nil }
        if let reason = roll.void(suspect.user, at: suspect.stage) { return .unresolved(reason) }
        return .confirmed(
            Confirmation(
                mismatches: seen[2], evidence: after, row: second.rows.rows[suspect.user],
                newestAggregate: second.known[suspect.user]?.aggregate.home?.address))
    }

    private func mismatches(of suspect: Suspect, _ evidence: Evidence) -> [Mismatch] {
        roll.mismatches(evidence).filter { $0.stage == suspect.stage }
    }
}

extension KnownUser {
    /// Whether everything in topics and ledgers that a stage's judgement rests on is the very same record. Two tombstones are two
    /// records, though both mean "nobody": between them somebody may have come and gone.
    fileprivate func holdsSameRecords(as other: KnownUser, at stage: Stage) -> Bool {
        guard aggregate == other.aggregate else { return false }
        return stage == .aggregate || (god == other.god && productions == other.productions)
    }
}
