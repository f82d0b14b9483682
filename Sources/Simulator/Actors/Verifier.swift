import Domain
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

    init(runs: Int, variant: Variant) {
        self.runs = runs
        self.variant = variant
    }

    func live(in world: World) throws {
        for run in 0..<runs {
            try world.sleep(ms: world.act { $0.schedule.chance.within(20...500) })
            let goesOn = run > 0 && world.act { $0.schedule.chance.happens(80) }
            let outcome = try call(goesOn ? .changed : .everyone, in: world)
            world.act { $0.check(outcome) }
        }
    }

    /// One run.
    func call(_ reach: PlanSettings.Reach = .everyone, in world: World) throws -> Run {
        try world.turn("call the roll", "\(reach)")
        let (settings, id, began) = world.act { state in
            state.runs += 1
            state.readTurn = nil
            return (VerifySettings(state.plan), state.runs, state.schedule.turns)
        }
        let suffix = String(id, radix: 16)
        let runID = try RunID(
            parsing: "20261122T080000Z-" + String(repeating: "0", count: 4 - min(4, suffix.count)) + suffix.suffix(4))
        let findings = Mutex<[Finding]>([])
        let ports = variant.change(SimulatedReconcilePorts(world: world), in: world)
        let report = try Verification(settings, reach: PlanSettings(reach: reach), ports: ports, runID: runID)
            .runUnrecorded(after: memory) { finding in
                findings.withLock { $0.append(finding) }
            }
        let run = Run(report: report, findings: findings.withLock { $0 }, beganTurn: began)
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

    var summary: [String] {
        findings.map { "\($0.user) \($0.stage.rawValue) \($0.kind.rawValue) \($0.cause?.code ?? "-")" }.sorted()
    }
}

extension VerifySettings {
    fileprivate init(_ plan: Plan) {
        self.init(
            userIDKind: .integer,
            topics: .init(changes: Name.changes, signals: Name.signals, aggregate: Name.aggregate, god: Name.god),
            groups: .init(intake: Name.intake, aggregate: Name.aggregator, enrich: Name.enricher), hasConnector: true,
            encodingID: Name.encodingID, configDigest: "simulated")
        chunkRows = 2
        memoryBytes = 1 << 20
        settleBatchRows = 3
        fenceTimeoutMs = 4_000
        settleTimeoutMs = 12_000
        settleRounds = 6
        allowsEmptySource = true
    }
}
