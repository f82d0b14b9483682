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

    @Test("before anything is read, when the God topic ends before what a ledger lists")
    func recreatedGodTopic() throws {
        let world = World()
        let scans = Counter()
        world.onScanned.withLock { hook in hook = { _ in _ = scans.next() } }
        world.state.withLock { state in
            state.topics[World.Topic.god] = Array(repeating: [], count: World.partitionCount)
        }
        #expect(try world.verify().report.reason?.contains("`god` was recreated") == true)
        #expect(scans.next() == 1)
    }

    @Test(
        "when a group has committed more than a topic holds, though no earlier run knew the topic",
        arguments: ["changes", "signals"])
    func recreatedBehindGroup(topic: String) throws {
        let world = World()
        world.state.withLock { state in
            state.topics[topic] = Array(repeating: [], count: World.partitionCount)
            // One record each, so that the fence looks at the partition at all.
            for partition in 0..<Int32(World.partitionCount) {
                state.append(topic, .init(key: UserID("1").keyBytes, value: Array("1".utf8)), partition: partition)
            }
        }
        let (report, findings) = try world.verify()
        #expect(report.verdict == .error)
        #expect(findings.isEmpty)
        #expect(report.reason?.contains("`\(topic)` was recreated") == true)
    }

    @Test("when a topic got partitions while it was read")
    func partitionsAddedMeanwhile() throws {
        let world = World()
        world.onScanned.withLock { hook in
            hook = { world in world.state.withLock { $0.topics[World.Topic.god]?.append([]) } }
        }
        // The scan comes first in this world, the topics' ends are taken later; so the topic grows once more.
        world.stick("connector")
        world.state.withLock { $0.connectorOffset = nil }
        world.onSleep.withLock { hook in
            hook = { world in
                world.state.withLock { state in
                    state.topics[World.Topic.aggregate]?.append([])
                    state.stuck.remove("connector")
                }
                world.pump()
            }
        }
        let (report, _) = try world.verify()
        #expect(report.verdict == .error)
        #expect(report.reason?.contains("got more partitions") == true)
    }

    @Test("when a table is altered during the run, so that rows are written in two ways")
    func alteredTable() throws {
        let world = World()
        world.onScanned.withLock { hook in
            hook = { world in world.state.withLock { $0.fields[1].kind = .integer } }
        }
        let (report, findings) = try world.verify()
        #expect(report.verdict == .error)
        #expect(findings.isEmpty)
        #expect(report.reason?.contains("a table was altered") == true)
    }

    @Test("when another server took over between the scan and the fence")
    func failover() throws {
        let world = World()
        world.onScanned.withLock { hook in
            hook = { world in
                world.state.withLock { $0.server = 8 }
                world.pump()
            }
        }
        let (report, findings) = try world.verify()
        #expect(report.verdict == .error)
        #expect(findings.isEmpty)
        #expect(report.reason?.contains("another server") == true)
    }

    @Test("when users whose bytes are equal say something else in a second reading: the encoding itself cannot be trusted")
    func encoderDisagrees() throws {
        let world = World()
        world.state.withLock { $0.secondReadings[UserID("5")] = [.init("user_id", "5"), .init("v", "what the encoder lost")] }
        let (report, findings) = try world.verify()
        #expect(report.verdict == .error)
        #expect(findings.isEmpty)
        #expect(report.reason?.contains("user 5, read a second way, differs from its aggregate in v") == true)
    }

    @Test("when records hold other bytes than their digests were of, though these were the rows'")
    func recordsDisagree() throws {
        let world = World()
        world.state.withLock { state in
            for partition in 0..<Int32(World.partitionCount) {
                for offset in 0..<state.end(TopicPartition(World.Topic.aggregate, partition)) {
                    state.fetched[RecordAddress(partition: partition, offset: offset)] = Array("something else".utf8)
                }
            }
        }
        let (report, findings) = try world.verify()
        #expect(report.verdict == .error)
        #expect(findings.isEmpty)
        #expect(report.reason?.contains("holds other bytes than were read there before") == true)
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
