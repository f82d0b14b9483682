import Domain

extension Production {
    /// Whether this production replaced the other one, of the same user, in the God topic.
    ///
    /// Within a partition the higher offset is newer. Records in different partitions do not replace each other: a compacted
    /// topic keeps both, which happens when partitions were added, and is a fact that the judgement wants to know.
    public func supersedes(_ other: Production) -> Bool {
        god.partition == other.god.partition && god.offset > other.god.offset
    }

    /// Whether both describe the same record in the same way. The time is left out: a production that was recorded after a
    /// crash, or restored from the topic, carries the time of its record.
    public func agrees(with other: Production) -> Bool {
        var other = other
        other.producedAtMs = producedAtMs
        return self == other
    }
}

/// The newest production of each user and partition, folded from one or more ledgers in any order.
///
/// Everything is held in memory, a few hundred bytes per user: for some users, or small ledgers.
public struct NewestProductions: Sendable {
    private var byUser: [UserID: [Production]] = [:]
    /// Addresses that two ledgers, or one, describe in different ways; the one that came first is kept.
    public private(set) var contradictions: Set<RecordAddress> = []

    /// An empty fold.
    public init() {}

    /// Takes a production into account.
    public mutating func add(_ production: Production) {
        var newest = byUser[production.user] ?? []
        if let index = newest.firstIndex(where: { $0.god.partition == production.god.partition }) {
            if production.god == newest[index].god, !production.agrees(with: newest[index]) {
                contradictions.insert(production.god)
            }
            guard production.supersedes(newest[index]) else { return }
            newest[index] = production
        } else {
            let place = newest.firstIndex { $0.god.partition > production.god.partition } ?? newest.endIndex
            newest.insert(production, at: place)
        }
        byUser[production.user] = newest
    }

    /// How many users have a production.
    public var userCount: Int { byUser.count }

    /// A user's newest production in each partition, by partition. With one entry, as it should be, that is the newest one;
    /// with more, the last is the one with the highest address.
    public subscript(user: UserID) -> [Production] { byUser[user] ?? [] }
}
