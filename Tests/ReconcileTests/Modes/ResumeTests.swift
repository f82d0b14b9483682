import Domain
import Foundation
import Report
import Testing

@testable import Reconcile

@Suite("A scan that was interrupted")
struct ResumeTests {
    let directory = ReportsDirectory()
    var journal: String { directory.path + "/scan.journal" }

    private func settings(resuming: Bool) -> VerifySettings {
        var settings = World.settings
        settings.journalPath = journal
        settings.resumes = resuming
        return settings
    }

    /// Twenty users in ranges of seven; the run ends before the last range.
    private func interruptedWorld(_ kind: UserIDKind = .integer) throws -> World {
        let world = World()
        let ranges = Calls()
        world.onRange.withLock { hook in
            hook = { _ in
                ranges.note(0)
                if ranges.count == 3 { throw ReconcileError.interrupted }
            }
        }
        #expect(throws: ReconcileError.interrupted) { try world.verify(settings(resuming: false), in: directory) }
        #expect(FileManager.default.fileExists(atPath: journal))
        return world
    }

    private func resume(
        _ world: World, _ settings: VerifySettings? = nil
    ) throws -> (report: RunReport, findings: [String], ranges: Int) {
        let ranges = Calls()
        world.onRange.withLock { hook in hook = { _ in ranges.note(0) } }
        let (report, findings) = try world.verify(settings ?? self.settings(resuming: true), in: directory)
        return (report, findings, ranges.count)
    }

    @Test("goes on where it stopped, and proves everyone, the first ranges as of when they were read")
    func goesOn() throws {
        let world = try interruptedWorld()
        let readAt = world.state.withLock { $0.position }
        world.change(UserID("20"), to: "newer")
        let (report, findings, ranges) = try resume(world)
        #expect(ranges == 1)
        #expect(findings.isEmpty)
        #expect(report.verdict == .clean)
        #expect(report.source.rows == 20)
        #expect(report.coverage.scanned == 3)
        #expect(report.verifiedThrough == readAt)
        #expect(report.notes.contains { $0.contains("2 key ranges were not read again") })
        #expect(!FileManager.default.fileExists(atPath: journal))
    }

    @Test("a user of a finished range who changed since is looked at again")
    func changedSince() throws {
        let world = try interruptedWorld()
        world.change(UserID("3"), to: "newer")
        world.pump()
        #expect(try resume(world).findings.isEmpty)
    }

    @Test("what changed and was lost between the two is not vouched for, and due in the next nightly run")
    func lostBetween() throws {
        let world = try interruptedWorld()
        let readAt = world.state.withLock { $0.position }
        world.state.withLock { $0.loses[.aggregator] = [UserID("3")] }
        world.change(UserID("3"), to: "newer")
        world.pump()
        let (report, findings, _) = try resume(world)
        // As of the position at which the range was read, all was well.
        #expect(findings.isEmpty)
        #expect(report.verifiedThrough == readAt)
        let next = try world.verify(reach: ReconcileModeTests.reach, in: directory)
        #expect(next.report.coverage.plan == .slice)
        #expect(next.findings == ["3 aggregate stale signalled_never_aggregated"])
    }

    @Test("begins anew without being told to go on")
    func notAsked() throws {
        let world = try interruptedWorld()
        #expect(try resume(world, settings(resuming: false)).ranges == 3)
    }

    @Test("begins anew, and says why, under another query")
    func otherQuery() throws {
        let world = try interruptedWorld()
        var settings = settings(resuming: true)
        settings.encodingID = "e2"
        let (report, _, ranges) = try resume(world, settings)
        #expect(ranges == 3)
        #expect(report.notes.contains { $0.contains("nothing was resumed: query, encoding") })
    }

    @Test("begins anew, and says why, when the binary log was")
    func otherLog() throws {
        let world = try interruptedWorld()
        world.state.withLock { $0.logEnd = 500 }
        world.pump()
        let (report, _, ranges) = try resume(world)
        #expect(ranges == 3)
        #expect(report.notes.contains { $0.contains("nothing was resumed: the binary log ends at") })
    }

    @Test("says so when there is nothing to go on from")
    func nothingLeft() throws {
        let (report, _, ranges) = try resume(World())
        #expect(ranges == 3)
        #expect(report.verdict == .clean)
        #expect(report.notes.contains { $0.contains("no interrupted scan left anything") })
    }

    @Test("a torn or damaged end costs its range, and nothing else", arguments: [1, 30, 60])
    func torn(bytes: Int) throws {
        let world = try interruptedWorld()
        var content = try Data(contentsOf: URL(fileURLWithPath: journal))
        content.removeLast(bytes)
        try content.write(to: URL(fileURLWithPath: journal))
        let (report, _, ranges) = try resume(world)
        #expect(ranges == 2)
        #expect(report.verdict == .clean)
        #expect(report.source.rows == 20)
    }

    @Test("ids that are texts, and rows that cannot be read, are kept as they were")
    func texts() throws {
        let world = World(users: 0)
        for number in 0..<20 { world.change(UserID("user é \(number)"), to: "v") }
        world.pump()
        world.change(UserID("user é 1"), to: "edited", emitsEvent: false)
        var settings = settings(resuming: false)
        settings.userIDKind = .string
        let ranges = Calls()
        world.onRange.withLock { hook in
            hook = { _ in
                ranges.note(0)
                if ranges.count == 3 { throw ReconcileError.interrupted }
            }
        }
        #expect(throws: ReconcileError.interrupted) { try world.verify(settings, in: directory) }
        settings.resumes = true
        let (report, findings, again) = try resume(world, settings)
        #expect(again == 1)
        #expect(report.source.rows == 20)
        #expect(findings == ["user é 1 aggregate stale no_change_event_seen"])
    }
}
