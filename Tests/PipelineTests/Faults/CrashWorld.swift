import Domain
import Foundation
import Kafka
import Sandbox

@testable import Pipeline

/// A pipeline of its own that dies again and again, and whose changes go on meanwhile.
final class CrashWorld {
    /// How often it died, and how.
    struct Deaths {
        /// At a named point, right after a port's call: by its own SIGKILL. Counted by point, such as `intake.sent`.
        var atPoint: [String: Int] = [:]
        /// Wherever it was after a random time: by a SIGKILL from outside.
        var atRandomTime = 0
    }

    /// The points at which the hops pass, all of them reached by the changes that are made here.
    static let points: [(hop: Hop, call: PortCall)] =
        [.polled, .sent, .acknowledged, .parked, .committed].map { (.intake, $0) }
        + [.polled, .queried, .sent, .acknowledged, .committed].map { (.aggregator, $0) }
        + [.polled, .mapped, .sent, .acknowledged, .recorded, .committed].map { (.enricher, $0) }

    private(set) var deaths = Deaths()
    private let stack: PipelineStack
    private let shop: Shop
    private let settingsFile: String
    private var random: SeededRandom
    private var nextPoint: Int

    init(number: Int, seed: UInt64) throws {
        stack = try PipelineStack("crash-\(number)", partitions: 2)
        shop = try Shop(stack, users: (20_000 + number * 100)..<(20_012 + number * 100), seed: seed)
        random = SeededRandom(seed: seed &+ 1)
        nextPoint = number * 5
        // A dead member keeps its group waiting for its session's rest: 3 s. With 2 s, a group of librdkafka's broker whose only
        // member has died never shares out its partitions again.
        settingsFile = try stack.writeSettingsFile("life")
    }

    /// Dies that often. After every tenth death and after the last one it lives until everything has arrived, and everyone is
    /// looked for.
    func run(deaths count: Int) throws {
        for death in 1...max(1, count) {
            try shop.change(8)
            try dieOnce()
            if death.isMultiple(of: 10) || death == count { try liveAndCheck() }
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
