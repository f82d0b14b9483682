import Domain
import Report
import Synchronization
import Testing

@testable import Reconcile

@Suite("The nightly run")
struct ReconcileModeTests {
    let directory = ReportsDirectory()

    /// A slice of one user in twenty, and everyone every thousand runs.
    static var reach: PlanSettings {
        var reach = PlanSettings(reach: .changed)
        reach.slicePercent = 5
        reach.fullEvery = 1_000
        return reach
    }

    private func reconcile(
        _ world: World, _ settings: VerifySettings = World.settings, _ reach: PlanSettings = Self.reach
    ) throws -> (report: RunReport, findings: [String]) {
        try world.verify(settings, reach: reach, in: directory)
    }

    /// A world of twenty users whom a first run has met.
    private func knownWorld() throws -> World {
        let world = World()
        let first = try reconcile(world)
        #expect(first.report.verdict == .clean)
        #expect(first.report.coverage.plan == .full)
        #expect(first.report.coverage.because == "no complete run has gone before")
        #expect(first.report.verifiedThrough != nil)
        return world
    }

    @Test("looks at nobody but the slice when nothing happened, and vouches for no position")
    func nothingHappened() throws {
        let world = try knownWorld()
        let (report, findings) = try reconcile(world)
        #expect(findings.isEmpty)
        #expect(report.verdict == .clean)
        #expect(report.mode == .reconcile)
        #expect(report.coverage.plan == .slice)
        #expect(report.coverage.basis?.due == 0)
        #expect(report.coverage.basis?.sliceUsers == 1)
        #expect(report.coverage.planned == 1)
        #expect(report.counts[.aggregate]?.users == 1)
        #expect(report.verifiedThrough == nil)
    }

    @Test("vouches for no change that was in the log but not visible yet when rows were read, though a fence has passed it")
    func invisibleCommit() throws {
        let world = try knownWorld()
        let shown = world.state.withLock { $0.snapshotPosition }
        world.change(UserID("3"), to: "newer")
        world.state.withLock { $0.shownThrough = shown.offset }
        let (report, _) = try reconcile(world)
        #expect(report.fence.passed)
        #expect(report.coverage.basis?.due == 1)
        #expect(report.coverage.basis?.through == shown)

        world.state.withLock { $0.shownThrough = nil }
        let (next, _) = try reconcile(world)
        #expect(next.coverage.basis?.since == shown)
        let end = world.state.withLock { $0.snapshotPosition }
        #expect(next.coverage.basis?.through.map { shown.compare(to: $0) } == .before)
        #expect(next.coverage.basis?.through.map { end.hasReached($0) } == true)
    }

    @Test("looks at whoever a change event named, and finds the one that the pipeline lost")
    func lostChange() throws {
        let world = try knownWorld()
        world.state.withLock { $0.loses[.aggregator] = [UserID("12")] }
        for number in 10...14 { world.change(UserID("\(number)"), to: "newer") }
        let (report, findings) = try reconcile(world)
        #expect(findings == ["12 aggregate stale signalled_never_aggregated"])
        #expect(report.coverage.basis?.due == 5)
        #expect(report.counts[.aggregate]?.users == 6)
    }

    @Test("asks the source for due users only, not for their neighbours")
    func readsLittle() throws {
        let world = try knownWorld()
        world.change(UserID("15"), to: "newer")
        let ranges = Calls()
        world.onRange.withLock { hook in hook = { _ in ranges.note(0) } }
        let asked = Calls()
        world.onUsersRead.withLock { hook in hook = { asked.note($0) } }
        let (report, _) = try reconcile(world)
        #expect(report.source.rows == 2)
        #expect(ranges.count == 1)
        #expect(asked.numbers.first == 1)
    }

    @Test("finds what changed without an event when the slice comes by, and in time it comes by everyone")
    func sliceRotates() throws {
        let world = try knownWorld()
        world.change(UserID("7"), to: "edited", emitsEvent: false)
        var seen: [Int] = []
        for run in 1...21 {
            let (report, findings) = try reconcile(world)
            if !findings.isEmpty, seen.isEmpty { #expect(findings == ["7 aggregate stale no_change_event_seen"]) }
            if !findings.isEmpty { seen.append(run) }
            #expect(report.coverage.plan == .slice)
        }
        // The seventh slice holds the user; from then on the finding is looked at each time.
        #expect(seen == Array(7...21))
    }

    @Test("the slice also finds what lies on the topic for nobody")
    func ghostInSlice() throws {
        let world = try knownWorld()
        world.change(UserID("2"), to: nil, emitsEvent: false)
        _ = try reconcile(world)
        #expect(try reconcile(world).findings == ["2 aggregate extra no_change_event_seen"])
    }

    @Test("looks again at everyone with an earlier finding, and calls it healed only when it is")
    func persisting() throws {
        let world = try knownWorld()
        world.change(UserID("18"), to: "edited", emitsEvent: false)
        var full = Self.reach
        full.fullEvery = 1
        #expect(try reconcile(world, World.settings, full).findings.count == 1)
        let again = try reconcile(world).report
        #expect(again.verdict == .differences)
        #expect(again.delta == Delta(new: 0, persisting: 1, healed: 0))
        #expect(again.coverage.basis?.persisting == 1)

        // Mended, but the run cannot prove it: the fence is not passed.
        world.change(UserID("18"), to: "mended")
        world.pump()
        world.stick("connector")
        let blocked = try reconcile(world).report
        #expect(blocked.verdict == .incomplete)
        #expect(blocked.delta?.healed == 0)

        world.state.withLock { $0.stuck = [] }
        let healed = try reconcile(world).report
        #expect(healed.verdict == .clean)
        #expect(healed.delta == Delta(new: 0, persisting: 0, healed: 1))
    }

    @Test("looks at users whom only the God topic or a ledger mentions")
    func godTouched() throws {
        let world = try knownWorld()
        world.state.withLock { state in
            _ = state.append(World.Topic.god, .init(key: UserID("16").keyBytes, value: nil))
            let value = Array("{}".utf8)
            _ = state.append(World.Topic.god, .init(key: UserID("17").keyBytes, value: value))
        }
        let (report, findings) = try reconcile(world)
        #expect(findings == ["16 god missing produced_then_absent", "17 god stale not_in_ledger"])
        #expect(report.coverage.basis?.due == 2)
    }

    @Test("what happens while a run goes on is due in the next one")
    func changesMeanwhile() throws {
        let world = World()
        world.onScanned.withLock { hook in
            hook = { world in
                world.state.withLock { $0.loses[.aggregator] = [UserID("9")] }
                world.change(UserID("9"), to: "newer")
            }
        }
        _ = try reconcile(world)
        world.onScanned.withLock { hook in hook = { _ in } }
        #expect(try reconcile(world).findings == ["9 aggregate stale signalled_never_aggregated"])
    }

    @Test("a run that could not finish is nothing to go on from")
    func incompleteIsNoBasis() throws {
        let world = try knownWorld()
        world.change(UserID("11"), to: "newer")
        world.stick("aggregator")
        let blocked = try reconcile(world).report
        #expect(blocked.verdict == .incomplete)
        #expect(blocked.coverage.gaps.first?.contains("did not drain") == true)
        world.state.withLock { $0.stuck = [] }
        world.pump()
        let (report, _) = try reconcile(world)
        #expect(report.verdict == .clean)
        #expect(report.coverage.basis?.due == 1)
        #expect(report.coverage.basis?.run != blocked.runID.text)
    }

    @Test("an empty source is no clean one")
    func emptied() throws {
        let world = try knownWorld()
        world.state.withLock { $0.rows = [:] }
        let (report, _) = try reconcile(world)
        #expect(report.verdict == .error)
        #expect(report.reason?.contains("no row at all") == true)
    }

    @Test("ids that are texts are found due, and their slice by its rows")
    func textIDs() throws {
        let world = World(users: 0)
        for number in 0..<20 { world.change(UserID("user-\(number)"), to: "v") }
        world.pump()
        var settings = World.settings
        settings.userIDKind = .string
        settings.changeDecoders[World.Topic.changes] = ChangeEventDecoder(userField: "user_id", kind: .string)
        _ = try reconcile(world, settings)
        world.state.withLock { $0.loses[.aggregator] = [UserID("user-4")] }
        world.change(UserID("user-4"), to: "newer")
        world.change(UserID("user-0"), to: "edited", emitsEvent: false)
        let (report, findings) = try reconcile(world, settings)
        #expect(report.coverage.plan == .slice)
        #expect(
            findings == [
                "user-0 aggregate stale no_change_event_seen", "user-4 aggregate stale signalled_never_aggregated",
            ])
    }
}

/// Numbers in the order in which they came.
final class Calls: Sendable {
    private let all = Mutex<[Int]>([])

    var numbers: [Int] { all.withLock { $0 } }
    var count: Int { numbers.count }

    func note(_ number: Int) { all.withLock { $0.append(number) } }
}
