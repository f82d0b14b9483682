import Domain
import Foundation
import Report
import Sandbox
import Testing

extension EndToEnd {
    /// Runs only where `ROLLCALL_SOAK_SECONDS` says for how long.
    @Suite(
        "A system under writers and faults, for as long as ROLLCALL_SOAK_SECONDS says",
        .enabled(if: ProcessInfo.processInfo.environment["ROLLCALL_SOAK_SECONDS"] != nil))
    struct SoakTests {
        @Test("never has a finding, whatever hop lags by up to five seconds, and is clean once all is quiet")
        func soak() throws {
            let live = try LivePipeline.current()
            let given = ProcessInfo.processInfo.environment["ROLLCALL_SOAK_SECONDS"]
            let seconds = try #require(given.flatMap { Int($0) })
            let seed = ProcessInfo.processInfo.environment["ROLLCALL_SOAK_SEED"].flatMap { UInt64($0) } ?? 1
            let shops = try (0..<3).map { shop in
                try LiveWriter(live.stack, everyMs: 15 * (shop + 1)) { SoakShop.visit(shop: shop, round: $0) }
            }
            let faults = try Faults(live, seed: seed)
            let deadline = ContinuousClock.now + .seconds(seconds)
            var verdicts: [Verdict: Int] = [:]
            while ContinuousClock.now < deadline {
                let roll = try live.verify(adjust: {
                    $0.fenceTimeoutMs = 10_000
                    $0.settleRounds = 8
                })
                #expect(roll.findings.isEmpty, "run \(roll.report.runID.text), seed \(seed)")
                #expect([.clean, .incomplete].contains(roll.report.verdict), "\(roll.report.reason ?? "")")
                verdicts[roll.report.verdict, default: 0] += 1
            }
            try faults.stop()
            for shop in shops { try shop.stop() }
            try live.expectClean("seed \(seed)")
            print("soak: \(verdicts.map { "\($0.value) \($0.key.rawValue)" }.sorted().joined(separator: ", ")); seed \(seed)")
        }
    }
}

/// Customers who come, change their minds and go, each shop with users of its own.
private enum SoakShop {
    static func visit(shop: Int, round: Int) -> [String] {
        let first = 7_000_000 + shop * 100_000
        let user = first + round % 97
        let other = first + (round * 31) % 97
        switch round % 7 {
        case 0, 3:
            return [
                "START TRANSACTION", "REPLACE INTO users (user_id, email) VALUES (\(user), 'round \(round)')",
                "REPLACE INTO preferences (user_id, dark_mode) VALUES (\(user), \(round % 2))", "COMMIT",
            ]
        case 1: return ["UPDATE users SET credit = credit + 1 WHERE user_id IN (\(user), \(other), \(first))"]
        case 2: return ["UPDATE preferences SET locale = IF(locale = 'en', 'de', 'en') WHERE user_id = \(other)"]
        case 4:
            return [
                "START TRANSACTION", "DELETE FROM preferences WHERE user_id = \(other)",
                "DELETE FROM users WHERE user_id = \(other)", "COMMIT",
            ]
        // The row keeps its values and becomes somebody else's.
        case 5: return ["UPDATE IGNORE users SET user_id = \(other) WHERE user_id = \(user)"]
        default: return ["INSERT IGNORE INTO users (user_id, email) VALUES (\(other), 'again \(round)')"]
        }
    }
}

/// Makes one part of the system slow, then another, each for up to five seconds.
private final class Faults: Sendable {
    private let writer: LiveWriter
    private let live: LivePipeline

    init(_ live: LivePipeline, seed: UInt64) throws {
        self.live = live
        var state = seed
        var choices: [UInt64] = []
        // xorshift64, so that a seed tells the whole course of faults.
        for _ in 0..<10_000 {
            state = state == 0 ? 1 : state
            state ^= state << 13
            state ^= state >> 7
            state ^= state << 17
            choices.append(state)
        }
        let course = choices
        writer = try LiveWriter(live.stack, everyMs: 300) { round in
            Self.strike(live, course[round % course.count])
            return []
        }
    }

    private static func strike(_ live: LivePipeline, _ choice: UInt64) {
        let ms = UInt32((choice >> 8) % 5_000)
        let pause = { _ = usleep(ms * 1_000) }
        switch choice % 5 {
        case 0:
            live.stack.connector?.pause()
            pause()
            live.stack.connector?.resume()
        case 1:
            try? live.stack.mapping?.setFaults(MappingFaults(latencyMs: Int(min(ms, 3_000))))
            pause()
            try? live.stack.mapping?.clearFaults()
        case 2:
            try? live.stack.broker?.setRoundTrip(milliseconds: Int(1 + ms % 20))
            pause()
            try? live.stack.broker?.setRoundTrip(milliseconds: 0)
        case 3:
            try? live.stack.mapping?.setFaults(MappingFaults(failure: .status, errorRate: 0.5, status: 503))
            pause()
            try? live.stack.mapping?.clearFaults()
        default:
            // The aggregator waits for its rows, and so does whoever else reads them.
            try? live.change("LOCK TABLES users WRITE", "DO SLEEP(\(Double(min(ms, 2_000)) / 1_000))", "UNLOCK TABLES")
        }
    }

    func stop() throws {
        try writer.stop()
        live.stack.connector?.resume()
        try live.stack.mapping?.clearFaults()
        try live.stack.broker?.setRoundTrip(milliseconds: 0)
    }
}
