import Domain
import Report
import Testing

@testable import Reconcile

@Suite("The proof before a cutover")
struct StandstillTests {
    private var reach: PlanSettings {
        var reach = PlanSettings()
        reach.expectsStandstill = true
        return reach
    }

    @Test("holds when nobody writes")
    func clean() throws {
        let world = World()
        world.change(UserID("3"), to: "the last change")
        let end = world.state.withLock { $0.position }
        let (report, findings) = try world.verify(reach: reach)
        #expect(findings.isEmpty)
        #expect(report.verdict == .clean)
        #expect(report.verifiedThrough.map { $0.hasReached(end) } == true)
    }

    @Test("says that writes are still coming, and proves nothing then")
    func writesGoOn() throws {
        let world = World()
        world.onScanned.withLock { hook in hook = { $0.change(UserID("3"), to: "one more") } }
        let (report, findings) = try world.verify(reach: reach)
        #expect(findings.isEmpty)
        #expect(report.verdict == .incomplete)
        #expect(report.verifiedThrough == nil)
        #expect(report.reason?.contains("writes are still coming: 1 change event") == true)
    }

    @Test("reads nothing while the pipeline has not drained, and names the hop")
    func undrained() throws {
        let world = World()
        world.change(UserID("3"), to: "the last change")
        world.stick("aggregator")
        let ranges = Calls()
        world.onRange.withLock { hook in hook = { _ in ranges.note(0) } }
        let (report, _) = try world.verify(reach: reach)
        #expect(report.verdict == .incomplete)
        #expect(report.reason?.contains("aggregator") == true)
        #expect(ranges.count == 0)
    }

    @Test("differences are differences all the same")
    func differences() throws {
        let world = World()
        world.change(UserID("3"), to: "edited", emitsEvent: false)
        #expect(try world.verify(reach: reach).report.verdict == .differences)
    }
}
