import Domain
import Kafka
import Report
import Testing

@testable import Reconcile

/// Compaction and retention go on while a run reads, and administrators change topics between runs.
@Suite("A topic that shifts")
struct ShiftingTopicTests {
    @Test("under compaction changes nothing: superseded records and tombstones may go at any time")
    func compaction() throws {
        let world = World()
        for number in 1...10 { world.change(UserID("\(number)"), to: "second") }
        world.change(UserID("11"), to: nil)
        world.pump()
        world.change(UserID("3"), to: "unlogged", emitsEvent: false)
        let compact: @Sendable (World) -> Void = { world in
            world.state.withLock { state in
                state.compact(World.Topic.aggregate)
                state.compact(World.Topic.god)
            }
        }
        world.onScanned.withLock { $0 = compact }
        world.onRowsRead.withLock { $0 = compact }
        let (report, findings) = try world.verify()
        #expect(findings == ["3 aggregate stale no_change_event_seen"])
        #expect(report.complete)
    }

    @Test("supports no finding with a record that is gone when it is looked at once more")
    func unprovable() throws {
        let world = World()
        let user = UserID("3")
        world.change(user, to: "unlogged", emitsEvent: false)
        let looks = Counter()
        world.onRowsRead.withLock { hook in
            hook = { world in
                // The second reading of rows is the second look of the first round.
                guard looks.next() == 2 else { return }
                world.state.withLock { state in
                    let home = Partitioner.murmur2(key: user.keyBytes, partitionCount: World.partitionCount)
                    let partition = TopicPartition(World.Topic.aggregate, home)
                    let index = state.topics[World.Topic.aggregate]?[Int(home)].firstIndex { $0.key == user.keyBytes } ?? 0
                    state.compacted[partition, default: []].insert(Int64(index))
                }
            }
        }
        let (report, findings) = try world.verify()
        #expect(findings.isEmpty)
        #expect(report.verdict == .incomplete)
        #expect(report.counts[.aggregate]?.unresolved == 1)
    }

    @Test(
        "at its beginning is not covered in that partition, and in no other", arguments: [World.Topic.aggregate, World.Topic.god])
    func retention(topic: String) throws {
        let world = World()
        func home(_ number: Int) -> Int32 {
            Partitioner.murmur2(key: UserID("\(number)").keyBytes, partitionCount: World.partitionCount)
        }
        let lost = home(1)
        let elsewhere = try #require((2...20).first { home($0) != lost })
        let inside = try #require((2...20).first { home($0) == lost })
        // Both changed without an event; only the one whose partition is whole can be accused at that stage.
        for number in [elsewhere, inside] { world.change(UserID("\(number)"), to: "unlogged", emitsEvent: false) }
        let looks = Counter()
        world.onRowsRead.withLock { hook in
            hook = { world in
                guard looks.next() == 1 else { return }
                world.state.withLock { $0.forget(TopicPartition(topic, lost), before: 1) }
            }
        }
        let (report, findings) = try world.verify()
        #expect(findings.contains("\(elsewhere) aggregate stale no_change_event_seen"))
        #expect(findings.contains("\(inside) aggregate stale no_change_event_seen") == (topic == World.Topic.god))
        #expect(report.verdict == .differences)
        #expect(!report.complete)
        #expect(
            report.coverage.gaps == ["partition \(lost) of \(topic): records were removed from its beginning while it was read"])
    }

    @Test("at its beginning makes a run without findings incomplete")
    func retentionAlone() throws {
        let world = World()
        let partition = TopicPartition(World.Topic.aggregate, 0)
        world.onRowsRead.withLock { hook in
            hook = { world in world.state.withLock { $0.forget(partition, before: 1) } }
        }
        let (report, findings) = try world.verify()
        #expect(findings.isEmpty)
        #expect(report.verdict == .incomplete)
        #expect(report.exitCode == 3)
        #expect(report.verifiedThrough == nil)
        #expect(report.reason?.contains("partition 0 of aggregate") == true)
    }

    @Test("got partitions since the last run: that is said, and keys that lie where they no longer belong are named")
    func partitionsAdded() throws {
        let world = World()
        let directory = ReportsDirectory()
        #expect(try world.verify(in: directory).report.verdict == .clean)
        world.state.withLock { $0.topics[World.Topic.aggregate]?.append([]) }
        let (report, findings) = try world.verify(in: directory)
        #expect(report.notes.contains { $0.contains("topic aggregate has 5 partitions, and had 4 at the last run") })
        let moved = (1...20).filter { number in
            let key = UserID("\(number)").keyBytes
            return Partitioner.murmur2(key: key, partitionCount: 5) != Partitioner.murmur2(key: key, partitionCount: 4)
        }
        #expect(findings.filter { $0.hasSuffix("extra wrong_partition") }.count == moved.count)
        #expect(report.verdict == .differences)
    }

    @Test("with fewer partitions than before is another topic")
    func partitionsGone() throws {
        let world = World()
        let directory = ReportsDirectory()
        #expect(try world.verify(in: directory).report.verdict == .clean)
        world.state.withLock { _ = $0.topics[World.Topic.aggregate]?.removeLast() }
        let (report, _) = try world.verify(in: directory)
        #expect(report.verdict == .error)
        #expect(report.reason?.contains("recreated") == true)
    }

    @Test("that is not compacted is said to lose users")
    func notCompacted() throws {
        let world = World()
        world.state.withLock { $0.cleanupPolicies = [World.Topic.aggregate: "delete", World.Topic.god: "compact"] }
        let notes = try world.verify().report.notes
        #expect(notes.filter { $0.contains("is not compacted") }.count == 1)
        #expect(notes.contains { $0.contains("topic aggregate is not compacted (cleanup.policy is delete)") })
    }

    @Test("a source that lost more than half of its rows since the last clean run is doubted")
    func fewerRows() throws {
        let world = World()
        let directory = ReportsDirectory()
        #expect(try world.verify(in: directory).report.notes.isEmpty)
        for number in 1...15 { world.change(UserID("\(number)"), to: nil) }
        world.pump()
        let (report, _) = try world.verify(in: directory)
        #expect(report.verdict == .clean)
        #expect(report.notes.contains { $0.contains("has 5 rows, and had 20") && $0.contains("the right database") })
    }
}
