import Domain
import Foundation
import Reconcile
import Report
import Synchronization

/// Somebody who calls the roll while everything goes on.
///
/// Its first run is about everyone; those after it may go on from there, and look at what changed.
struct Verifier: Sendable {
    let runs: Int
    let variant: Variant
    private let memory = RunMemory()
    private let journal = ScratchFile()
    /// The process in which a run is interrupted: none of the pipeline's.
    private static let process = 1_000

    init(runs: Int, variant: Variant) {
        self.runs = runs
        self.variant = variant
    }

    func live(in world: World) throws {
        let wasInterrupted = try interruptOne(in: world)
        for run in 0..<runs {
            try world.sleep(ms: world.act { $0.schedule.chance.within(20...$0.plan.runPauseMs) })
            let goesOn = run > 0 && world.act { $0.schedule.chance.happens(80) }
            let resumes = run == 0 && wasInterrupted && world.act { $0.schedule.chance.happens(85) }
            let outcome = try call(goesOn ? .changed : .everyone, resumes: resumes, in: world)
            world.act { $0.check(outcome) }
            guard !outcome.findings.isEmpty, world.act({ $0.schedule.chance.happens(40) }) else { continue }
            let repairer = Repairer(variant: variant)
            try repairer.look(at: try repairer.signal(outcome, in: world), in: world)
        }
    }

    /// A run that dies over its scan, and leaves behind what it has read.
    ///
    /// - Returns: Whether there was one.
    private func interruptOne(in world: World) throws -> Bool {
        guard world.act({ $0.plan.interruptsRuns }) else { return false }
        try world.sleep(ms: world.act { $0.schedule.chance.within($0.plan.interruptionPauseMs) })
        world.act { $0.weather.scanCallsUntilDeath = $0.schedule.chance.within(1...7) }
        try world.wait(for: [
            world.spawn("verifier that dies", process: Self.process) { world in
                let outcome = try call(in: world)
                world.act { $0.check(outcome) }
            }
        ])
        world.act { $0.weather.scanCallsUntilDeath = nil }
        return true
    }

    /// One run.
    ///
    /// - Parameter resumes: Whether it goes on from what an interrupted one has left.
    func call(_ reach: PlanSettings.Reach = .everyone, resumes: Bool = false, in world: World) throws -> Run {
        try world.turn("call the roll", "\(reach)\(resumes ? ", resuming" : "")")
        let (planned, id, began, visible) = world.act { state in
            state.runs += 1
            state.readTurn = nil
            return (VerifySettings(state.plan), state.runs, state.schedule.turns, state.server.visible)
        }
        var settings = planned
        if world.act({ $0.plan.interruptsRuns && !$0.isFinishing }) { settings.journalPath = journal.path }
        settings.resumes = resumes
        if world.act({ $0.plan.hasWeakFence && !$0.isFinishing }) {
            settings.hasConnector = false
            settings.weakFenceWaitMs = 500
        }
        if world.act({ $0.asksForMappings }) { settings.mappings = .everyone }
        let suffix = String(id, radix: 16)
        let runID = try RunID(
            parsing: "20261122T080000Z-" + String(repeating: "0", count: 4 - min(4, suffix.count)) + suffix.suffix(4))
        let findings = Mutex<[Finding]>([])
        let ports = variant.change(SimulatedReconcilePorts(world: world), in: world)
        let report = try Verification(settings, reach: PlanSettings(reach: reach), ports: ports, runID: runID)
            .runUnrecorded(after: memory) { finding in
                findings.withLock { $0.append(finding) }
            }
        // Whoever died over it has nothing to say.
        if world.act({ $0.schedule.isRunningKilled }) { throw Crash() }
        let run = Run(report: report, findings: findings.withLock { $0 }, beganTurn: began, visibleAtBegin: visible)
        world.act { $0.readTurns[report.runID.text] = $0.readTurn }
        world.act { state in
            state.verdicts[report.verdict.rawValue, default: 0] += 1
            if report.coverage.basis != nil { state.partialRuns += 1 }
        }
        world.act {
            $0.note(
                "the run about \(report.coverage.plan.rawValue) \(report.coverage.because ?? "") says \(report.verdict.rawValue) \(report.reason ?? ""), findings \(run.summary)"
            )
        }
        return run
    }
}

/// What a run came to.
struct Run: Sendable {
    var report: RunReport
    var findings: [Finding]
    /// The turn of the schedule in which it began.
    var beganTurn: Int
    /// How many transactions could be read when it began.
    var visibleAtBegin: Int

    var summary: [String] {
        findings.map { "\($0.user) \($0.stage.rawValue) \($0.kind.rawValue) \($0.cause?.code ?? "-")" }.sorted()
    }
}

/// A file that is gone when nobody needs it any more.
final class ScratchFile: Sendable {
    let path = FileManager.default.temporaryDirectory.appendingPathComponent("rollcall-\(UUID().uuidString)").path

    deinit { unlink(path) }
}

extension WorldState {
    /// Whether the run has everyone's mapping asked for again: the last one, where the service answers for everyone.
    var asksForMappings: Bool { isFinishing && !replays.isEmpty && weather.mappingFails.isEmpty }
}

extension VerifySettings {
    init(_ plan: Plan) {
        self.init(
            userIDKind: .integer,
            topics: .init(changes: Name.changes, signals: Name.signals, aggregate: Name.aggregate, god: Name.god),
            groups: .init(intake: Name.intake, aggregate: Name.aggregator, enrich: Name.enricher), hasConnector: true,
            encodingID: Name.encodingID, configDigest: "simulated")
        chunkRows = plan.interruptsRuns ? 1 : 2
        memoryBytes = 1 << 20
        settleBatchUsers = 3
        settleBatchRows = 3
        fenceTimeoutMs = 4_000
        settleTimeoutMs = 12_000
        settleRounds = 6
        allowsEmptySource = true
    }
}
