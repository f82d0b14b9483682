import Domain
import Ledger

/// All that is known about everyone at one time: the folds, side by side.
final class Roll {
    let settings: VerifySettings
    let aggregate: FollowedTopic
    /// Nil when only the aggregate stage is judged.
    let god: FollowedTopic?
    private let ledger: (any LedgerPort)?
    private(set) var productions = NewestProductions()
    private(set) var productionCount = 0
    private(set) var parked = ParkedUsers()

    init(_ settings: VerifySettings, aggregate: FollowedTopic, god: FollowedTopic?, ledger: (any LedgerPort)?) throws {
        self.settings = settings
        self.aggregate = aggregate
        self.god = god
        self.ledger = ledger
        try readLedger()
    }

    /// Folds what came since. The God topic is read before the ledger: a production is recorded only after it was acknowledged,
    /// so whatever the God topic shows now, the ledger is about to tell.
    func catchUp() throws {
        try aggregate.catchUp()
        try god?.catchUp()
        try readLedger()
    }

    private func readLedger() throws {
        guard let ledger else { return }
        try ledger.readNew { production in
            productions.add(production)
            productionCount += 1
        }
        parked = try ledger.openParked()
    }

    /// Everyone who appears anywhere but in the source.
    var knownUsers: Set<UserID> {
        var users = Set(aggregate.fold.users)
        if let god { users.formUnion(god.fold.users) }
        return users
    }

    /// What is known about a user whose row was read by the caller.
    func evidence(of user: UserID, row: Digest?) -> Evidence {
        var evidence = Evidence(row: row, parked: parked.users[user] ?? [:])
        evidence.aggregate = aggregate.fold.live(user)
        evidence.strays = aggregate.fold.strays(user)
        if let god {
            evidence.god = god.fold.live(user)
            evidence.strays += god.fold.strays(user)
            evidence.production = newestProduction(of: user)
        }
        return evidence
    }

    /// Of productions in several partitions, the one at home counts: the others are told as strays of the God topic.
    private func newestProduction(of user: UserID) -> Production? {
        let candidates = productions[user]
        guard candidates.count > 1, let home = god?.fold.newest(user)?.address.partition else { return candidates.last }
        return candidates.first { $0.god.partition == home } ?? candidates.last
    }

    /// The judgement of the stages that this run is about.
    func mismatches(_ evidence: Evidence) -> [Mismatch] {
        judge(evidence).filter { settings.stages.contains($0.stage) }
    }

    func close() {
        aggregate.close()
        god?.close()
    }
}
