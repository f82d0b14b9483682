import Domain
import Kafka

/// Settles suspects: tells the changes that are on their way from the differences that stay.
///
/// One round reads the rows, passes a fence, reads the topics, and then does all three again. A suspect is cleared when any of
/// the reads agree. It becomes a finding only if both rows were equal and the topics held the very same records all the while:
/// then the first fence proves that the pipeline had everything it needed to write the right value, and the second that it
/// did not do so. Whoever moved in between is looked at again.
///
/// The topics are looked at before the first fence already, for two reasons. On a busy system nearly all suspects have merely changed
/// since the scan, and whoever agrees by now needs no fence: only a contradiction does. And the records must have been there before it.
/// One that was written behind it may be an aggregator's late write, about which the enricher's signal is still on its way behind the
/// second: the formal model in `Tests/Model` has the schedule.
final class Settler {
    private let settings: VerifySettings
    private let roll: Roll
    private let fence: Fence
    private let clock: any ReconcileClock
    private let replays: ReplayWait
    private let closely: CloseLook
    private let versions: VersionCheck
    private let canaries: Canaries?
    /// A canary that keeps moving is given up early: the run has others, and nobody waits for this one.
    private static let canaryRounds = 3
    private(set) var rounds = 0
    private let batchBytes: Int
    private var obligatoryWaitMs: Int64 = 0
    /// Every change before it has gone through the whole pipeline.
    private var passed: SourcePosition?
    /// The last fence that a round passed, or failed to pass.
    private(set) var lastFence: FenceOutcome?

    /// - Parameters:
    ///   - replays: Asked about God objects that no ledger lists.
    ///   - comparison: Compares values whose bytes differ.
    ///   - plan: Says how many rows may be held at a time.
    ///   - largestRowBytes: The longest row that there is; nil where nobody knows.
    ///   - passed: The position of a fence that was passed already; nil takes that of the first round.
    init(
        _ settings: VerifySettings, source: any SourcePort, roll: Roll, fence: Fence, clock: any ReconcileClock,
        replays: any ReplayPort, comparison: FieldComparison, plan: MemoryPlan, largestRowBytes: Int? = nil,
        passed: SourcePosition? = nil, canaries: Canaries? = nil
    ) {
        batchBytes = plan.batchBytes
        self.canaries = canaries
        self.settings = settings
        closely = CloseLook(
            settings, source, roll, comparison,
            plan.rowSizes(largestRowBytes: largestRowBytes, atMost: settings.settleBatchRows))
        versions = VersionCheck(roll)
        self.replays = ReplayWait(replays, clock)
        self.passed = passed
        self.roll = roll
        self.fence = fence
        self.clock = clock
    }

    /// What became of the suspects of one batch.
    typealias Outcomes = [(suspect: Suspect, settlement: Settlement)]

    /// What a round came to for one suspect.
    struct Outcome {
        var suspect: Suspect
        /// Nil when it has to be looked at again.
        var settlement: Settlement?
    }

    /// Users who are settled together, with what was seen of them before the first fence.
    private struct Batch {
        var users: [SuspectUser] = []
        var rows: [SeenRow] = []
        var before: [KnownUser] = []
        /// What they take.
        var bytes = 0

        mutating func add(_ user: SuspectUser, _ row: SeenRow, before known: KnownUser) {
            users.append(user)
            rows.append(row)
            before.append(known)
            bytes += MemoryPlan.settledUserBytes(rowBytes: row.bytes?.count ?? 0)
        }
    }

    /// Settles everyone in the queue, in batches, until all are settled or the time is over.
    ///
    /// - Parameter settled: Called with some outcomes after the other, while the roll still holds their users.
    func settle(_ queue: SuspectQueue, usersPerBatch: Int, settled: (Outcomes) throws -> Void) throws {
        let deadlineMs = clock.nowMs() + Int64(settings.settleTimeoutMs)
        while queue.count > 0 {
            // Waits that every look takes, however fast the pipeline is, are not held against the users.
            guard clock.nowMs() - obligatoryWaitMs < deadlineMs else {
                return try giveUp(queue, "not settled within \(settings.settleTimeoutMs / 1000) s", usersPerBatch, settled)
            }
            var batch = try open(queue, usersPerBatch, settled)
            guard !batch.users.isEmpty else { continue }
            guard let outcomes = try round(&batch) else {
                let reason = "a fence was not passed: \(lastFence?.blocked?.detail ?? "unknown")"
                try settled(batch.users.flatMap(\.suspects).map { ($0, .unresolved(reason)) })
                return try giveUp(queue, reason, usersPerBatch, settled)
            }
            try settled(try putBackOpen(batch.users, outcomes, queue))
        }
    }

    /// Takes users out of the queue until so many are together with whom something is wrong in earnest, and clears the others.
    private func open(
        _ queue: SuspectQueue, _ usersPerBatch: Int, _ settled: (Outcomes) throws -> Void
    ) throws -> Batch {
        var batch = Batch()
        while queue.count > 0, batch.users.count <= usersPerBatch * 3 / 4, batch.bytes <= batchBytes / 4 * 3 {
            var taken = try queue.take(atMost: usersPerBatch - batch.users.count)
            let rows = try rows(of: &taken, queue, limitBytes: batchBytes - batch.bytes)
            try roll.hold((batch.users + taken).map(\.known))
            let (open, cleared) = try clear(taken, try closely.see(taken, rows))
            for (index, user, before) in open { batch.add(user, rows[index], before: before) }
            try settled(cleared)
        }
        return batch
    }

    /// The rows of users who were taken out of the queue. Those whose rows find no room go back to its front.
    private func rows(of users: inout [SuspectUser], _ queue: SuspectQueue, limitBytes: Int) throws -> [SeenRow] {
        let rows = try closely.rows(of: users, limitBytes: limitBytes)
        queue.giveBack(users[rows.count...])
        users.removeLast(users.count - rows.count)
        return rows
    }

    /// Parts users by whether what is known of them agrees. Agreement needs no fence: it is no claim about the pipeline.
    private func clear(
        _ users: [SuspectUser], _ sights: [Sight]
    ) throws -> (open: [(index: Int, user: SuspectUser, before: KnownUser)], cleared: Outcomes) {
        var open: [(Int, SuspectUser, KnownUser)] = []
        var cleared: Outcomes = []
        for (index, sight) in sights.enumerated() {
            var user = users[index]
            user.value = sight.value
            for suspect in user.suspects where mismatches(of: suspect, sight.evidence).isEmpty {
                cleared.append((suspect, .matched))
                user.stages.remove(suspect.stage)
            }
            if !user.stages.isEmpty { open.append((index, user, sight.known)) }
        }
        return (open, cleared)
    }

    /// Ends it for everyone who is left. Who was not looked at yet may agree by now, and of those who were on the move all the time the
    /// version may tell enough.
    private func giveUp(
        _ queue: SuspectQueue, _ reason: String, _ usersPerBatch: Int, _ settled: (Outcomes) throws -> Void
    ) throws {
        var mayLook = true
        while queue.count > 0 {
            let batch = try queue.take(atMost: usersPerBatch)
            try roll.hold(batch.map(\.known))
            var left = batch.filter { $0.attempts > 0 }
            var fresh = batch.filter { $0.attempts == 0 }
            if mayLook, !fresh.isEmpty {
                do {
                    let rows = try rows(of: &fresh, queue, limitBytes: batchBytes)
                    let (open, cleared) = try clear(fresh, try closely.see(fresh, rows))
                    try settled(cleared)
                    left += open.map(\.user)
                } catch let error where Self.isForWantOfBrokers(error) {
                    // Which may be why it is given up. Then everyone stays what the comparison made of them.
                    mayLook = false
                    left += fresh
                }
            } else {
                left += fresh
            }
            let moving = left.filter { $0.attempts > 0 }
            var current: Set<Suspect> = []
            if !moving.isEmpty {
                try roll.catchUp()
                current = try versions.current(moving.flatMap { user in user.suspects.map { ($0, user.known) } }, since: passed)
            }
            try settled(left.flatMap(\.suspects).map { ($0, current.contains($0) ? .versionOnly : .unresolved(reason)) })
        }
    }

    /// Whether the brokers are away, or stand still.
    private static func isForWantOfBrokers(_ error: any Error) -> Bool {
        switch error {
        case let error as KafkaError: error.isRetriable
        case ReconcileError.noProgress: true
        default: false
        }
    }

    /// Puts suspects without an outcome back into the queue, unless they have had their rounds, and returns the others.
    private func putBackOpen(_ users: [SuspectUser], _ outcomes: [Outcome], _ queue: SuspectQueue) throws -> Outcomes {
        var settled: Outcomes = []
        var hot: [(suspect: Suspect, known: KnownUser)] = []
        var rest = outcomes[...]
        for user in users {
            let isCanary = canaries?.twin(named: user.known.user) != nil
            let rounds = isCanary ? Self.canaryRounds : settings.settleRounds
            var open = user
            open.attempts += 1
            open.stages = []
            // The outcomes stand in the order of the users, one for each of their stages.
            for outcome in rest.prefix(user.stages.count) {
                if let settlement = outcome.settlement {
                    settled.append((outcome.suspect, settlement))
                } else if open.attempts >= rounds {
                    hot.append((outcome.suspect, user.known))
                } else {
                    open.stages.insert(outcome.suspect.stage)
                }
            }
            rest = rest.dropFirst(user.stages.count)
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

    /// One double look at a batch. Returns nil when a fence was not passed.
    private func round(_ batch: inout Batch) throws -> [Outcome]? {
        rounds += 1
        guard var first = try look(&batch.users, batch.rows) else { return nil }
        // From here on only the rows' digests are of use, and the rows are the larger part of it all.
        batch.rows = []
        for index in first.indices { first[index].row.bytes = nil }
        guard let second = try look(&batch.users, try closely.rows(of: batch.users)) else { return nil }
        var outcomes: [Outcome] = []
        outcomes.reserveCapacity(second.count)
        for (index, user) in batch.users.enumerated() {
            for suspect in user.suspects {
                let rested = [batch.before[index], first[index].known].allSatisfy {
                    $0.holdsSameRecords(as: second[index].known, at: suspect.stage)
                }
                outcomes.append(
                    Outcome(
                        suspect: suspect, settlement: outcome(of: suspect, first[index], second[index], rested: rested)))
            }
        }
        try replays.withdraw(from: &outcomes, roll)
        return outcomes
    }

    /// Passes a fence, and looks at users whose rows were read before it.
    private func look(_ users: inout [SuspectUser], _ rows: [SeenRow]) throws -> [Sight]? {
        // Canaries are never mended, so nobody has to wait for that on their account.
        let isInEarnest = users.contains { canaries?.twin(named: $0.known.user) == nil }
        let outcome = try fence.pass(awaitsMending: isInEarnest)
        lastFence = outcome
        guard outcome.isPassed else { return nil }
        if passed == nil { passed = outcome.position }
        // Behind a weak fence nobody knows what the connector has yet to deliver. Time is a poor proof, and the best there is.
        if outcome.strength == .weak {
            clock.sleep(ms: settings.weakFenceWaitMs)
            obligatoryWaitMs += Int64(settings.weakFenceWaitMs)
        }
        let sights = try closely.see(users, rows)
        for index in users.indices { users[index].value = sights[index].value }
        return sights
    }

    /// - Parameter rested: Whether the topics held the very same records from before the first fence to the last look.
    private func outcome(of suspect: Suspect, _ first: Sight, _ second: Sight, rested: Bool) -> Settlement? {
        let (before, after) = (first.evidence, second.evidence)
        let seen = mismatches(of: suspect, before)
        let seenAgain = mismatches(of: suspect, after)
        if seen.isEmpty || seenAgain.isEmpty { return .matched }
        if before.row != after.row {
            var laterRow = before
            laterRow.row = after.row
            // Whether another row means the same was not looked at.
            laterRow.isSameInMeaning = false
            if mismatches(of: suspect, laterRow).isEmpty { return .matched }
        }
        guard rested, before.parked == after.parked, seen == seenAgain else { return nil }
        if suspect.stage == .aggregate, before.row != after.row { return nil }
        if let reason = roll.void(suspect.user, at: suspect.stage) { return .unresolved(reason) }
        return .confirmed(
            Confirmation(
                mismatches: seenAgain, evidence: after, row: second.row.bytes,
                newestAggregate: second.known.aggregate.home?.address))
    }

    private func mismatches(of suspect: Suspect, _ evidence: Evidence) -> [Mismatch] {
        roll.mismatches(evidence).filter { $0.stage == suspect.stage }
    }
}
