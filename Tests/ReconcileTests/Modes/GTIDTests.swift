import Domain
import Report
import Testing

@testable import Reconcile

/// MySQL 8 tells of a snapshot which transactions it shows, and no place in the log.
@Suite("On a source whose positions are sets of transactions")
struct GTIDTests {
    let directory = ReportsDirectory()

    private func world() -> World {
        let world = World(users: 0)
        world.state.withLock { $0.sourceUUID = "3e11fa47-71ca-11e1-9e33-c80aa9429562" }
        for number in 1...20 { world.change(UserID("\(number)"), to: "value \(number)") }
        world.pump()
        return world
    }

    @Test("the nightly run goes on from what the run before vouches for, and finds what the pipeline lost")
    func nightly() throws {
        let world = world()
        let writtenThrough = world.state.withLock { $0.position }
        let first = try world.verify(reach: ReconcileModeTests.reach, in: directory).report
        #expect(first.verdict == .clean)
        #expect(first.verifiedThrough == writtenThrough)
        world.state.withLock { $0.loses[.aggregator] = [UserID("12")] }
        for number in 10...14 { world.change(UserID("\(number)"), to: "newer") }
        let (report, findings) = try world.verify(reach: ReconcileModeTests.reach, in: directory)
        #expect(report.coverage.plan == .slice && report.coverage.because == nil)
        #expect(report.coverage.basis?.since == first.verifiedThrough)
        #expect(report.coverage.basis?.due == 5)
        #expect(findings == ["12 aggregate stale signalled_never_aggregated"])
    }

    @Test("a pipeline that lacks some of them is not taken for one that has passed the fence")
    func blocked() throws {
        let world = world()
        world.stick("connector")
        world.change(UserID("5"), to: "newer")
        let (report, findings) = try world.verify(in: directory)
        #expect(findings.isEmpty)
        #expect(report.verdict == .incomplete && report.fence.hops.first?.passed == false)
    }

    @Test(
        "a scan goes on where it was interrupted, unless the source has forgotten transactions that it had seen",
        arguments: [true, false])
    func resumes(isSameSource: Bool) throws {
        let world = world()
        var settings = World.settings
        settings.journalPath = directory.path + "/scan.journal"
        let ranges = Counter()
        world.onRange.withLock { hook in hook = { _ in if ranges.next() == 3 { throw ReconcileError.interrupted } } }
        #expect(throws: ReconcileError.interrupted) { try world.verify(settings, in: directory) }
        let readAt = world.state.withLock { $0.position }
        world.onRange.withLock { hook in hook = { _ in } }
        if !isSameSource {
            // Restored from a backup, which lacks the last transactions.
            world.state.withLock { $0.logEnd -= 50 }
        }
        settings.resumes = true
        let (report, findings) = try world.verify(settings, in: directory)
        #expect(findings.isEmpty)
        #expect(report.verdict == .clean)
        #expect(report.notes.contains { $0.contains("2 key ranges were not read again") } == isSameSource)
        #expect(report.notes.contains { $0.contains("nothing was resumed") } == !isSameSource)
        #expect(!isSameSource || report.verifiedThrough == readAt)
    }
}
