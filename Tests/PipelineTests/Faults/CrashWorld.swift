import Domain
import Foundation
import Kafka
import Ledger
import Sandbox
import TestSupport

@testable import Pipeline

/// A pipeline of its own that dies again and again, and whose changes go on meanwhile.
final class CrashWorld {
    /// How often it died, and how.
    struct Deaths {
        /// At a named point, right after a port's call: by its own SIGKILL. Counted by point, such as `intake.sent`.
        var atPoint: [String: Int] = [:]
        /// Wherever it was after a random time: by a SIGKILL from outside.
        var atRandomTime = 0
        /// Not the pipeline but a `verify` beside it.
        var ofVerify = 0
        /// Nobody, but all connections to the broker, again and again.
        var ofConnections = 0
        /// The database under all of them.
        var ofDatabase = 0

        var total: Int { atPoint.values.reduce(0, +) + atRandomTime + ofVerify + ofConnections + ofDatabase }

        mutating func add(_ other: Deaths) {
            atPoint.merge(other.atPoint, uniquingKeysWith: +)
            atRandomTime += other.atRandomTime
            ofVerify += other.ofVerify
            ofConnections += other.ofConnections
            ofDatabase += other.ofDatabase
        }
    }

    /// The points at which the hops pass, all of them reached by the changes that are made here.
    static let points: [(hop: Hop, call: PortCall)] =
        [.polled, .sent, .acknowledged, .parked, .committed].map { (.intake, $0) }
        + [.polled, .queried, .sent, .acknowledged, .committed].map { (.aggregator, $0) }
        + [.polled, .mapped, .sent, .acknowledged, .recorded, .committed].map { (.enricher, $0) }

    private(set) var deaths = Deaths()
    private let broker: SandboxBroker
    private let stack: PipelineStack
    private let shop: Shop
    private let settingsFile: String
    private var random: SeededRandom
    private var nextPoint: Int

    init(number: Int, on servers: PipelineStack.Servers = .steady, broker: SandboxBroker, seed: UInt64) throws {
        self.broker = broker
        stack = try PipelineStack("crash-\(number)", on: servers, partitions: 2, broker: broker)
        shop = try Shop(stack, users: (20_000 + number * 100)..<(20_012 + number * 100), seed: seed)
        random = SeededRandom(seed: seed &+ 1)
        nextPoint = number * 5
        // A dead member keeps its group waiting for its session's rest.
        // Beside so many others, a broker has no time to be asked as often as those properties say.
        settingsFile = try stack.writeSettingsFile(
            "life", properties: ["fetch.wait.max.ms": "200", "heartbeat.interval.ms": "500"])
    }

    /// Dies that often. After every tenth death and after the last one it lives until everything has arrived, and everyone is
    /// looked for.
    func run(deaths count: Int) throws {
        for death in 1...max(1, count) {
            try shop.change(8)
            if Int.random(in: 0..<10, using: &random) == 0 { try killVerify() } else { try dieOnce() }
            if death.isMultiple(of: 10) || death == count { try liveAndCheck() }
        }
    }

    /// Cuts the connections that often. The broker has to be this world's own: whoever else waits to join a group of its would wait
    /// for ever, because librdkafka's broker forgets a member whose connection is cut then.
    func runCutOff(times count: Int) throws {
        for time in 1...max(1, count) {
            try shop.change(8)
            try cutConnections()
            if time.isMultiple(of: 5) || time == count { try liveAndCheck() }
        }
    }

    /// Lets the database die that often. It has to be this world's own.
    func runWithoutDatabase(deaths count: Int) throws {
        for death in 1...max(1, count) {
            try shop.change(8)
            try killDatabase()
            if death.isMultiple(of: 5) || death == count { try liveAndCheck() }
        }
    }

    private func dieOnce() throws {
        guard Int.random(in: 0..<10, using: &random) < 8 else { return try dieAtRandomTime() }
        let (hop, call) = Self.points[nextPoint % Self.points.count]
        nextPoint += 1
        let times = Int.random(in: 1...2, using: &random)
        let life = try stack.start(
            ["sandbox-crash", "--config", settingsFile, "--hop", hop.rawValue, "--point", call.rawValue, "--times", "\(times)"],
            log: "life")
        // More to do, so that a point that is passed once a batch is passed again.
        for _ in 0..<30 where life.waitForExit(timeoutMs: 500) == nil {
            try stack.publish([OutgoingRecord(topic: stack.users, key: nil, value: Array("junk".utf8))])
            try shop.change(4)
        }
        guard let status = life.exitStatus else {
            life.kill()
            deaths.atRandomTime += 1
            return
        }
        guard status == .signalled(SIGKILL) else { throw WentWrong("\(hop).\(call): \(status), \(life.logTail())") }
        deaths.atPoint["\(hop).\(call)", default: 0] += 1
    }

    /// A run that is killed leaves no lock, no half of a report and a history that can be read.
    private func killVerify() throws {
        let life = try stack.start(["stream", "--config", settingsFile], log: "life")
        // A first life may have been cut off before it had made its ledger, and without one a run rightly gives no verdict.
        try eventually("the pipeline has made its ledger") { try hasLedger() }
        let run = try stack.start(["verify", "--config", settingsFile], log: "verify")
        let status = run.waitForExit(timeoutMs: Int.random(in: 50...3_000, using: &random))
        run.kill()
        if let status, ![0, 1, 3].map({ .exited($0) }).contains(status) {
            throw WentWrong("a run beside the pipeline ended with \(status): \(run.logTail())")
        }
        life.kill()
        deaths.ofVerify += 1
        let list = try stack.run(["report", "list", "--config", settingsFile, "--json"])
        guard list.status == 0 else { throw WentWrong("after a killed run, `report list` ends with \(list)") }
    }

    private func hasLedger() throws -> Bool {
        do {
            _ = try LedgerReader(path: stack.ledgerPath("life"))
            return true
        } catch let error as LedgerError where error.code == .missing {
            return false
        }
    }

    private static let cutRequests: [MockBroker.APIKey] = [.produce, .fetch, .offsetCommit, .heartbeat]

    private func cutConnections() throws {
        let life = try stack.start(["stream", "--config", settingsFile], log: "life")
        for _ in 0..<Int.random(in: 3...8, using: &random) {
            for request in Self.cutRequests {
                try broker.push([.disconnect], for: request)
            }
            try shop.change(3)
            if let status = life.waitForExit(timeoutMs: 300) {
                throw WentWrong("it ended over a lost connection: \(status), \(life.logTail())")
            }
        }
        // What was not cut by now would be cut of the next life.
        for request in Self.cutRequests { try broker.clearFaults(for: request) }
        life.kill()
        deaths.ofConnections += 1
    }

    private func killDatabase() throws {
        let life = try stack.start(["stream", "--config", settingsFile], log: "life")
        try shop.change(4)
        // Without a database it would not start, and say so.
        try stack.waitUntilDrained()
        try shop.change(8)
        _ = life.waitForExit(timeoutMs: Int.random(in: 1...300, using: &random))
        let database = try stack.stack.requireDatabase()
        database.kill()
        usleep(UInt32.random(in: 0...1_000_000, using: &random))
        try database.restart()
        try shop.change(4)
        if let status = life.waitForExit(timeoutMs: 1_000) {
            throw WentWrong("it ended when the database went away: \(status), \(life.logTail())")
        }
        life.kill()
        deaths.ofDatabase += 1
    }

    private func dieAtRandomTime() throws {
        let life = try stack.start(["stream", "--config", settingsFile], log: "life")
        if let status = life.waitForExit(timeoutMs: Int.random(in: 100...3_500, using: &random)) {
            throw WentWrong("it ended by itself: \(status), \(life.logTail())")
        }
        life.kill()
        deaths.atRandomTime += 1
    }

    private func liveAndCheck() throws {
        let life = try stack.start(["stream", "--config", settingsFile], log: "life")
        do {
            try stack.waitUntilDrained()
        } catch {
            throw WentWrong("after \(deaths): \(error): \(life.logTail(lines: 40).joined(separator: "\n"))")
        }
        life.terminate()
        let differences = try stack.differences(of: shop.users, ledgers: [stack.ledgerPath("life")])
        guard differences.isEmpty else {
            throw WentWrong("after \(deaths): \(differences.prefix(5).joined(separator: "; "))")
        }
    }
}

/// Thrown where no test is at hand that could record an issue: on a thread of its own.
private struct WentWrong: Error {
    let what: String

    init(_ what: String) {
        self.what = what
    }
}
