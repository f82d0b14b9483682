import Domain
import Foundation
import Kafka
import Report
import Synchronization
import Testing

@testable import Reconcile

@Suite("A memory budget")
struct MemoryTests {
    /// From one part in memory to parts that are parted again and again.
    static let budgets: [Int?] = [nil, 64_000_000, 8_000_000, 1_000_000, 60_000]

    @Test("does not change what a run finds, down to the reports' bytes", arguments: Set(Stage.allCases).subsets)
    func sameFindings(stages: Set<Stage>) throws {
        let reference = try findings(of: brokenWorld(), stages, memoryBytes: nil)
        let kinds = Set(reference.lines.map { "\($0.stage.rawValue) \($0.kind.rawValue)" })
        #expect(kinds == Set(stages.flatMap { stage in Kind.allCases.map { "\(stage.rawValue) \($0.rawValue)" } }))
        for budget in Self.budgets.dropFirst() {
            let found = try findings(of: brokenWorld(), stages, memoryBytes: budget)
            #expect(found.lines == reference.lines, "\(budget ?? 0)")
            #expect(found.report.counts == reference.report.counts)
            #expect(found.report.causes == reference.report.causes)
            #expect(found.report.source == reference.report.source)
            #expect(found.report.aggregateTopic == reference.report.aggregateTopic)
            #expect(found.report.godTopic == reference.report.godTopic)
            #expect(found.report.ledger == reference.report.ledger)
            #expect(found.report.notes == reference.report.notes)
            #expect(found.report.canary.planted > 0 && found.report.canary.allCaught)
        }
    }

    @Test("nor do canaries, whoever is drawn: ledgers that contradict themselves do so as often as without them")
    func contradictions() throws {
        let notes = try (0..<12).map { _ in try findings(of: brokenWorld(), Set(Stage.allCases), memoryBytes: nil).report.notes }
        #expect(Set(notes).count == 1)
        #expect(notes[0].contains { $0.hasPrefix("the ledgers contradict themselves at 5 God offsets") })
    }

    @Test("holds for ids that are texts, which are compared by a hash of their bytes")
    func textIDs() throws {
        var reference: [FindingLine]?
        for budget in Self.budgets {
            let world = World(users: 0)
            // Nearly alike on purpose: case, trailing spaces, and one letter written in two ways.
            let names = ["a", "A", "a ", "é", "e\u{301}", "00042", "42"] + (0..<2_000).map { "user-\($0)-of-the-shop" }
            for name in names { world.change(UserID(name), to: name) }
            world.pump()
            world.change(UserID("A"), to: "edited", emitsEvent: false)
            world.change(UserID("e\u{301}"), to: nil, emitsEvent: false)
            world.change(UserID("user-7-of-the-shop"), to: nil, emitsEvent: false)
            world.change(UserID("0042"), to: "new", emitsEvent: false)
            var settings = World.settings
            settings.userIDKind = .string
            let found = try findings(of: world, settings, memoryBytes: budget).lines
            #expect(found.map(\.user.text).sorted() == ["0042", "A", "e\u{301}", "user-7-of-the-shop"].sorted())
            #expect(found == reference ?? found)
            reference = found
        }
    }

    @Test("leaves no temporary file behind, however much did not fit into memory")
    func leavesNothing() throws {
        let directory = ReportsDirectory()
        var settings = World.settings
        settings.chunkRows = 400
        settings.temporaryDirectory = directory.path
        settings.memoryBytes = 60_000
        _ = try brokenWorld().verify(settings)
        #expect(try FileManager.default.contentsOfDirectory(atPath: directory.path).isEmpty)
    }

    @Test("says which directory is meant when a temporary file cannot be made")
    func noRoom() throws {
        var settings = World.settings
        settings.chunkRows = 400
        settings.temporaryDirectory = "/nowhere/at/all"
        settings.memoryBytes = 60_000
        let (report, findings) = try World(users: 3_000).verify(settings)
        #expect(report.verdict == .error)
        #expect(findings.isEmpty)
        #expect(report.reason?.contains("/nowhere/at/all") == true)
        #expect(report.reason?.contains("TMPDIR") == true)
    }

    @Test("bounds how many users are settled at a time, and everyone gets a turn")
    func batches() throws {
        let world = World(users: 500)
        for number in 1...500 { world.change(UserID("\(number)"), to: "edited", emitsEvent: false) }
        let largest = Largest()
        world.onUsersRead.withLock { hook in hook = { largest.note($0) } }
        var settings = World.settings
        settings.chunkRows = 400
        settings.memoryBytes = 1_000_000
        let (report, findings) = try world.verify(settings)
        #expect(findings.count == 500)
        #expect(report.counts[.aggregate]?.stale == 500)
        #expect(largest.value <= 50)
        #expect(largest.value > 1)
    }

    /// Two of these rows are as many as an answer may hold with eight megabytes, and five or so as many as a batch may.
    private static let longRow = String(repeating: "x", count: 200_000)

    /// Settings with eight megabytes, and how many users' rows are then read at a time at the most.
    private static func small(_ world: World) -> (settings: VerifySettings, largest: Largest) {
        let largest = Largest()
        world.onUsersRead.withLock { hook in hook = { largest.note($0) } }
        var settings = World.settings
        settings.memoryBytes = 8_000_000
        settings.stages = [.aggregate]
        return (settings, largest)
    }

    @Test("bounds how many long rows are held at a time, whatever the average is")
    func longRows() throws {
        let world = World(users: 2_000)
        for number in 1...30 { world.change(UserID("\(number * 60)"), to: Self.longRow, emitsEvent: false) }
        let (settings, largest) = Self.small(world)
        let (report, findings) = try world.verify(settings)
        #expect(report.verdict == .differences && report.complete)
        #expect(Set(findings) == Set((1...30).map { "\($0 * 60) aggregate stale no_change_event_seen" }))
        // Two of them fit, and eight times as many is the most that is ever ventured.
        #expect(largest.value <= 16)
    }

    @Test("and where users are looked at whom no scan has met, finds out how long rows are")
    func longRowsOfSome() throws {
        let world = World(users: 100)
        for number in 1...30 { world.change(UserID("\(number)"), to: Self.longRow, emitsEvent: false) }
        let (settings, largest) = Self.small(world)
        let outcome = try UserCheck(settings, ports: WorldPorts(world: world)).run(Set((1...40).map { UserID("\($0)") }))
        #expect(outcome.findings.map(\.user) == (1...30).map { UserID("\($0)") }.sorted())
        #expect(outcome.matched == 10)
        #expect(outcome.unresolved.isEmpty)
        #expect(largest.value <= 16)
    }

    @Test("does not change what a look at some users finds, who may be taken in portions", arguments: [nil, 1_000_000, 60_000])
    func someUsers(memoryBytes: Int?) throws {
        let world = World(users: 400)
        for number in 1...300 where number.isMultiple(of: 3) {
            world.change(UserID("\(number)"), to: "edited", emitsEvent: false)
        }
        var settings = World.settings
        settings.memoryBytes = memoryBytes
        let progress = Largest()
        let users = Set((1...300).map { UserID("\($0)") })
        let outcome = try UserCheck(settings, ports: WorldPorts(world: world)).run(users) { progress.note($0) }
        #expect(outcome.findings.map(\.user) == (1...300).filter { $0.isMultiple(of: 3) }.map { UserID("\($0)") }.sorted())
        #expect(outcome.unresolved.isEmpty)
        // At the God stage all is well: the God objects are those of the aggregates that there are.
        #expect(outcome.matched == 500)
        #expect(progress.value == 300)
    }

    @Test("and who comes in a later portion is not waited for where a hop stands still", arguments: [nil, 60_000])
    func portionsBehindAStandstill(memoryBytes: Int?) throws {
        let world = World(users: 300)
        world.stick("aggregator")
        for number in 1...300 { world.change(UserID("\(number)"), to: "edited") }
        var settings = World.settings
        settings.memoryBytes = memoryBytes
        let startMs = world.state.withLock { $0.nowMs }
        let users = Set((1...300).map { UserID("\($0)") })
        let outcome = try UserCheck(settings, ports: WorldPorts(world: world)).run(users)
        #expect(outcome.findings.count == 0)
        #expect(outcome.unresolved.count == users.count)
        #expect(outcome.unresolved.values.allSatisfy { $0.hasPrefix("a fence was not passed") })
        // By the clock of the test's world.
        #expect(world.state.withLock { $0.nowMs } - startMs < 2 * Int64(settings.fenceTimeoutMs))
    }

    @Test("a change that arrives while others are settled is seen when the user's turn comes")
    func changesWhileOthersAreSettled() throws {
        let world = World(users: 500)
        for number in 1...500 { world.change(UserID("\(number)"), to: "edited", emitsEvent: false) }
        let rounds = Counter()
        world.onRowsRead.withLock { hook in
            // Everyone is mended while the first batch is looked at for the second time.
            hook = { world in
                guard rounds.next() == 2 else { return }
                for number in 1...500 { world.change(UserID("\(number)"), to: "mended") }
            }
        }
        var settings = World.settings
        settings.chunkRows = 400
        settings.memoryBytes = 1_000_000
        let (report, findings) = try world.verify(settings)
        #expect(findings.isEmpty)
        #expect(report.verdict == .clean)
    }

    // MARK: - A world in which everything is wrong somewhere

    private func findings(
        of world: World, _ stages: Set<Stage>, memoryBytes: Int?
    ) throws -> (report: RunReport, lines: [FindingLine]) {
        var settings = World.settings
        settings.stages = stages
        return try findings(of: world, settings, memoryBytes: memoryBytes)
    }

    private func findings(
        of world: World, _ settings: VerifySettings, memoryBytes: Int?
    ) throws -> (report: RunReport, lines: [FindingLine]) {
        var settings = settings
        settings.memoryBytes = memoryBytes
        settings.chunkRows = 400
        let directory = ReportsDirectory()
        let outcome = try Verification(settings, ports: WorldPorts(world: world))
            .run(reports: directory.path, history: directory.path + "/history.sqlite")
        var lines: [FindingLine] = []
        let stored = try ReportStore(directory: directory.path).load(.latest).findings()
        while var line = try stored.next() {
            // The moment of the run, and its name.
            line.firstSeen = UTCTime(millisecondsSince1970: 0)
            line.repair = ""
            lines.append(line)
        }
        return (outcome.report, lines.sorted { ($0.user, "\($0)") < ($1.user, "\($1)") })
    }

    /// Every kind at both stages, records elsewhere, tombstones, old values, repeated rows, contradicting ledgers, among many users
    /// with whom all is well.
    private func brokenWorld() -> World {
        let world = World(users: 1_500)
        func user(_ number: Int) -> UserID { UserID("\(number)") }
        for number in 1...40 { world.change(user(number), to: "newer \(number)") }
        for number in 41...60 { world.change(user(number), to: nil) }
        world.pump()
        for number in 100...120 { world.change(user(number), to: "edited", emitsEvent: false) }
        for number in 121...140 { world.change(user(number), to: nil, emitsEvent: false) }
        for number in 5_000...5_020 { world.change(user(number), to: "inserted", emitsEvent: false) }
        world.state.withLock { state in
            state.loses[.enricher] = Set((200...220).map(user) + (6_000...6_010).map(user))
            state.repeatedRows = Set((300...305).map(user))
        }
        for number in 200...220 { world.change(user(number), to: "never enriched") }
        for number in 6_000...6_010 { world.change(user(number), to: "never enriched") }
        world.pump()
        world.state.withLock { state in
            for number in 400...410 { state.append(World.Topic.god, .init(key: user(number).keyBytes, value: nil)) }
            for number in 411...420 { state.append(World.Topic.god, .init(key: user(number).keyBytes, value: Array("{}".utf8))) }
            for number in 41...45 { state.append(World.Topic.god, .init(key: user(number).keyBytes, value: Array("{}".utf8))) }
            for number in 500...520 { state.addStrays(of: user(number)) }
            state.append(World.Topic.aggregate, .init(key: Array("no user".utf8), value: Array("{}".utf8)))
            // What another ledger says of the same records, and one production that was recorded twice.
            for var production in state.productions.suffix(5) {
                state.productions.append(production)
                production.mappingDigest = Digest(rawValue: 1)
                state.productions.append(production)
            }
            state.catchUpEnricher()
        }
        return world
    }
}

extension World.State {
    /// Live records of a user in the wrong partition and under another key, on both topics, and one that a tombstone took back.
    fileprivate mutating func addStrays(of user: UserID) {
        let home = Partitioner.murmur2(key: user.keyBytes, partitionCount: World.partitionCount)
        let elsewhere = (home + 1) % Int32(World.partitionCount)
        for topic in [World.Topic.aggregate, World.Topic.god] {
            append(topic, .init(key: user.keyBytes, value: Array("{}".utf8)), partition: elsewhere)
            append(topic, .init(key: Array("{\"user_id\":\(user)}".utf8), value: Array("{}".utf8)))
            append(topic, .init(key: Array("\"\(user)\"".utf8), value: Array("{}".utf8)))
            append(topic, .init(key: Array("\"\(user)\"".utf8), value: nil))
        }
    }

    fileprivate mutating func catchUpEnricher() {
        for partition in 0..<Int32(World.partitionCount) {
            let aggregate = TopicPartition(World.Topic.aggregate, partition)
            committed["enricher", default: [:]][aggregate] = end(aggregate)
        }
    }
}

extension Set<Stage> {
    /// What a run can be about.
    fileprivate var subsets: [Set<Stage>] { [[.aggregate], self] }
}

/// The largest of some numbers.
private final class Largest: Sendable {
    private let largest = Mutex(0)

    var value: Int { largest.withLock { $0 } }

    func note(_ number: Int) { largest.withLock { $0 = max($0, number) } }
}
