import Domain
import Kafka
import Report
import Testing

@testable import Reconcile

@Suite("A run")
struct VerificationTests {
    @Test("finds nothing on a healthy pipeline, vouches for the scan's position, and catches its canaries")
    func healthy() throws {
        let (report, findings) = try World().verify()
        #expect(report.verdict == .clean)
        #expect(report.complete)
        #expect(findings.isEmpty)
        #expect(report.counts[.aggregate]?.users == 20)
        #expect(report.counts[.aggregate]?.matched == 20)
        #expect(report.counts[.god]?.matched == 20)
        #expect(report.canary == Canary(planted: 18, caught: 18))
        #expect(report.crossCheck == CrossCheck(compared: 20, agreed: 20))
        #expect(report.verifiedThrough == report.source.position)
        #expect(report.verifiedThrough != nil)
        #expect(report.fence.strength == .strong)
    }

    @Test("names rows that changed without a change event")
    func unloggedChanges() throws {
        let world = World()
        world.change(UserID("3"), to: "edited", emitsEvent: false)
        world.change(UserID("4"), to: nil, emitsEvent: false)
        world.change(UserID("99"), to: "inserted", emitsEvent: false)
        let (report, findings) = try world.verify()
        #expect(report.verdict == .differences)
        #expect(report.complete)
        #expect(
            findings == [
                "3 aggregate stale no_change_event_seen", "4 aggregate extra no_change_event_seen",
                "99 aggregate missing no_change_event_seen",
            ])
        #expect(report.verifiedThrough == nil)
    }

    @Test("names users whose signal the aggregator consumed without writing an aggregate")
    func signalledNeverAggregated() throws {
        let world = World()
        world.state.withLock { $0.loses[.aggregator] = [UserID("5"), UserID("88")] }
        world.change(UserID("5"), to: "edited")
        world.change(UserID("88"), to: "new")
        let (_, findings) = try world.verify()
        #expect(
            findings == ["5 aggregate stale signalled_never_aggregated", "88 aggregate missing signalled_never_aggregated"])
    }

    @Test("names users whose aggregate was never enriched")
    func neverEnriched() throws {
        let world = World()
        world.state.withLock { $0.loses[.enricher] = [UserID("5"), UserID("88")] }
        world.change(UserID("5"), to: "edited")
        world.change(UserID("88"), to: "new")
        let (_, findings) = try world.verify()
        #expect(findings == ["5 god stale aggregated_never_enriched", "88 god missing aggregated_never_enriched"])
    }

    @Test("names God objects that were tombstoned, replaced or kept behind the ledger's back")
    func behindTheLedger() throws {
        let world = World()
        world.change(UserID("8"), to: nil)
        world.pump()
        world.state.withLock { state in
            state.append(World.Topic.god, .init(key: UserID("6").keyBytes, value: nil))
            state.append(World.Topic.god, .init(key: UserID("7").keyBytes, value: Array("{}".utf8)))
            state.append(World.Topic.god, .init(key: UserID("8").keyBytes, value: Array("{}".utf8)))
        }
        let (_, findings) = try world.verify()
        #expect(
            findings == [
                "6 god missing produced_then_absent", "7 god stale not_in_ledger", "8 god extra tombstone_missing",
            ])
    }

    @Test("names a ghost that lives under another key or in another partition")
    func strays() throws {
        let world = World()
        let home = Int32(
            world.state.withLock { $0.append(World.Topic.signals, .init(key: UserID("9").keyBytes, value: nil)).partition })
        let elsewhere = (home + 1) % Int32(World.partitionCount)
        world.state.withLock { state in
            state.append(World.Topic.aggregate, .init(key: UserID("9").keyBytes, value: Array("{}".utf8)), partition: elsewhere)
            state.append(World.Topic.aggregate, .init(key: Array(#"{"user_id":10}"#.utf8), value: Array("{}".utf8)))
            for partition in 0..<Int32(World.partitionCount) {
                state.committed["enricher", default: [:]][.init(World.Topic.aggregate, partition)] =
                    state.end(.init(World.Topic.aggregate, partition))
            }
        }
        let (_, findings) = try world.verify()
        #expect(findings == ["10 aggregate extra two_live_keys", "9 aggregate extra wrong_partition"])
    }

    @Test("never takes a row for gone only because its id cannot be asked for")
    func unreadableID() throws {
        let world = World()
        world.state.withLock { state in
            state.unreadableRows = [UserID("77"): RowFailure(.badUserID, "bytes that are no text")]
        }
        let (report, findings) = try world.verify()
        #expect(findings == ["77 aggregate missing no_change_event_seen"])
        #expect(report.verdict == .differences)
    }

    @Test("takes a value that another producer spaced and ordered in its own way for the same")
    func sameInMeaning() throws {
        let world = World()
        world.state.withLock { state in
            let written = state.append(
                World.Topic.aggregate,
                .init(key: UserID("4").keyBytes, value: Array(#" { "v" : "value 4", "user_id": "4" }"#.utf8)))
            #expect(written.offset > 0)
        }
        world.pump()
        let (report, findings) = try world.verify()
        #expect(findings.isEmpty)
        #expect(report.verdict == .clean)
        #expect(report.counts[.aggregate]?.matched == 20)
    }

    @Test("names the fields in which an aggregate differs from its row")
    func fields() throws {
        let world = World()
        world.change(UserID("3"), to: "edited", emitsEvent: false)
        let directory = ReportsDirectory()
        _ = try world.verify(in: directory)
        var fields: [[String]] = []
        let lines = try ReportStore(directory: directory.path).load(.latest).findings()
        while let line = try lines.next() { fields.append(line.fields) }
        #expect(fields == [["v"]])
    }

    @Test("names the partition of a user of whom nothing lies there, so that a partition into which nothing comes stands out")
    func homePartitions() throws {
        let world = World()
        let user = UserID("100")
        world.change(user, to: "new", emitsEvent: false)
        let directory = ReportsDirectory()
        let report = try world.verify(in: directory).report
        let line = try ReportStore(directory: directory.path).load(.latest).findings().next()
        let home = Partitioner.murmur2(key: user.keyBytes, partitionCount: World.partitionCount)
        #expect(line?.kind == .missing)
        #expect(line?.partition == home)
        let bars = report.distributions.first { $0.property == .partition }?.bars
        #expect(bars == (0..<Int32(World.partitionCount)).map { .init(label: "\($0)", findings: $0 == home ? 1 : 0) })
    }

    @Test("names the tables that the differing fields come from")
    func tables() throws {
        let world = World()
        world.state.withLock { $0.tables = ["user_id": "users", "v": "preferences"] }
        for user in 3...8 { world.change(UserID("\(user)"), to: "edited", emitsEvent: false) }
        let directory = ReportsDirectory()
        let report = try world.verify(in: directory).report
        #expect(try ReportStore(directory: directory.path).load(.latest).findings().next()?.tables == ["preferences"])
        #expect(report.distributions.contains { $0.property == .table && $0.bars == [.init(label: "preferences", findings: 6)] })
    }

    @Test(
        "names no table where the query reads one only, or where a field is computed from nobody knows which",
        arguments: [
            (["email": "users", "theme": "preferences"], ["email", "theme"], ["preferences", "users"]),
            (["email": "users", "theme": "preferences"], ["email", "score"], []),
            (["email": "users", "name": "users"], ["email"], []), ([:], ["email"], []),
        ] as [([String: String], [String], [String])])
    func origins(tableOf: [String: String], fields: [String], tables: [String]) {
        #expect(FieldOrigins(tableOf).tables(of: fields) == tables)
    }

    @Test("names no cause that the signals topic no longer tells, because retention has removed what it held")
    func signalsForgotten() throws {
        let world = World()
        world.change(UserID("3"), to: "edited", emitsEvent: false)
        world.change(UserID("99"), to: "inserted", emitsEvent: false)
        world.state.withLock { state in
            for number in 0..<Int32(World.partitionCount) {
                let partition = TopicPartition(World.Topic.signals, number)
                state.forget(partition, before: state.end(partition))
            }
        }
        // User 3's aggregate answers a signal, behind which nothing can have been removed; user 99 has none.
        let (_, findings) = try world.verify()
        #expect(findings.contains("99 aggregate missing -"))
        #expect(findings.contains { $0.hasPrefix("3 aggregate stale") })
    }

    @Test("judges the aggregate stage alone without looking at ledger or God topic")
    func aggregateStageAlone() throws {
        let world = World()
        world.state.withLock { state in
            state.topics[World.Topic.god] = nil
            state.stuck = ["enricher"]
        }
        var settings = World.settings
        settings.stages = [.aggregate]
        world.change(UserID("3"), to: "edited", emitsEvent: false)
        let (report, findings) = try world.verify(settings)
        #expect(findings == ["3 aggregate stale no_change_event_seen"])
        #expect(report.godTopic == nil)
        #expect(report.counts[.god] == nil)
    }

    @Test("tells new, persisting and healed findings apart from run to run")
    func delta() throws {
        let world = World()
        let directory = ReportsDirectory()
        world.change(UserID("3"), to: "edited", emitsEvent: false)
        world.change(UserID("4"), to: "edited", emitsEvent: false)
        #expect(try world.verify(in: directory).report.delta == nil)
        world.change(UserID("4"), to: "mended")
        world.change(UserID("5"), to: "edited", emitsEvent: false)
        world.pump()
        #expect(try world.verify(in: directory).report.delta == Delta(new: 1, persisting: 1, healed: 1))
    }
}
