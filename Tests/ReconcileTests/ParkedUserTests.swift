import Domain
import Kafka
import Report
import Testing

@testable import Reconcile

/// A user with an open parked record counts as a difference, unless the hop that parked it has succeeded since.
@Suite("A user whose record is parked")
struct ParkedUserTests {
    private let user = UserID("5")

    /// Parks a record of the user, and says what the run makes of it.
    private func verify(
        _ world: World = World(), _ hop: Hop, _ reason: ParkReason, at address: RecordAddress, parkedAtMs: Int64 = .max,
        settings: VerifySettings = World.settings
    ) throws -> (report: RunReport, findings: [String]) {
        world.state.withLock {
            $0.parked = [(user, OpenParking(hop: hop, reason: reason, address: address, parkedAtMs: parkedAtMs))]
        }
        return try world.verify(settings)
    }

    /// Where the user's newest record lies in a topic.
    private func newest(_ topic: String, _ world: World, plus more: Int64 = 0) -> RecordAddress {
        world.state.withLock { state in
            let partition = Partitioner.murmur2(key: user.keyBytes, partitionCount: World.partitionCount)
            let records = state.topics[topic]?[Int(partition)] ?? []
            let offset = records.lastIndex { $0.key == user.keyBytes } ?? -1
            return RecordAddress(partition: partition, offset: Int64(offset) + more)
        }
    }

    @Test("is missing for that reason where nothing was made of it")
    func missing() throws {
        let world = World()
        world.state.withLock { state in
            state.loses[.enricher] = [UserID("88")]
            let parking = OpenParking(
                hop: .enricher, reason: .mappingFailed, address: RecordAddress(partition: 0, offset: 0), parkedAtMs: 1)
            state.parked = [(UserID("88"), parking)]
        }
        world.change(UserID("88"), to: "new")
        let (report, findings) = try world.verify()
        #expect(findings == ["88 god missing parked:mapping_failed"])
        #expect(report.counts[.god]?.parked == 1)
    }

    /// Found by the simulator (its seed was 45717): the other file came last, and what was answered in it hid what was open here.
    @Test("counts though another process has parked an older record of theirs, which is answered", arguments: [false, true])
    func olderElsewhere(olderComesLast: Bool) throws {
        let world = World()
        let answered = OpenParking(
            hop: .enricher, reason: .mappingFailed, address: newest(World.Topic.aggregate, world), parkedAtMs: 1)
        let open = OpenParking(
            hop: .enricher, reason: .mappingFailed, address: newest(World.Topic.aggregate, world, plus: 1), parkedAtMs: 2)
        world.state.withLock {
            $0.parked = (olderComesLast ? [open, answered] : [answered, open]).map { (user, $0) }
        }
        let (_, findings) = try world.verify()
        #expect(findings == ["5 god stale parked:mapping_failed"])
    }

    /// By offset the second is after the first, by time the third after the second, and the first after the third.
    @Test(
        "counts in whatever order the files of three processes come, though their records have no order among them",
        arguments: 0..<6)
    func noOrder(permutation: Int) throws {
        let world = World()
        let home = newest(World.Topic.aggregate, world)
        let elsewhere = RecordAddress(partition: (home.partition + 1) % Int32(World.partitionCount), offset: 0)
        var entries = [
            OpenParking(hop: .enricher, reason: .mappingFailed, address: home, parkedAtMs: 3),
            OpenParking(
                hop: .enricher, reason: .badAggregate, address: RecordAddress(partition: home.partition, offset: home.offset + 1),
                parkedAtMs: 1),
            OpenParking(hop: .enricher, reason: .wrongPartition, address: elsewhere, parkedAtMs: 2),
        ]
        let first = entries.remove(at: permutation / 2)
        if !permutation.isMultiple(of: 2) { entries.swapAt(0, 1) }
        let parked = ([first] + entries).map { (user, $0) }
        world.state.withLock { $0.parked = parked }
        #expect(try world.verify().findings == ["5 god stale parked:bad_aggregate"])
    }

    @Test("counts though every value is right, since what could not be processed may have been newer")
    func rightButOpen() throws {
        let world = World()
        let enriched = try verify(world, .enricher, .mappingFailed, at: newest(World.Topic.aggregate, world))
        #expect(enriched.findings == ["5 god stale parked:mapping_failed"])
        #expect(enriched.report.exitCode == 1)
        #expect(enriched.report.counts[.god]?.parked == 1)
        #expect(enriched.report.counts[.god]?.matched == 19)
        let aggregated = try verify(world, .aggregator, .badRow, at: newest(World.Topic.signals, world, plus: 1))
        #expect(aggregated.findings == ["5 aggregate stale parked:bad_row"])
        #expect(aggregated.report.counts[.aggregate]?.parked == 1)
    }

    @Test("counts no more once the hop has succeeded with a newer record, in whatever process")
    func succeededSince() throws {
        let world = World()
        world.change(user, to: "newer")
        world.pump()
        for found in [
            try verify(world, .enricher, .mappingFailed, at: newest(World.Topic.aggregate, world, plus: -1)),
            // The very record was enriched after it had been parked.
            try verify(world, .enricher, .mappingFailed, at: newest(World.Topic.aggregate, world), parkedAtMs: 1),
            try verify(world, .aggregator, .badRow, at: newest(World.Topic.signals, world)),
        ] {
            #expect(found.findings.isEmpty)
            #expect(found.report.verdict == .clean)
        }
    }

    @Test("counts no more where intake parked an event that names the user: it was signalled, and the row is right")
    func badEvent() throws {
        let world = World()
        let address = newest(World.Topic.changes, world)
        #expect(try verify(world, .intake, .notJSON, at: address).report.verdict == .clean)
        world.change(user, to: "unlogged", emitsEvent: false)
        #expect(try verify(world, .intake, .notJSON, at: address).findings == ["5 aggregate stale parked:not_json"])
    }

    @Test("counts in a run of the aggregate stage, which needs no ledger")
    func aggregateStage() throws {
        let world = World()
        var settings = World.settings
        settings.stages = [.aggregate]
        let address = newest(World.Topic.signals, world, plus: 1)
        #expect(
            try verify(world, .aggregator, .badRow, at: address, settings: settings).findings == [
                "5 aggregate stale parked:bad_row"
            ])
        #expect(try verify(world, .enricher, .mappingFailed, at: address, settings: settings).findings.isEmpty)
    }

    @Test("counts for nobody where the user is neither in the source nor in a topic")
    func nobody() throws {
        let world = World()
        world.state.withLock { state in
            let parking = OpenParking(
                hop: .aggregator, reason: .badRow, address: RecordAddress(partition: 0, offset: 9), parkedAtMs: 1)
            state.parked = [(UserID("4711"), parking)]
        }
        #expect(try world.verify().report.verdict == .clean)
    }

    @Test("is no finding when the entry is closed while the user is settled")
    func closedMeanwhile() throws {
        let world = World()
        let count = Counter()
        world.onRowsRead.withLock { hook in
            hook = { world in if count.next() > 1 { world.state.withLock { $0.parked = [] } } }
        }
        let (report, findings) = try verify(world, .enricher, .mappingFailed, at: newest(World.Topic.aggregate, world))
        #expect(findings.isEmpty)
        #expect(report.verdict == .clean)
    }
}
