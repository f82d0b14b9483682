import Domain

/// Asks the mapping service again, and finds users whose God objects were made with another mapping than it gives today.
///
/// The first look asks for everyone. Whoever's answer differs is looked at as closely as any suspect: twice, each time behind a fence,
/// with the same answer and the same production both times.
struct MappingRecheck {
    private let roll: Roll
    private let fence: Fence
    private let mappings: any MappingPort
    private static let rounds = 3

    /// How many mappings were asked for, and what came of it.
    struct Totals {
        var asked = 0
        var changed = 0
        var unanswered = 0
    }

    init(_ roll: Roll, _ fence: Fence, _ mappings: any MappingPort) {
        self.roll = roll
        self.fence = fence
        self.mappings = mappings
    }

    /// Looks at everyone in the queue.
    ///
    /// - Parameter settled: Called with what became of those whose mapping differs, or could not be asked for.
    func run(
        _ queue: SuspectQueue, usersPerBatch: Int, settled: (Settler.Outcomes) throws -> Void
    ) throws -> Totals {
        var totals = Totals()
        var waiting = queue.count
        while waiting > 0 {
            let batch = try queue.take(atMost: min(usersPerBatch, waiting))
            waiting -= batch.count
            totals.asked += batch.count
            let look = try look(at: batch)
            for user in batch where look[user.known.user].map({ !$0.isSame }) ?? false { try queue.add(user) }
        }
        while queue.count > 0 {
            let batch = try queue.take(atMost: usersPerBatch)
            let outcomes = try round(batch, queue)
            for (_, settlement) in outcomes {
                if case .confirmed = settlement {
                    totals.changed += 1
                } else if case .unresolved = settlement {
                    totals.unanswered += 1
                }
            }
            try settled(outcomes)
        }
        return totals
    }

    /// A user and the service's answer, at one time.
    private struct Sight {
        var known: KnownUser
        var answer: PresentMapping
        var evidence: Evidence

        /// Whether the God object was made with this mapping, or there is none that could differ.
        var isSame: Bool {
            guard case .digest(let digest) = answer else { return false }
            guard let production = evidence.production, production.isLive else { return true }
            return production.mappingDigest == digest
        }
    }

    private func look(at batch: [SuspectUser]) throws -> [UserID: Sight] {
        try roll.hold(batch.map(\.known))
        try roll.catchUp()
        return try see(batch)
    }

    private func see(_ batch: [SuspectUser]) throws -> [UserID: Sight] {
        let answers = try mappings.answers(for: batch.map(\.known.user))
        var sights: [UserID: Sight] = [:]
        for user in batch {
            let known = roll.known(user.known.user, row: user.known.row)
            let evidence = known.evidence(parked: roll.parked.entries(of: known.user))
            let answer = answers[known.user] ?? .failed("the service gave no answer for this user")
            sights[known.user] = Sight(known: known, answer: answer, evidence: evidence)
        }
        return sights
    }

    private func round(_ batch: [SuspectUser], _ queue: SuspectQueue) throws -> Settler.Outcomes {
        guard let first = try fencedLook(at: batch), let second = try fencedLook(at: batch) else {
            return batch.flatMap(\.suspects).map { ($0, .unresolved("a fence was not passed")) }
        }
        var outcomes: Settler.Outcomes = []
        for var user in batch {
            let suspect = Suspect(user: user.known.user, stage: .god)
            guard let before = first[suspect.user], let after = second[suspect.user] else { continue }
            if let settlement = settle(before, after) {
                outcomes.append((suspect, settlement))
            } else if user.attempts + 1 < Self.rounds {
                user.attempts += 1
                try queue.add(user)
            } else {
                outcomes.append((suspect, .unresolved("the mapping, or the user, changed in every round")))
            }
        }
        return outcomes
    }

    private func fencedLook(at batch: [SuspectUser]) throws -> [UserID: Sight]? {
        guard try fence.pass().isPassed else { return nil }
        return try look(at: batch)
    }

    /// Nil when the user has to be looked at again.
    private func settle(_ before: Sight, _ after: Sight) -> Settlement? {
        if before.isSame || after.isSame { return .matched }
        if case .failed(let reason) = after.answer { return .unresolved(reason) }
        guard before.answer == after.answer, before.known.productions == after.known.productions,
            before.known.god == after.known.god,
            before.known.aggregate == after.known.aggregate
        else { return nil }
        var evidence = after.evidence
        evidence.isMappingChanged = true
        let mismatches = roll.mismatches(evidence).filter { $0.stage == .god }
        // Something else came to be wrong with the user meanwhile. That is for the next run, which looks at it as such.
        guard mismatches == [Mismatch(.god, .stale, .mappingChangedSince)] else { return nil }
        if let reason = roll.void(after.known.user, at: .god) { return .unresolved(reason) }
        return .confirmed(
            Confirmation(
                mismatches: mismatches, evidence: evidence, row: nil, newestAggregate: after.known.aggregate.home?.address))
    }
}
