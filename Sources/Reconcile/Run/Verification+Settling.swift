import Domain
import Report

// What becomes of suspects.
extension Verification {
    func settle(
        _ suspects: SuspectQueue, _ settler: Settler, _ builder: FindingBuilder, _ record: any RunJournal, _ followed: Followed,
        _ tally: inout RunTally
    ) throws {
        try settler.settle(suspects, usersPerBatch: usersPerBatch(followed)) { outcomes in
            try take(outcomes, builder, record, followed, &tally)
        }
    }

    /// Asks for mappings again, where the settings say so.
    func askAgain(
        _ users: SuspectQueue, _ roll: Roll, _ fence: Fence, _ builder: FindingBuilder, _ record: any RunJournal,
        _ followed: Followed, _ tally: inout RunTally
    ) throws {
        guard settings.mappings != .nobody, settings.stages.contains(.god) else { return }
        begin("mappings")
        let totals = try MappingRecheck(roll, fence, try ports.mappings()).run(users, usersPerBatch: usersPerBatch(followed)) {
            outcomes in
            try take(outcomes, builder, record, followed, &tally)
        }
        report.notes.append(
            "\(totals.asked) mappings were asked for again: \(totals.changed) are not those that the God objects were made with"
                + (totals.unanswered > 0 ? ", and \(totals.unanswered) could not be told" : ""))
    }

    /// Counts what became of suspects, and writes down the findings among them.
    private func take(
        _ outcomes: Settler.Outcomes, _ builder: FindingBuilder, _ record: any RunJournal, _ followed: Followed,
        _ tally: inout RunTally
    ) throws {
        if outcomes.isEmpty { return }
        defer { settings.giveMemoryBack() }
        var confirmed: [(suspect: Suspect, seen: Confirmation)] = []
        for (suspect, settlement) in outcomes {
            tally.add(suspect, settlement)
            if case .confirmed(let seen) = settlement { confirmed.append((suspect, seen)) }
        }
        guard !confirmed.isEmpty else { return }
        let built = try builder.build(confirmed)
        for (suspect, seen) in built.unprovable { tally.addUnprovable(suspect, seen) }
        try record.write(tally.withoutCanaries(built.findings), position: followed.position)
    }

    func usersPerBatch(_ followed: Followed) -> Int {
        // Behind a weak fence each batch waits for what the connector has yet to deliver, so there they are as large as memory allows.
        let limit = report.fence.strength == .weak ? max(settings.settleBatchUsers, 100_000) : settings.settleBatchUsers
        return plan.usersPerBatch(averageRowBytes: followed.averageRowBytes, atMost: limit)
    }

    func leaveUnresolved(_ suspects: SuspectQueue, _ reason: String, _ tally: inout RunTally) throws {
        while suspects.count > 0 {
            for suspect in try suspects.take(atMost: 1_000).flatMap(\.suspects) {
                tally.add(suspect, .unresolved(reason))
            }
        }
    }
}
