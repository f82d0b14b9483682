import Domain
import Foundation
import Kafka
import Pipeline
import Sandbox
import Synchronization

/// Customers who come, change their minds and go, each shop with users of its own.
enum SoundnessShop {
    static func visit(shop: Int, round: Int) -> [String] {
        let first = 7_000_000 + shop * 100_000
        let user = first + round % 97
        let other = first + (round * 31) % 97
        switch round % 8 {
        case 0, 3:
            return [
                "START TRANSACTION", "REPLACE INTO users (user_id, email) VALUES (\(user), 'round \(round)')",
                "REPLACE INTO preferences (user_id, dark_mode) VALUES (\(user), \(round % 2))", "COMMIT",
            ]
        // The first one is hot: changed in every round of this kind, and by whoever is `user` or `other` then.
        case 1: return ["UPDATE users SET credit = credit + 1 WHERE user_id IN (\(user), \(other), \(first))"]
        case 2: return ["UPDATE preferences SET locale = IF(locale = 'en', 'de', 'en') WHERE user_id = \(other)"]
        case 4:
            return [
                "START TRANSACTION", "DELETE FROM preferences WHERE user_id = \(other)",
                "DELETE FROM users WHERE user_id = \(other)", "COMMIT",
            ]
        // The row keeps its values and becomes somebody else's.
        case 5: return ["UPDATE IGNORE users SET user_id = \(other) WHERE user_id = \(user)"]
        // Comes and goes, and comes back as it was.
        case 6:
            return [
                "DELETE FROM users WHERE user_id = \(first + 98)",
                "INSERT INTO users (user_id, email) VALUES (\(first + 98), 'back')",
            ]
        default: return ["INSERT IGNORE INTO users (user_id, email) VALUES (\(other), 'again \(round)')"]
        }
    }
}

/// Makes one part of the system slow, or takes it away, then another: each for as long as the lag that was asked for, at most.
final class SoundnessFaults: Sendable {
    private let thread: LiveWriter
    private let live: LivePipeline
    private let course: Course

    private enum Fault: String, CaseIterable {
        case connectorPaused = "connector paused"
        case slowMapping = "slow mapping"
        case mappingErrors = "mapping errors"
        case slowBroker = "slow broker"
        case brokerErrors = "broker errors"
        case lockedTable = "locked table"
        case intakeRestarted = "intake restarted"
        case aggregatorRestarted = "aggregator restarted"
        case enricherRestarted = "enricher restarted"
    }

    /// What comes next, and what came so far.
    private final class Course: Sendable {
        let random: Mutex<SoundnessRandom>
        let struck = Mutex<[String: Int]>([:])
        let troubles = Mutex<[String]>([])

        init(seed: UInt64) { random = Mutex(SoundnessRandom(seed: seed)) }
    }

    init(_ live: LivePipeline, seed: UInt64, lagMs: Int) throws {
        self.live = live
        let course = Course(seed: seed)
        self.course = course
        thread = try LiveWriter(live.stack, everyMs: 1_500) { _ in
            let (fault, ms) = course.random.withLock { random in
                (
                    Fault.allCases.randomElement(using: &random) ?? .slowBroker,
                    UInt32.random(in: 1...UInt32(max(1, lagMs)), using: &random)
                )
            }
            do {
                try Self.strike(live, fault, ms)
                course.struck.withLock { $0[fault.rawValue, default: 0] += 1 }
            } catch {
                course.troubles.withLock { $0.append("\(fault.rawValue): \(error)") }
            }
            return []
        }
    }

    private static func strike(_ live: LivePipeline, _ fault: Fault, _ ms: UInt32) throws {
        let pause = { _ = usleep(ms * 1_000) }
        let (mapping, broker) = (try live.stack.requireMapping(), try live.stack.requireBroker())
        switch fault {
        case .connectorPaused:
            live.stack.connector?.pause()
            pause()
            live.stack.connector?.resume()
        case .slowMapping: try mapping.during(MappingFaults(latencyMs: Int(ms)), pause)
        case .mappingErrors: try mapping.during(MappingFaults(failure: .status, errorRate: 0.5, status: 503), pause)
        case .slowBroker:
            try broker.setRoundTrip(milliseconds: Int(1 + ms % 20))
            pause()
            try broker.setRoundTrip(milliseconds: 0)
        case .brokerErrors:
            try broker.push([.notLeaderForPartition, .disconnect, .requestTimedOut], for: .produce)
            try broker.push([.disconnect, .notLeaderForPartition], for: .fetch)
            try broker.push([.coordinatorNotAvailable, .disconnect], for: .offsetCommit)
        // The aggregator waits for its rows, and so does whoever else reads them.
        case .lockedTable:
            try live.change("LOCK TABLES users WRITE", "DO SLEEP(\(Double(min(ms, 2_000)) / 1_000))", "UNLOCK TABLES")
        case .intakeRestarted: try live.restart(.intake, pause)
        case .aggregatorRestarted: try live.restart(.aggregator, pause)
        case .enricherRestarted: try live.restart(.enricher, pause)
        }
    }

    /// Ends the faults, and lets everything go on at full speed.
    ///
    /// - Returns: How often each fault struck.
    func stop() throws -> [String: Int] {
        try thread.stop()
        live.stack.connector?.resume()
        try live.stack.requireMapping().clearFaults()
        try live.stack.requireBroker().setRoundTrip(milliseconds: 0)
        try live.startAll()
        let troubles = course.troubles.withLock { $0 }
        guard troubles.isEmpty else { throw FaultsFailed(troubles: troubles) }
        return course.struck.withLock { $0 }
    }

    struct FaultsFailed: Error {
        var troubles: [String]
    }
}

extension MappingServer {
    fileprivate func during(_ faults: MappingFaults, _ pause: () -> Void) throws {
        try setFaults(faults)
        pause()
        try clearFaults()
    }
}

extension LivePipeline {
    fileprivate func restart(_ hop: Hop, _ pause: () -> Void) throws {
        do {
            try stop(hop)
        } catch let error as PipelineError where error.code == .drainTimedOut {
            // It was waiting for somebody whom another fault had slowed down, and ended in the middle of its batch instead, which it
            // reads again. That is one more thing that a verdict must not mind.
        }
        pause()
        try start(hop)
    }
}
