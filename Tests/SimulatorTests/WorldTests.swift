import Domain
import Kafka
import Testing

@testable import Simulator

/// What the simulated parts have in common with the real ones, where a mistake would make every schedule worthless.
@Suite("The simulated world")
struct WorldTests {
    private let plan: Plan = {
        var chance = Chance(seed: 3)
        var plan = Plan(&chance, size: .small)
        plan.signalPartitions = 2
        plan.godPartitions = 1
        return plan
    }()

    @Test("shares partitions out only when every member has given up its own, and puts out who is silent")
    func group() {
        var chance = Chance(seed: 1)
        let partitions = [TopicPartition("t", 0), TopicPartition("t", 1)]
        var group = Group(partitions: partitions)
        let first = group.join(nowMs: 0)
        group.rejoin(first)
        let isSharedOut = group.complete(&chance)
        #expect(isSharedOut)
        let share = group.newShare(of: first)
        #expect(share == Set(partitions))
        let second = group.join(nowMs: 10)
        let isSharedEarly = group.complete(&chance)
        #expect(!isSharedEarly, "the first one still holds everything")
        let early = group.newShare(of: second)
        #expect(early == nil)
        group.see(second, nowMs: 1_500)
        group.expire(nowMs: 1_500)
        #expect(group.members[first] == nil, "it was silent for a session")
        let isSharedAnew = group.complete(&chance)
        #expect(isSharedAnew)
        let inherited = group.newShare(of: second)
        #expect(inherited == Set(partitions))
        #expect(group.owner(of: partitions[0]) == second)
    }

    @Test("shows a change in the log before it can be read, and in the log's order")
    func server() {
        var server = Server()
        let user = UserID("1")
        let first = server.write([.name(user, 1)])
        let second = server.write([.name(user, 2)])
        #expect(server.end == server.log[second].end)
        server.commit(second)
        #expect(server.visible == 0 && server.row(of: user, in: server.visible) == nil)
        server.commit(first)
        #expect(server.visible == 2)
        #expect(server.transactions(before: server.position(ofSnapshot: 1)) == 1)
        #expect(server.snapshotPosition == server.end)
        server.rotate()
        #expect(server.snapshotPosition == server.end, "a server that has shown everything is at its log's end")
        #expect(server.end.compare(to: server.log[second].end) == .after)
        #expect(server.transactions(before: server.end) == 2)
    }

    @Test("keeps a snapshot as it was, whatever is written afterwards")
    func snapshots() {
        var server = Server()
        let (user, other) = (UserID("1"), UserID("2"))
        server.commit(server.write([.name(user, 1), .preference(user, 2)]))
        let snapshot = server.visible
        server.commit(server.write([.move(user, to: other)]))
        server.commit(server.write([.delete(other)]))
        #expect(server.rows(in: snapshot).map(\.user) == [user])
        #expect(server.row(of: user, in: snapshot) == Server.row(user, name: 1, preference: 2))
        #expect(server.rows(in: snapshot + 1).map(\.user) == [other])
        #expect(server.rows(in: server.visible).isEmpty)
        #expect(server.log[1].changes.map(\.operation) == ["d", "c"], "a changed key is a delete and an insert")
    }

    @Test("compacts to the newest record of each key, keeps the last one and all offsets, and collects tombstones when told to")
    func compaction() {
        var broker = Broker(plan)
        let god = TopicPartition(Name.god, 0)
        for (key, value) in [("1", "a"), ("1", nil), ("2", "b"), ("2", "c")] {
            _ = broker.append(
                Name.god, .init(key: Array(key.utf8), value: value.map { Array($0.utf8) }), partition: 0, nowMs: 0, turn: 0)
        }
        let collected = broker.compact(god, collectsTombstones: false)
        #expect(collected.isEmpty)
        #expect(broker[god].records.map(\.offset) == [1, 3])
        let tombstones = broker.compact(god, collectsTombstones: true)
        #expect(tombstones.map(\.offset) == [1])
        #expect(broker[god].records.map(\.offset) == [3])
        #expect(broker[god].end == 4 && broker[god].history.count == 4)
        broker.truncate(god, before: 4)
        #expect(broker[god].low == 4 && broker[god].records.isEmpty)
    }

    @Test("leaves an offset behind a marker that no record has, and tells the end beyond it")
    func markers() {
        var broker = Broker(plan)
        let god = TopicPartition(Name.god, 0)
        let first = broker.append(Name.god, .init(key: [1], value: [1]), partition: 0, nowMs: 0, turn: 0)
        broker.appendMarker(god)
        let second = broker.append(Name.god, .init(key: [1], value: [2]), partition: 0, nowMs: 0, turn: 0)
        #expect([first.offset, second.offset] == [0, 2])
        #expect(broker.records(god, from: 1).map(\.offset) == [2])
        #expect(broker.records(god, from: 0, to: 2).map(\.offset) == [0])
    }

    @Test("takes values for equal by a weak digest whose fields have changed places, and by a strong one not")
    func weakDigests() {
        let user = UserID("1")
        let classes = WeakDigests()
        let value = Server.row(user, name: 1, preference: 2)
        let swapped = Server.row(user, name: 2, preference: 1)
        #expect(classes.represent(value) == value)
        #expect(classes.represent(swapped) == value)
        #expect(classes.represent(Server.row(user, name: 1, preference: 1)) != value)
        #expect(Digest(of: value) != Digest(of: swapped))
    }
}
