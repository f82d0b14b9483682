import Domain
import Foundation
import Report
import Testing

@testable import Reconcile

/// One system from its start to its end: writers and faults all the while; defects are planted, found, and most of them mended.
struct SoundnessEpisode {
    private let options: SoundnessOptions
    private let live: LivePipeline
    private let hands: DefectHands
    private var random: SoundnessRandom
    private var nextUser: UInt64 = 8_000_000
    private(set) var tally = SoundnessTally()
    /// Defects that are there now.
    private var standing: [PlantedDefect] = []
    /// Users whose defects were mended, until a complete run has seen them healthy.
    private var healing: Set<UserID> = []

    /// How many runs in a row may be incomplete before a defect must be found.
    private static let patience = 16

    init(_ options: SoundnessOptions, seed: UInt64) throws {
        self.options = options
        random = SoundnessRandom(seed: seed)
        // Of few users, those whom the writers keep busy would be so large a share that each nightly run looked at everyone.
        live = try LivePipeline(partitions: 24, users: 2_000)
        hands = DefectHands(live: live)
    }

    mutating func run(until deadline: ContinuousClock.Instant) throws {
        defer { live.end() }
        let shops = try (0..<options.writers).map { shop in
            try LiveWriter(live.stack, everyMs: 15 * (shop + 1)) { SoundnessShop.visit(shop: shop, round: $0) }
        }
        let faults = try SoundnessFaults(live, seed: random.next(), lagMs: options.lagMs)
        while ContinuousClock.now < deadline, tally.isSound {
            if options.plantsNothing { try callTheRoll() } else { try round() }
        }
        tally.faults = try faults.stop()
        for shop in shops {
            try shop.stop()
            tally.changes += shop.rounds
        }
        try findAll("at rest")
        try mend(standing)
        for _ in 0..<Self.patience where !healing.isEmpty { try callTheRoll() }
        let last = try live.verify()
        if last.report.verdict != .clean || !last.report.canary.allCaught {
            tally.troubles.append("at its end the system is \(last.report.verdict): \(last.findings) \(last.report.reason ?? "")")
        }
    }

    /// Plants a few, finds them, and mends some of them.
    private mutating func round() throws {
        let kinds = (0..<Int.random(in: 4...12, using: &random)).map { _ in
            DefectClass.allCases.randomElement(using: &random) ?? .unseenUpdate
        }
        let users = kinds.map { _ -> UserID in
            nextUser += 1
            return UserID(nextUser)
        }
        try hands.prepare(zip(kinds, users).filter { $0.0.needsUser }.map(\.1))
        for (kind, user) in zip(kinds, users) {
            standing.append(try hands.plant(kind, user))
            tally.injected += 1
        }
        try findAll("under load")
        let mended = standing.filter { _ in Int.random(in: 0..<4, using: &random) > 0 }
        try mend(mended)
    }

    private mutating func findAll(_ when: String) throws {
        for _ in 0..<Self.patience where standing.contains(where: { !$0.isFound }) && tally.isSound { try callTheRoll() }
        let missed = standing.filter { !$0.isFound }.map { "\($0.user) \($0.kind)" }
        if !missed.isEmpty, tally.isSound { tally.troubles.append("\(when), \(Self.patience) runs did not find \(missed)") }
    }

    private mutating func mend(_ defects: [PlantedDefect]) throws {
        guard !defects.isEmpty else { return }
        for defect in defects { try hands.mend(defect) }
        let users = Set(defects.map(\.user))
        standing.removeAll { users.contains($0.user) }
        healing.formUnion(users)
        _ = try live.repair(users)
    }

    /// Verifies everyone, or as the nightly run does, and holds the findings against what was planted.
    private mutating func callTheRoll() throws {
        var reach = PlanSettings()
        if Int.random(in: 0..<3, using: &random) == 0 {
            reach = PlanSettings(reach: .changed)
            reach.slicePercent = 10
            reach.fullEvery = 100
        }
        let roll = try live.verify(
            reach: reach,
            adjust: {
                $0.fenceTimeoutMs = 20_000
                $0.settleRounds = 8
            })
        let report = roll.report
        tally.runs["\(report.coverage.plan.rawValue) \(report.verdict.rawValue)", default: 0] += 1
        if reach.reach == .changed, let reason = report.coverage.because { tally.fullBecause[reason, default: 0] += 1 }
        tally.unresolved += report.unresolved
        tally.versionOnly += report.counts.values.reduce(0) { $0 + $1.versionOnly }
        if report.unresolved > 0 {
            let hop = report.fence.hops.first { !$0.passed }?.hop
            tally.openBecause[hop ?? "although every fence was passed", default: 0] += 1
            if hop == nil { tally.unresolvedBehindFences += report.unresolved }
        }
        let found = Dictionary(grouping: roll.lines, by: \.user).mapValues { lines in
            Set(lines.map { "\($0.stage.rawValue) \($0.kind.rawValue) \($0.causeCode ?? "-")" })
        }
        for (user, findings) in found where !healing.contains(user) {
            guard let index = standing.firstIndex(where: { $0.user == user }) else {
                tally.falseFindings += findings.count
                tally.troubles.append("run \(report.runID): \(user) is healthy, and was found \(findings.sorted())")
                continue
            }
            note(findings, of: index, report)
        }
        if report.verdict == .error { tally.troubles.append("run \(report.runID): \(report.reason ?? "error")") }
        guard report.complete else { return }
        for defect in standing where found[defect.user] == nil {
            // A nightly run looks at whoever left a trace since the last one, and at a slice of the others.
            guard report.coverage.plan == .full || defect.kind.leavesTrace else { continue }
            if try hands.isMendedByRepetition(defect, before: report) {
                standing.removeAll { $0.user == defect.user }
                if !defect.isFound { tally.mended += 1 }
                continue
            }
            tally.troubles.append("run \(report.runID) is complete, and did not find \(defect.kind) of \(defect.user)")
        }
        if report.coverage.plan == .full { healing.subtract(healing.filter { found[$0] == nil }) }
    }

    private mutating func note(_ findings: Set<String>, of index: Int, _ report: RunReport) {
        let defect = standing[index]
        let isExpected = findings.allSatisfy { finding in defect.findings.contains { finding.hasPrefix($0) } }
        guard isExpected else {
            tally.falseFindings += 1
            tally.troubles.append("run \(report.runID): \(defect.kind) of \(defect.user) was found as \(findings.sorted())")
            return
        }
        if !defect.isFound {
            standing[index].isFound = true
            tally.found += 1
            tally.classes[defect.kind, default: 0] += 1
        }
    }
}
