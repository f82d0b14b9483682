import Domain

/// Settles suspects: tells the changes that are on their way from the differences that stay.
///
/// One round reads the rows, passes a fence, reads the topics, and then does all three again. A suspect is cleared when any of
/// the reads agree. It becomes a finding only if both rows were equal and the topics held the very same records both times:
/// then the first fence proves that the pipeline had everything it needed to write the right value, and the second that it
/// did not do so. Whoever moved in between is looked at again.
final class Settler {
    private let settings: VerifySettings
    private let source: any SourcePort
    private let roll: Roll
    private let fence: Fence
    private let clock: any ReconcileClock
    /// A canary that keeps moving is given up early: the run has others, and nobody waits for this one.
    private static let canaryRounds = 3
    private(set) var rounds = 0
    /// The last fence that a round passed, or failed to pass.
    private(set) var lastFence: FenceOutcome?

    init(_ settings: VerifySettings, source: any SourcePort, roll: Roll, fence: Fence, clock: any ReconcileClock) {
        self.settings = settings
        self.source = source
        self.roll = roll
        self.fence = fence
        self.clock = clock
    }

    /// Settles everyone, in batches, until all are settled or the time is over.
    func settle(_ suspects: [Suspect]) throws -> [Suspect: Settlement] {
        let deadlineMs = clock.nowMs() + Int64(settings.settleTimeoutMs)
        var settled: [Suspect: Settlement] = [:]
        var waiting = suspects
        var attempts: [Suspect: Int] = [:]
        while !waiting.isEmpty {
            guard clock.nowMs() < deadlineMs else {
                let seconds = settings.settleTimeoutMs / 1000
                for suspect in waiting { settled[suspect] = .unresolved("not settled within \(seconds) s") }
                break
            }
            let batch = Array(waiting.prefix(settings.settleBatchRows))
            waiting.removeFirst(batch.count)
            guard let outcomes = try round(batch) else {
                let reason = "a fence was not passed: \(lastFence?.blocked?.detail ?? "unknown")"
                for suspect in batch + waiting { settled[suspect] = .unresolved(reason) }
                break
            }
            for suspect in batch {
                if let outcome = outcomes[suspect] {
                    settled[suspect] = outcome
                } else {
                    attempts[suspect, default: 0] += 1
                    let rounds = suspect.alteration == nil ? settings.settleRounds : Self.canaryRounds
                    if attempts[suspect, default: 0] >= rounds {
                        settled[suspect] = .unresolved("changed in each of \(rounds) rounds")
                    } else {
                        waiting.append(suspect)
                    }
                }
            }
        }
        return settled
    }

    /// What one look saw of everyone in a batch.
    private struct Look {
        var rows: SnapshotRows
        var evidence: [UserID: Evidence] = [:]
    }

    /// One double look at a batch. Suspects without an outcome changed meanwhile. Returns nil when a fence was not passed.
    private func round(_ batch: [Suspect]) throws -> [Suspect: Settlement]? {
        rounds += 1
        let users = Array(Set(batch.map(\.user)))
        guard let first = try look(at: users), let second = try look(at: users) else { return nil }
        var outcomes: [Suspect: Settlement] = [:]
        for suspect in batch {
            guard let before = first.evidence[suspect.user], let after = second.evidence[suspect.user] else { continue }
            let row = second.rows.rows[suspect.user]
            outcomes[suspect] = outcome(of: suspect, before, after, row: row)
        }
        return outcomes
    }

    private func look(at users: [UserID]) throws -> Look? {
        var look = Look(rows: try source.rows(of: users))
        let outcome = try fence.pass()
        lastFence = outcome
        guard outcome.isPassed else { return nil }
        try roll.catchUp()
        for user in users {
            look.evidence[user] = roll.evidence(of: user, row: look.rows.digest(of: user))
        }
        return look
    }

    private func outcome(of suspect: Suspect, _ before: Evidence, _ after: Evidence, row: [UInt8]?) -> Settlement? {
        if suspect.alteration != nil {
            // An alteration can only be told from a change when the user stands still: who was deleted proves nothing.
            guard before.row != nil, after.row != nil else { return .unresolved("the canary's user was deleted") }
            guard before.isSame(as: after, at: .aggregate) else { return nil }
        }
        var laterRow = before
        laterRow.row = after.row
        let seen = [before, laterRow, after].map { mismatches(of: suspect, $0) }
        if seen.contains(where: \.isEmpty) { return .matched }
        guard before.isSame(as: after, at: suspect.stage), seen[0] == seen[2] else { return nil }
        let altered = suspect.alteration?.applied(to: after) ?? after
        return .confirmed(seen[2], altered, row: row)
    }

    private func mismatches(of suspect: Suspect, _ evidence: Evidence) -> [Mismatch] {
        let altered = suspect.alteration?.applied(to: evidence) ?? evidence
        return roll.mismatches(altered).filter { $0.stage == suspect.stage }
    }
}

extension Evidence {
    /// Whether everything that a stage's judgement rests on is the very same record or value.
    fileprivate func isSame(as other: Evidence, at stage: Stage) -> Bool {
        guard aggregate == other.aggregate, strays == other.strays else { return false }
        switch stage {
        case .aggregate: return row == other.row
        case .god: return production == other.production && god == other.god
        }
    }
}
