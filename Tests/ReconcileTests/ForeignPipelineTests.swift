import Domain
import Report
import Testing

@testable import Reconcile

/// The aggregate topic of a pipeline of which nothing else is known: no ledger, no signals, no change topics, no connector.
@Suite("Somebody else's pipeline")
struct ForeignPipelineTests {
    private static var settings: VerifySettings {
        var settings = World.settings
        settings.stages = [.aggregate]
        settings.topics.changes = []
        settings.hasConnector = false
        settings.keyField = "user_id"
        return settings
    }

    /// A world with nothing but rows and an aggregate topic, whose values somebody else wrote.
    private func world() -> World {
        let world = World()
        world.state.withLock { state in
            for topic in [World.Topic.changes, World.Topic.signals, World.Topic.god] { state.topics[topic] = nil }
            state.connectorOffset = nil
            state.committed = [:]
            state.productions = []
            state.stuck = ["connector", "intake", "aggregator", "enricher"]
            state.topics[World.Topic.aggregate] = Array(repeating: [], count: World.partitionCount)
            for number in 1...20 {
                state.append(
                    World.Topic.aggregate,
                    .init(
                        key: UserID("\(number)").keyBytes,
                        value: Array(#" {"extra": true, "v" : "value \#(number)", "user_id":"\#(number)"}"#.utf8)))
            }
        }
        return world
    }

    @Test("verifies clean behind a fence that is named weak, though not one value has Rollcall's bytes")
    func clean() throws {
        let (report, findings) = try world().verify(Self.settings)
        #expect(findings.isEmpty)
        #expect(report.verdict == .clean)
        #expect(report.counts[.aggregate]?.matched == 20)
        #expect(report.fence.strength == .weak)
        #expect(report.fence.hops.map(\.hop) == ["pipeline"])
        #expect(report.ledger == nil)
    }

    @Test("differs where it differs, by name of the field, and without a cause that nobody can know")
    func differences() throws {
        let world = world()
        world.change(UserID("3"), to: "edited", emitsEvent: false)
        world.change(UserID("4"), to: nil, emitsEvent: false)
        world.change(UserID("99"), to: "inserted", emitsEvent: false)
        let directory = ReportsDirectory()
        let (report, findings) = try world.verify(Self.settings, in: directory)
        #expect(findings == ["3 aggregate stale -", "4 aggregate extra -", "99 aggregate missing -"])
        #expect(report.exitCode == 1)
        let lines = try ReportStore(directory: directory.path).load(.latest).findings()
        while let line = try lines.next() { #expect(line.fields == (line.kind == .stale ? ["v"] : [])) }
    }

    @Test("has all the time that its mismatches need to settle by themselves, however many there are")
    func manyMismatches() throws {
        let world = world()
        for number in 1...20 { world.change(UserID("\(number)"), to: "edited", emitsEvent: false) }
        var settings = Self.settings
        // So little that they are settled two by two, and each pair waits for a connector of which nothing is known.
        settings.memoryBytes = 60_000
        settings.settleTimeoutMs = 20_000
        let (report, findings) = try world.verify(settings)
        #expect(findings.count == 20)
        #expect(report.complete)
    }
}
