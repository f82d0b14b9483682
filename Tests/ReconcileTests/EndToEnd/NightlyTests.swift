import Domain
import Foundation
import Report
import Testing

@testable import Reconcile

extension EndToEnd {
    @Suite("The nightly run")
    struct NightlyTests {
        /// A history of its own, so that nobody else's runs are gone on from.
        private let directory = ReportsDirectory()

        private var reach: PlanSettings {
            var reach = PlanSettings(reach: .changed)
            reach.slicePercent = 10
            reach.fullEvery = 100
            return reach
        }

        @Test(
            "reads who changed out of real change events, signals, topics and the ledger, and finds who was lost and who healed")
        func changed() throws {
            let live = try LivePipeline.current()
            let first = try live.verify(reach: reach, reports: directory.path)
            #expect(first.report.verdict == .clean, "\(first.report.reason ?? "")")
            #expect(first.report.coverage.plan == .full)

            try live.change(
                "INSERT INTO users (user_id, email) VALUES (700001, 'new@example.com')",
                "UPDATE preferences SET dark_mode = 1 - dark_mode WHERE user_id = 11", "DELETE FROM users WHERE user_id = 700001")
            try live.changeWithoutBinlog("UPDATE users SET credit = credit + 1 WHERE user_id = 3")
            let second = try live.verify(reach: reach, reports: directory.path)
            #expect(second.report.coverage.plan == .slice, "\(second.report.coverage.because ?? "")")
            // The one that changed, the one that came and went, and in the slice the one of whom no event tells; and whoever an
            // earlier test has left parked.
            let due = second.report.coverage.basis?.due ?? 0
            #expect(due >= 2 && due < 20)
            #expect(second.findings == ["3 aggregate stale no_change_event_seen"])
            #expect(second.report.coverage.basis?.through != nil)
            #expect(second.report.verifiedThrough == nil)

            _ = try live.repair([UserID("3")])
            let third = try live.verify(reach: reach, reports: directory.path)
            #expect(third.report.verdict == .clean, "\(third.report.reason ?? "")")
            #expect(third.report.delta == Delta(new: 0, persisting: 0, healed: 1))
            #expect(third.report.coverage.basis?.persisting == 1)
        }

        @Test("a cutover is proven when writes have stopped, and not while they go on")
        func cutover() throws {
            let live = try LivePipeline.current()
            var reach = PlanSettings()
            reach.expectsStandstill = true
            try live.change("UPDATE users SET credit = credit + 1 WHERE user_id = 12")
            let proof = try live.verify(reach: reach, reports: directory.path)
            #expect(proof.report.verdict == .clean, "\(proof.report.reason ?? "")")
            #expect(proof.report.fence.strength == .strong)

            let late = try live.verify(
                reach: reach, reports: directory.path,
                onPhase: { phase in
                    if phase == "compare" { try? live.change("UPDATE users SET credit = credit + 1 WHERE user_id = 12") }
                })
            #expect(late.report.verdict == .incomplete)
            #expect(late.report.reason?.contains("writes are still coming") == true)
        }
    }
}
