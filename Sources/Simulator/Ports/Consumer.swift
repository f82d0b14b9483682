import Domain
import Kafka
import Pipeline

/// A member of a consumer group.
final class SimulatedConsumer: RecordSource {
    private let world: World
    private let groupName: String
    private let topics: [String]
    private var member: Int?
    private var positions: [TopicPartition: Int64] = [:]
    private var toldEnds: [TopicPartition: Int64] = [:]

    init(_ world: World, group: String) {
        self.world = world
        groupName = group
        topics = world.act { state in Array(Set(state.broker.groups[group]?.partitions.map(\.topic) ?? [])).sorted() }
    }

    /// Whether the group holds this member for the owner of a partition.
    func owns(_ partition: TopicPartition, _ state: borrowing WorldState) -> Bool {
        guard let member, let group = state.broker.groups[groupName] else { return false }
        return group.owner(of: partition) == member
    }

    /// Leaves the group, as a worker does that ends in peace.
    func leave() {
        world.act { state in
            if let member { state.broker.groups[groupName]?.leave(member) }
            state.schedule.announce(groupName)
        }
        member = nil
    }

    func poll(maxRecords: Int, maxBytes: Int, timeoutMs: Int) throws -> Poll {
        world.act { _ = $0.weather.overslept.remove($0.schedule.running) }
        try world.nap()
        try world.turn("poll", groupName)
        var poll = take(maxRecords)
        if poll.records.isEmpty, poll.ends.isEmpty, poll.assigned.isEmpty, poll.revoked.isEmpty, timeoutMs > 0 {
            try world.sleep(ms: timeoutMs, unless: Set(topics + [groupName]))
            poll = take(maxRecords)
        }
        return poll
    }

    func keepAlive() throws -> Poll {
        try world.turn("keep alive", groupName)
        return world.act { state in state.isAway(.broker) ? Poll() : serve(&state) }
    }

    private func take(_ maxRecords: Int) -> Poll {
        world.act { state in
            guard !state.isAway(.broker) else { return Poll(notices: ["the broker does not answer"]) }
            var poll = serve(&state)
            guard poll.assigned.isEmpty else { return poll }
            let limit = state.schedule.chance.within(1...maxRecords)
            for partition in positions.keys.sorted(by: { $0.description < $1.description }) where !state.isLeaderless(partition) {
                read(partition, upTo: limit, &poll, state)
            }
            if !poll.records.isEmpty { state.note("brought \(poll.records.map { "\($0.topicPartition):\($0.offset)" })") }
            return poll
        }
    }

    private func read(_ partition: TopicPartition, upTo limit: Int, _ poll: inout Poll, _ state: borrowing WorldState) {
        guard var position = positions[partition] else { return }
        let log = state.broker[partition]
        position = max(position, log.low)
        for stored in state.broker.records(partition, from: position) where poll.records.count < limit {
            poll.records.append(stored.asRead(from: partition))
            position = stored.offset + 1
        }
        if !log.records.contains(where: { $0.offset >= position }) {
            position = max(position, log.end)
            if toldEnds[partition] != log.end, log.end > 0 {
                poll.ends[partition] = log.end
                toldEnds[partition] = log.end
            }
        }
        positions[partition] = position
    }

    /// Follows what the group decides.
    private func serve(_ state: inout WorldState) -> Poll {
        var poll = Poll()
        let nowMs = state.nowMs
        state.changeGroup(groupName) { group, chance in
            group.expire(nowMs: nowMs)
            if let known = member, group.members[known] == nil { giveUp(&poll) }
            let me = member ?? group.join(nowMs: nowMs)
            member = me
            group.see(me, nowMs: nowMs)
            if group.isRebalancing, group.members[me]?.hasJoined == false {
                poll.revoked.formUnion(positions.keys)
                positions = [:]
                group.rejoin(me)
            }
            let isShared = group.complete(&chance)
            if let share = group.newShare(of: me) {
                poll.assigned = share
                toldEnds = [:]
            }
            return isShared
        }
        for partition in poll.assigned { positions[partition] = state.start(of: partition, in: groupName) }
        if !poll.revoked.isEmpty { state.note("revoked \(poll.revoked.map(\.description).sorted())") }
        if !poll.assigned.isEmpty { state.note("assigned \(poll.assigned.map(\.description).sorted())") }
        return poll
    }

    private func giveUp(_ poll: inout Poll) {
        poll.revoked.formUnion(positions.keys)
        positions = [:]
        member = nil
    }

    func commit(_ offsets: [TopicPartition: Int64], whileWaiting: () throws -> Void) throws {
        try world.turn("commit", "\(groupName) \(offsets.map { "\($0.key):\($0.value)" }.sorted())")
        if world.act({ $0.schedule.chance.happens(20) }) { try whileWaiting() }
        try world.act { state in
            guard !state.isAway(.broker) else { throw PortFailure(.unavailable, "the group's coordinator does not answer") }
            guard let member, let known = state.broker.groups[groupName]?.members[member],
                known.generation == state.broker.groups[groupName]?.generation
            else { throw PortFailure(.assignmentLost, "the group knows no such member") }
            for (partition, offset) in offsets { state.commit(partition, offset, in: groupName) }
            state.schedule.announce("\(groupName) committed")
        }
        try world.turn("committed", groupName)
        // The coordinator has written it down, and its answer gets lost.
        if world.act({ $0.isAway(.broker) }) { throw PortFailure(.unavailable, "no answer to the commit") }
    }

    func history(of partitions: Set<TopicPartition>, lookBack: Int) throws -> [TopicPartition: PartitionHistory] {
        try world.turn("history", groupName)
        return try world.act { state in
            guard !state.isAway(.broker) else { throw PortFailure(.unavailable, "the broker does not answer") }
            var histories: [TopicPartition: PartitionHistory] = [:]
            for partition in partitions {
                let log = state.broker[partition]
                let committed = state.broker.groups[groupName]?.committed[partition]
                var history = PartitionHistory(committed: committed, low: log.low, high: log.end)
                if let committed, lookBack > 0 {
                    history.last = state.broker.records(partition, from: committed - Int64(lookBack), to: committed).map {
                        $0.asRead(from: partition)
                    }
                }
                histories[partition] = history
            }
            return histories
        }
    }

    func end(of partition: TopicPartition) throws -> Int64 {
        try world.turn("end of", partition.description)
        return try world.act { state in
            guard !state.isAway(.broker) else { throw PortFailure(.unavailable, "the broker does not answer") }
            return state.broker[partition].end
        }
    }

    /// No topic gets more partitions here, so that it does not matter who else acts meanwhile.
    func partitionCount(of topic: String) -> Int? {
        world.act { state in state.broker.topics[topic]?.count }
    }

    /// Whether the client has heard that it was put out. It may as well hear of it only with the next poll.
    var isAssignmentLost: Bool {
        world.act { state in
            guard let member, state.broker.groups[groupName]?.members[member] == nil else { return false }
            return state.schedule.chance.happens(50)
        }
    }
}

extension WorldState {
    /// Whether a call to another party fails now.
    mutating func isAway(_ counterpart: Weather.Counterpart) -> Bool {
        if let untilMs = weather.awayUntilMs[counterpart], nowMs < untilMs { return true }
        return schedule.chance.happens(weather.failurePercent)
    }

    func isLeaderless(_ partition: TopicPartition) -> Bool {
        weather.leaderlessUntilMs[partition].map { nowMs < $0 } ?? false
    }

    mutating func changeGroup(_ name: String, _ body: (inout Group, inout Chance) -> Bool) {
        guard var group = broker.groups.removeValue(forKey: name) else { return }
        let isShared = body(&group, &schedule.chance)
        broker.groups[name] = group
        if isShared { schedule.announce(name) }
    }

    /// Where a member begins to read: `auto.offset.reset` is `earliest`.
    func start(of partition: TopicPartition, in group: String) -> Int64 {
        let log = broker[partition]
        guard let committed = broker.groups[group]?.committed[partition], (log.low...log.end).contains(committed) else {
            return log.low
        }
        return committed
    }

    mutating func commit(_ partition: TopicPartition, _ offset: Int64, in group: String) {
        let before = broker.groups[group]?.committed[partition] ?? 0
        broker.groups[group]?.committed[partition] = offset
        checkWork(of: partition, from: before, to: offset)
    }
}
