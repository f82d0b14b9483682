import Domain

/// Everyone's first judgement: who is to be settled, and how many there are.
struct Comparison {
    /// Users who should be at each stage.
    private(set) var users: [Stage: Int] = [.aggregate: 0, .god: 0]
    private(set) var suspects: [Suspect] = []
    private(set) var canary: CanaryPlan

    /// Judges everyone in the source, the topics and the ledgers.
    init(_ scan: SourceScan, _ roll: Roll, runID: String) {
        canary = CanaryPlan(runID: runID)
        for (user, row) in scan.rows { judge(user, row: row, roll) }
        for user in roll.knownUsers where scan.rows[user] == nil { judge(user, row: nil, roll) }
        suspects += canary.suspects
    }

    private mutating func judge(_ user: UserID, row: Digest?, _ roll: Roll) {
        let evidence = roll.evidence(of: user, row: row)
        if row != nil { users[.aggregate, default: 0] += 1 }
        if evidence.aggregate != nil { users[.god, default: 0] += 1 }
        let stages = Set(roll.mismatches(evidence).map(\.stage))
        for stage in Stage.allCases where stages.contains(stage) {
            suspects.append(Suspect(user: user, stage: stage, alteration: nil))
        }
        if stages.isEmpty, row != nil { canary.consider(user) }
    }
}
