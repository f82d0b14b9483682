import Domain
import Kafka

/// All that is known about the users of one batch at one time: what the comparison knew of them, and what came since.
///
/// Only users who are being settled are followed. Of everyone else the comparison has shown that the topics held, when a fence past the
/// scan's position P had been passed, exactly what the row was at a position not before P. Whatever happened to them after
/// that is a change after P, for which this run vouches neither way; the next one will look at it.
final class Roll {
    let settings: VerifySettings
    let aggregate: FollowedTopic
    /// Nil when only the aggregate stage is judged.
    let god: FollowedTopic?
    let ledger: FollowedLedger?
    let parked: FollowedParked
    private let holdsEveryone: Bool

    /// - Parameter holdsEveryone: Whether everyone who will ever be asked for is followed already, so that no batch changes that.
    init(
        _ settings: VerifySettings, aggregate: FollowedTopic, god: FollowedTopic?, ledger: FollowedLedger?,
        parked: FollowedParked, holdsEveryone: Bool = false
    ) {
        self.settings = settings
        self.aggregate = aggregate
        self.god = god
        self.ledger = ledger
        self.parked = parked
        self.holdsEveryone = holdsEveryone
    }

    /// Turns to other users.
    func hold(_ users: [KnownUser]) throws {
        guard !holdsEveryone else { return }
        try aggregate.hold(users.map { ($0.user, $0.aggregate) })
        try god?.hold(users.map { ($0.user, $0.god) })
        try ledger?.hold(users)
        parked.hold(users.map(\.user))
    }

    /// Folds what came since. The God topic is read before the ledger: a production is recorded only after it was acknowledged,
    /// so whatever the God topic shows now, the ledger is about to tell. Parked records come last: an entry is closed after the success
    /// that closes it.
    func catchUp() throws {
        try aggregate.catchUp()
        try god?.catchUp()
        try ledger?.catchUp()
        try parked.catchUp()
    }

    /// What is known about a user whose row was read by the caller.
    func known(_ user: UserID, row: Digest?) -> KnownUser {
        KnownUser(
            user: user, row: row, aggregate: aggregate.records(of: user), god: god?.records(of: user) ?? KnownRecords(),
            productions: ledger?.productions(of: user) ?? [])
    }

    /// Why nothing can be proven about a user at a stage, though it was looked at; nil where something can.
    func void(_ user: UserID, at stage: Stage) -> String? {
        for topic in [aggregate.tail, stage == .god ? god?.tail : nil].compactMap({ $0 }) where !topic.progress.voided.isEmpty {
            let home = Partitioner.murmur2(key: user.keyBytes, partitionCount: topic.partitionCount)
            if topic.progress.voided.contains(home) { return "partition \(home) of \(topic.name) is not covered" }
        }
        return nil
    }

    /// The partition of a stage's topic that is a user's own, also where nothing of the user lies there.
    func home(of user: UserID, at stage: Stage) -> Int32? {
        let topic = stage == .aggregate ? aggregate.tail : god?.tail
        return topic.map { Partitioner.murmur2(key: user.keyBytes, partitionCount: $0.partitionCount) }
    }

    /// What is not covered, one clause for each partition.
    var gaps: [String] {
        [aggregate.tail, god?.tail].compactMap { $0 }.flatMap { topic in
            topic.progress.voided.sorted().map {
                "partition \($0) of \(topic.name): records were removed from its beginning while it was read"
            }
        }
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
