import Kafka

/// A consumer group with eager rebalancing: whenever somebody comes or goes, everybody gives up everything at the next poll, and
/// when all have, the partitions are shared out anew. Who does not poll for a session is put out, without being told.
struct Group: Sendable {
    static let sessionTimeoutMs: Int64 = 1_000

    struct Member: Sendable {
        var lastSeenMs: Int64
        /// Has given up what it had, and waits for its new share.
        var hasJoined = false
        var generation = 0
    }

    let partitions: [TopicPartition]
    private(set) var members: [Int: Member] = [:]
    private(set) var generation = 0
    private(set) var isRebalancing = false
    private var owners: [TopicPartition: Int] = [:]
    var committed: [TopicPartition: Int64] = [:]
    private var lastMember = 0

    init(partitions: [TopicPartition]) {
        self.partitions = partitions
    }

    /// A new member, which has nothing to give up.
    mutating func join(nowMs: Int64) -> Int {
        lastMember += 1
        members[lastMember] = Member(lastSeenMs: nowMs, hasJoined: true)
        begin()
        return lastMember
    }

    mutating func leave(_ member: Int) {
        guard members.removeValue(forKey: member) != nil else { return }
        begin()
    }

    /// A member gives up what it had.
    mutating func rejoin(_ member: Int) {
        members[member]?.hasJoined = true
    }

    mutating func see(_ member: Int, nowMs: Int64) {
        members[member]?.lastSeenMs = nowMs
    }

    /// Puts out those who have not been seen for a session.
    mutating func expire(nowMs: Int64) {
        let gone = members.filter { $0.value.lastSeenMs + Self.sessionTimeoutMs < nowMs }.keys
        for member in gone { members[member] = nil }
        if !gone.isEmpty { begin() }
    }

    private mutating func begin() {
        if !isRebalancing {
            for member in members.keys where members[member]?.generation == generation { members[member]?.hasJoined = false }
        }
        isRebalancing = true
    }

    /// Shares the partitions out when everybody has joined.
    mutating func complete(_ chance: inout Chance) -> Bool {
        guard isRebalancing, !members.isEmpty, members.values.allSatisfy(\.hasJoined) else { return false }
        isRebalancing = false
        generation += 1
        let order = members.keys.sorted().shuffled(using: &chance)
        owners = [:]
        for (index, partition) in partitions.enumerated() { owners[partition] = order[index % order.count] }
        return true
    }

    /// Who owns a partition; nil when the member that did is none any more.
    func owner(of partition: TopicPartition) -> Int? {
        owners[partition].flatMap { members[$0] == nil ? nil : $0 }
    }

    /// What a member gets in a generation that it does not know yet; nil when there is nothing new.
    mutating func newShare(of member: Int) -> Set<TopicPartition>? {
        guard !isRebalancing, let known = members[member], known.generation < generation else { return nil }
        members[member]?.generation = generation
        return Set(owners.filter { $0.value == member }.keys)
    }
}
