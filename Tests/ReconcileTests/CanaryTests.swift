import Domain
import Report
import Source
import Testing

@testable import Reconcile

@Suite("Canaries")
struct CanaryTests {
    private static func canaries(_ world: World, _ kind: UserIDKind = .integer) -> Canaries {
        Canaries(runID: "test", stages: [.aggregate, .god], kind: kind, users: nil)
    }

    private static func ports(_ world: World, _ canaries: Canaries) -> CanaryPorts {
        CanaryPorts(WorldPorts(world: world), World.settings.topics, canaries)
    }

    @Test("are twins of real users, who are shown unaltered beside them")
    func twins() throws {
        let world = World()
        let canaries = Self.canaries(world)
        let source = try Self.ports(world, canaries).source()
        var seen: [UserID: Digest] = [:]
        _ = try source.scanDigests(after: nil, through: nil) { user, row in
            guard case .bytes(let digest, _) = row else { return }
            seen[UserID(String(decoding: user.withUnsafeBytes { Array($0) }, as: UTF8.self))] = digest
        }
        let rows = world.state.withLock { $0.rows }
        for (user, row) in rows { #expect(seen[user] == Digest(of: row)) }
        let twins = canaries.close()
        #expect(twins.count == 18)
        #expect(Set(twins.map(\.alteration)) == Set(Alteration.allCases))
        #expect(Set(twins.map(\.original)).isSubset(of: rows.keys) && Set(twins.map(\.user)).isDisjoint(with: rows.keys))
        for twin in twins {
            let row = twin.alteration == .change ? Alteration.changedRowDigest : rows[twin.original].map { Digest(of: $0) }
            #expect(seen[twin.user] == (twin.alteration.showsRow ? row : nil))
            // Asked for by itself, a twin's row is what the scan showed of it.
            #expect(try source.rows(of: [twin.user]).digest(of: twin.user) == seen[twin.user])
            #expect(try source.rows(of: [twin.user]).rows[twin.original] == nil)
        }
    }

    @Test("have records that can be fetched again at the addresses that were shown, with the bytes whose digest was shown")
    func records() throws {
        let world = World()
        let canaries = Self.canaries(world)
        let topic = try Self.ports(world, canaries).topic(World.Topic.aggregate)
        let ends = try topic.bounds()
        var shown: [RecordAddress: Digest] = [:]
        try topic.read(from: ends.mapValues(\.low), to: ends.mapValues(\.end)) { entry, _ in
            if ends[entry.address.partition].map({ entry.address.offset >= $0.end }) ?? true {
                shown[entry.address] = entry.digest
            }
        }
        let expected = canaries.close().filter { $0.alteration.showsRecords(of: .aggregate) }.count
        #expect(shown.count == expected && expected > 0)
        #expect(canaries.records(of: World.Topic.aggregate) == expected)
        var fetched: [RecordAddress: Digest] = [:]
        try topic.fetch(Set(shown.keys)) { address, record in fetched[address] = record.value.map { Digest(of: $0) } }
        #expect(fetched == shown)
    }

    @Test("are drawn from those who are due, however many more users there are")
    func drawnFromDue() throws {
        let directory = ReportsDirectory()
        let canaries = Canaries(runID: "test", stages: [.aggregate, .god], kind: .integer, users: 100_000_000)
        var due = DueUsers(
            kind: .integer, list: Spill.Shape(partBits: 0, blockBytes: 4_096, directory: directory.path), limit: 10_000)
        for number in 1...1_000 { try due.add(UserID("\(number)")) }
        try canaries.draw(from: due)
        #expect(canaries.close().count == 18)
    }

    @Test("are drawn where the statistics say four times as many users as there are")
    func overestimated() {
        let canaries = Canaries(runID: "test", stages: [.aggregate, .god], kind: .integer, users: 400_000)
        for number in 1...100_000 { _ = canaries.twin(of: UserID("\(number)")) }
        #expect(canaries.close().count >= 9)
    }

    @Test("are drawn by what the last run met, where statistics are far too high")
    func lastRun() throws {
        let world = World()
        world.state.withLock { $0.estimatedRows = 1_000_000_000 }
        let directory = ReportsDirectory()
        func planted() throws -> Int {
            try Verification(World.settings, ports: WorldPorts(world: world))
                .run(reports: directory.path, history: directory.path + "/history.sqlite").report.canary.planted
        }
        #expect(try planted() == 0)
        #expect(try planted() == 18)
    }

    @Test("are in nothing that the report counts", arguments: [true, false])
    func counts(judgesGod: Bool) throws {
        let world = World()
        var settings = World.settings
        if !judgesGod { settings.stages = [.aggregate] }
        let (report, findings) = try world.verify(settings)
        let (rows, aggregates, productions) = world.state.withLock { state in
            (state.rows.count, state.topics[World.Topic.aggregate]?.joined().count, state.productions.count)
        }
        #expect(report.verdict == .clean && findings.isEmpty)
        #expect(report.canary == (judgesGod ? Canary(planted: 18, caught: 18) : Canary(planted: 9, caught: 9)))
        #expect(report.source.rows == rows)
        #expect(report.aggregateTopic?.records == aggregates && report.aggregateTopic?.live == rows)
        #expect(report.counts[.aggregate]?.users == rows && report.counts[.aggregate]?.matched == rows)
        if judgesGod {
            #expect(report.ledger?.productions == productions && report.ledger?.users == rows)
            #expect(report.godTopic?.live == rows)
            #expect(report.counts[.god]?.users == rows)
        }
    }

    @Test("are settled among more suspects than one batch takes, which are arranged by where their records lie")
    func amongMany() throws {
        let world = World(users: 100)
        for number in 1...60 { world.change(UserID("\(number)"), to: "unlogged", emitsEvent: false) }
        var settings = World.settings
        settings.settleBatchUsers = 5
        let (report, findings) = try world.verify(settings)
        #expect(findings.count == 60)
        #expect(report.canary.planted > 0 && report.canary.allCaught)
    }

    @Test("one that nobody noticed, though its user was well and stood still, says that the run is blind")
    func blindness() throws {
        let world = World()
        let canaries = Self.canaries(world)
        try Self.read(world, canaries)
        #expect(canaries.result().canary == Canary(planted: 18, caught: 0))
    }

    @Test("one whose user moved, or was found wanting, proves nothing when it comes out otherwise")
    func movedOriginal() throws {
        let world = World()
        let canaries = Self.canaries(world)
        try Self.read(world, canaries)
        let twins = canaries.close()
        for twin in twins.prefix(6) { canaries.noteSuspect(UserIDKind.integer.key(twin.original)) }
        for twin in twins.dropFirst(6) { world.change(twin.original, to: "later") }
        _ = try Self.ports(world, canaries).source().rows(of: twins.map(\.user))
        let result = canaries.result()
        #expect(result.canary == Canary())
        #expect(result.unsettled == 18)
    }

    /// Reads everything once, as a run does.
    private static func read(_ world: World, _ canaries: Canaries) throws {
        let ports = ports(world, canaries)
        _ = try ports.source().scanDigests(after: nil, through: nil) { _, _ in }
        for name in [World.Topic.aggregate, World.Topic.god] {
            let topic = try ports.topic(name)
            let bounds = try topic.bounds()
            try topic.read(from: bounds.mapValues(\.low), to: bounds.mapValues(\.end)) { _, _ in }
        }
        _ = try ports.ledger().read(after: LedgerPosition()) { _ in }
    }

    @Test("of users with texts as ids are texts too")
    func texts() throws {
        let canaries = Canaries(runID: "test", stages: [.aggregate], kind: .string, users: nil)
        let (twin, _) = try #require(canaries.twin(of: UserID("ada@example.com")))
        #expect(canaries.twin(named: twin.user)?.0.original == UserID("ada@example.com"))
        #expect(canaries.isTwin(UserIDKind.string.key(twin.user)))
        #expect(!canaries.isTwin(UserIDKind.string.key(UserID("ada@example.com"))))
    }

    @Test("of a large source are a few, drawn from a good part of it")
    func spread() {
        let canaries = Canaries(runID: "test", stages: [.aggregate, .god], kind: .unsigned, users: 100_000)
        let drawn = (1...100_000).filter { canaries.twin(of: UserID("\($0)")) != nil }
        #expect(drawn.count == 18)
        #expect((drawn.last ?? 0) > 10_000)
    }
}
