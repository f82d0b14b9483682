import Domain
import Kafka
import Report
import Testing

@testable import Reconcile

@Suite("The fence")
struct FenceTests {
    @Test(
        "that is not passed makes the run incomplete and names the hop",
        arguments: ["connector", "intake", "aggregator", "enricher"])
    func stuckHop(hop: String) throws {
        let world = World()
        world.stick(hop)
        world.change(UserID("3"), to: "changed")
        world.pump()
        let (report, findings) = try world.verify()
        #expect(report.verdict == .incomplete)
        #expect(report.exitCode == 3)
        #expect(findings.isEmpty)
        #expect(report.fence.hops.last?.hop == hop)
        #expect(report.fence.hops.last?.passed == false)
    }

    @Test("is not passed while the connector copies the tables, however far its position is")
    func snapshot() throws {
        let world = World()
        world.stick("connector")
        world.state.withLock { state in
            let far = SourcePosition(server: World.server, logName: "binlog", logNumber: 9, offset: 0)
            state.connectorOffset = ConnectorOffset(position: far, isSnapshot: true)
        }
        let (report, _) = try world.verify()
        #expect(report.verdict == .incomplete)
        #expect(report.reason?.contains("still copying the tables") == true)
    }

    @Test("waits for the connector's committed offset, not for what it has merely delivered")
    func deliveredIsNotCommitted() throws {
        let world = World()
        // Everything has arrived everywhere, but the connector could still go back and deliver more.
        world.stick("connector")
        world.state.withLock { state in
            let behind = SourcePosition(server: World.server, logName: "binlog", logNumber: 1, offset: 4)
            state.connectorOffset = ConnectorOffset(position: behind, isSnapshot: false)
        }
        #expect(try world.verify().report.verdict == .incomplete)
    }

    @Test("voids the run when the connector reads another server")
    func failover() throws {
        let world = World()
        world.stick("connector")
        world.state.withLock { state in
            let foreign = SourcePosition(server: 8, logName: "binlog", logNumber: 9, offset: 0)
            state.connectorOffset = ConnectorOffset(position: foreign, isSnapshot: false)
        }
        let (report, _) = try world.verify()
        #expect(report.verdict == .error)
        #expect(report.reason?.contains("another server") == true)
    }

    @Test("is passed after a failover, once the connector has committed an offset of the new server")
    func afterFailover() throws {
        let world = World()
        world.stick("connector")
        world.state.withLock { state in
            let former = SourcePosition(server: 8, logName: "binlog", logNumber: 9, offset: 0)
            state.connectorOffset = ConnectorOffset(position: former, isSnapshot: false)
        }
        world.onSleep.withLock { hook in
            hook = { world in
                world.state.withLock { _ = $0.stuck.remove("connector") }
                world.pump()
            }
        }
        #expect(try world.verify().report.verdict == .clean)
    }

    @Test("is passed where only a transaction's marker lies between commit and end")
    func trailingGap() throws {
        let world = World()
        world.state.withLock { state in
            for partition in 0..<Int32(World.partitionCount) { state.trailingGaps[.init(World.Topic.signals, partition)] = 1 }
            // The aggregator never sees the marker, so its commit stays before it.
            state.stuck = ["aggregator"]
        }
        let (report, _) = try world.verify()
        #expect(report.verdict == .clean)
    }

    @Test("says so when retention removed records before a group had read them")
    func retentionOvertookGroup() throws {
        let world = World()
        let partition = TopicPartition(
            World.Topic.changes, Partitioner.murmur2(key: UserID("1").keyBytes, partitionCount: World.partitionCount))
        world.state.withLock { state in
            let count = Int64(state.topics[partition.topic]?[Int(partition.partition)].count ?? 0)
            // All but the last record are gone, and the group had committed only the first.
            state.firstOffsets[partition] = count - 1
            state.topics[partition.topic]?[Int(partition.partition)].removeFirst(Int(count - 1))
            state.committed["intake"]?[partition] = 1
            #expect(count > 2)
        }
        let (report, _) = try world.verify()
        #expect(report.notes.contains { $0.contains("never read \(partition)") })
    }

    @Test("without a connector to ask is weak, and says so")
    func weak() throws {
        var settings = World.settings
        settings.hasConnector = false
        let (report, _) = try World().verify(settings)
        #expect(report.fence.strength == .weak)
    }

    @Test("writes a nonce, so that an idle source has something to commit")
    func nonce() throws {
        let world = World()
        _ = try world.verify()
        let nonces = world.state.withLock { $0.nonces }
        #expect(!nonces.isEmpty)
        #expect(Set(nonces).count == nonces.count)
    }
}
