import Domain
import Report

// What the report says in the end.
extension Verification {
    func summarise(_ roll: Roll, _ totals: Comparison.Totals, _ followed: Followed, _ tally: RunTally) throws {
        report.source.rows = totals.rows
        let canaries = tally.canaries
        report.aggregateTopic = TopicSummary(roll.aggregate.tail, totals.aggregates, canaries)
        report.godTopic = roll.god.map { TopicSummary($0.tail, totals.gods, canaries) }
        if let ledger = roll.ledger {
            report.ledger = LedgerSummary(
                productions: ledger.productions - canaries.productions, users: totals.producedUsers, paths: settings.ledgerPaths)
        }
        for stage in settings.stages {
            report.counts[stage] = tally.counts(of: stage, users: totals.users(at: stage))
        }
        report.coverage.gaps += roll.gaps
        let (canary, unsettled) = canaries.result()
        report.canary = canary
        if canary.planted == 0, totals.rows + totals.aggregates.live > 0 {
            report.notes.append(
                unsettled > 0
                    ? "no canary could be settled, for their users moved or were not whole: this run did not prove that it sees"
                    : "nobody was there to draw a canary from: this run did not prove that it sees")
        }
        try noteOddities(roll, totals, followed)
    }

    private func noteOddities(_ roll: Roll, _ totals: Comparison.Totals, _ followed: Followed) throws {
        if !followed.isPositionKnown {
            report.notes.append("the server tells no position for its snapshots, so the run vouches for no position")
        }
        let withoutUser = try roll.parked.withoutUser()
        if withoutUser > 0 {
            report.notes.append("\(withoutUser) parked records name no user; see `rollcall parked list`")
        }
        for table in try roll.parked.truncatedTables() {
            report.notes.append(
                "\(table) was emptied by TRUNCATE, which names no users; those it held are among the findings until they are "
                    + "repaired (`rollcall parked drop` ends this note)")
        }
        for topic in [roll.aggregate, roll.god].compactMap({ $0?.tail }) where topic.progress.unreadableKeys > 0 {
            report.notes.append("topic \(topic.name) holds \(topic.progress.unreadableKeys) records whose key names no user")
        }
        if totals.contradictions > 0 {
            report.notes.append(
                "the ledgers contradict themselves at \(totals.contradictions) God offsets; run `rollcall ledger check`")
        }
    }
}

extension FenceSummary {
    init(_ outcome: FenceOutcome) {
        self.init(
            position: outcome.position, strength: outcome.strength == .strong ? .strong : .weak,
            hops: outcome.hops.map { Hop(hop: $0.hop, passed: $0.isPassed, detail: $0.detail, waitedMs: $0.waitedMs) })
    }
}

extension TopicSummary {
    init(_ topic: TopicTail, _ keys: Comparison.KeyCounts, _ canaries: Canaries) {
        let progress = topic.progress
        self.init(
            name: topic.name,
            partitions: progress.ends.keys.sorted().map {
                .init(partition: $0, low: progress.lows[$0] ?? 0, end: progress.ends[$0] ?? 0)
            },
            records: progress.records - canaries.records(of: topic.name), live: keys.live, tombstones: keys.tombstones)
    }
}
