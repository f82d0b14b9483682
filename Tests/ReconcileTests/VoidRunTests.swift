import Domain
import Kafka
import Ledger
import Report
import Testing

@testable import Reconcile

@Suite("A run is void")
struct VoidRunTests {
    @Test("when the source has no rows at all, unless that was allowed")
    func emptySource() throws {
        let world = World(users: 0)
        let (report, _) = try world.verify()
        #expect(report.verdict == .error)
        #expect(report.exitCode == 2)
        #expect(report.reason?.contains("--allow-empty") == true)
        var settings = World.settings
        settings.allowsEmptySource = true
        #expect(try world.verify(settings).report.verdict == .clean)
    }

    @Test("when a topic ends before an offset that an earlier run saw")
    func recreatedTopic() throws {
        let world = World()
        let directory = ReportsDirectory()
        #expect(try world.verify(in: directory).report.verdict == .clean)
        world.state.withLock { state in
            state.topics[World.Topic.god] = Array(repeating: [], count: World.partitionCount)
        }
        let (report, _) = try world.verify(in: directory)
        #expect(report.verdict == .error)
        #expect(report.reason?.contains("recreated") == true)
    }

    @Test("when a ledger lists offsets that the God topic has not reached, so that it is of an earlier life of the topic")
    func ledgerOfEarlierLife() throws {
        let world = World()
        world.state.withLock { state in
            state.topics[World.Topic.god] = Array(repeating: [], count: World.partitionCount)
        }
        let (report, _) = try world.verify()
        #expect(report.verdict == .error)
        #expect(report.reason?.contains("recreated") == true)
    }

    @Test("when retention removes records from a topic while it is judged")
    func retention() throws {
        let world = World()
        let partition = TopicPartition(
            World.Topic.aggregate, Partitioner.murmur2(key: UserID("1").keyBytes, partitionCount: World.partitionCount))
        // The fold happens right after the scan; what is removed later is removed from under it.
        world.onSleep.withLock { hook in
            hook = { world in
                world.state.withLock { state in
                    guard state.firstOffsets[partition] == nil else { return }
                    state.firstOffsets[partition] = 1
                    state.topics[partition.topic]?[Int(partition.partition)].removeFirst()
                }
                world.pump()
            }
        }
        world.stick("connector")
        world.onScanned.withLock { hook in hook = { world in world.state.withLock { _ = $0.stuck.remove("connector") } } }
        world.state.withLock { $0.connectorOffset = nil }
        let (report, _) = try world.verify()
        #expect(report.verdict == .error)
        #expect(report.reason?.contains("removed from its beginning") == true)
    }

    @Test("when a topic does not exist")
    func absentTopic() throws {
        let world = World()
        world.state.withLock { $0.topics[World.Topic.aggregate] = nil }
        let (report, _) = try world.verify()
        #expect(report.verdict == .error)
        #expect(report.reason?.contains("does not exist") == true)
    }

    @Test("and a second one at the same time is refused")
    func locked() throws {
        let directory = ReportsDirectory()
        let history = try History(path: directory.path + "/history.sqlite", access: .readWrite)
        #expect(throws: LedgerError.self) { try World().verify(in: directory) }
        _ = history
    }
}
