import Domain
import Report
import Sandbox
import Testing

extension EndToEnd {
    @Suite("Rows that never rest")
    struct HotRowTests {
        @Test("are never findings: one that counts, one that flips between two values, one that comes and goes")
        func hotRows() throws {
            let live = try LivePipeline.current()
            try live.change(
                "INSERT INTO users (user_id, email) VALUES (3001, 'counter'), (3002, 'A'), (3003, 'returner'), (3004, 'calm')")
            try live.expectClean()
            let writer = try LiveWriter(live.stack, everyMs: 20) { round in
                [
                    "UPDATE users SET credit = \(round) WHERE user_id = 3001",
                    "UPDATE users SET email = '\(round % 2 == 0 ? "A" : "B")' WHERE user_id = 3002",
                    round % 2 == 0
                        ? "DELETE FROM users WHERE user_id = 3003"
                        : "INSERT INTO users (user_id, email) VALUES (3003, 'returner')",
                ]
            }
            for _ in 1...2 {
                let roll = try live.verify(adjust: { $0.settleRounds = 5 })
                #expect(roll.findings.isEmpty)
                #expect([.clean, .incomplete].contains(roll.report.verdict))
                // Each hot user may be unresolved at either stage; nobody else may.
                #expect(roll.report.unresolved <= 6)
            }
            // Without a second chance to be seen at rest, their versions have to tell. A pipeline that is too late for that on
            // a busy machine leaves somebody unresolved, so more than one run may be needed; none may accuse.
            try live.wait(until: "the versions tell of all of them") {
                let hasty = try live.verify(adjust: { $0.settleRounds = 1 })
                #expect(hasty.findings.isEmpty)
                return hasty.report.verdict == .clean
            }
            let roundsBefore = writer.rounds
            try live.wait(until: "the writer goes on") { writer.rounds > roundsBefore + 2 }
            try writer.stop()
            try live.expectClean("once they rest")
        }

        @Test("hide no real difference beside them")
        func differenceBesideHotRow() throws {
            let live = try LivePipeline.current()
            try live.change("INSERT INTO users (user_id, email) VALUES (3101, 'hot'), (3102, 'calm')")
            try live.expectClean()
            let writer = try LiveWriter(live.stack, everyMs: 50) { ["UPDATE users SET credit = \($0) WHERE user_id = 3101"] }
            try live.changeWithoutBinlog("UPDATE users SET email = 'unseen' WHERE user_id = 3102")
            let roll = try live.verify(adjust: { $0.settleRounds = 5 })
            #expect(roll.findings == ["3102 aggregate stale no_change_event_seen"])
            #expect(roll.report.verdict == .differences)
            try writer.stop()
            #expect(try live.repair([UserID(3102)]).exitCode == 0)
            try live.expectClean()
        }
    }
}
