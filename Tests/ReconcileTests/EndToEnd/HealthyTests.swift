import Domain
import Sandbox
import Testing

extension EndToEnd {
    @Suite("A healthy system")
    struct HealthyTests {
        @Test("verifies clean, run after run, while users come, change and go")
        func liveWriters() throws {
            let live = try LivePipeline.current()
            let shop = try LiveWriter(live.stack, everyMs: 10) { Self.visit($0) }
            for run in 1...3 {
                let roll = try live.expectClean("run \(run)")
                #expect(roll.report.complete)
                #expect(roll.report.fence.strength == .strong)
                #expect(roll.report.verifiedThrough != nil)
                #expect(roll.report.source.rows >= LivePipeline.sampleUsers)
            }
            try shop.stop()
            #expect(shop.rounds > 10)
            let roll = try live.expectClean("after the shop has closed")
            let rows = roll.report.source.rows
            #expect(roll.report.counts[.aggregate]?.matched == rows)
            #expect(roll.report.counts[.god]?.matched == rows)
            #expect(roll.report.crossCheck.compared == min(rows, 1_250))
            #expect(roll.report.crossCheck.agreed == roll.report.crossCheck.compared)
            #expect(roll.report.aggregateTopic?.live == rows)
            #expect(roll.report.godTopic?.live == rows)
        }

        /// Each round brings a new user, changes some and takes one away, twenty rounds after it came.
        private static func visit(_ round: Int) -> [String] {
            let newest = 1_000_000 + round
            var statements = [
                "INSERT INTO users (user_id, email) VALUES (\(newest), 'visitor\(newest)@example.com')",
                "INSERT INTO preferences (user_id, dark_mode) VALUES (\(newest), \(round % 2))",
                "UPDATE users SET credit = credit + 1.25 WHERE user_id IN (\(newest - 3), \(newest - 7))",
                "UPDATE preferences SET dark_mode = 1 - dark_mode WHERE user_id = \(newest - 5)",
            ]
            if round >= 20 {
                statements += [
                    "START TRANSACTION", "DELETE FROM preferences WHERE user_id = \(newest - 20)",
                    "DELETE FROM users WHERE user_id = \(newest - 20)", "COMMIT",
                ]
            }
            return statements
        }
    }
}
