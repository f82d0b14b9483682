import Domain
import Report

/// Where a run leaves what it finds, and where it learns how far earlier runs read.
protocol RunJournal {
    /// What has been written so far.
    var tally: FindingTally { get }
    /// How fast the last run over everyone read; nil where nobody knows.
    func lastRowsPerSecond() throws -> Int?
    /// How many users the last complete run over everyone met, which asked the same; nil where there was none.
    func lastRows() throws -> Int?
    /// Checks that the topics are still those that the last run read.
    ///
    /// - Returns: What changed since then that a reader of the report should know.
    /// - Throws: ``ReconcileError/topicRecreated(topic:partition:end:recorded:)``.
    func checkWatermarks(_ reading: Reading, isAboutEveryone: Bool) throws -> [String]
    /// Decides whom a run is about that is not about everyone anyway.
    ///
    /// - Parameter drain: Passes a fence.
    func makePlan(
        _ reach: PlanSettings, _ memory: MemoryPlan, _ ports: any ReconcilePorts, _ standing: Standing,
        drain: () throws -> FenceOutcome
    ) throws -> RunPlan
    /// Writes findings.
    ///
    /// - Parameter position: The position that their rows were read at.
    func write(_ findings: [Finding], position: SourcePosition?) throws
    /// Remembers how far the run read, for the next one.
    func noteWatermarks(_ roll: Roll)
    /// Remembers from where the next run may go on, should this one be complete.
    func noteBaseline(_ baseline: Baseline)
    /// Enters the run among the earlier ones, and lets the report say what became of their findings.
    func close(_ report: inout RunReport) throws
    /// Leaves nothing behind.
    func abandon()
}

/// A run that leaves no files: its findings go to whoever asked for it.
final class UnrecordedRun: RunJournal {
    private(set) var tally = FindingTally()
    private let runID: RunID
    private let settings: VerifySettings
    private let clock: any ReconcileClock
    private let memory: RunMemory
    private let onFinding: (Finding) -> Void
    private var findings: [(UserID, Stage)] = []
    private var baseline: Baseline?

    /// - Parameter memory: The runs before, which this one is entered among.
    init(
        _ runID: RunID, _ settings: VerifySettings, clock: any ReconcileClock, memory: RunMemory,
        onFinding: @escaping (Finding) -> Void
    ) {
        self.runID = runID
        self.settings = settings
        self.clock = clock
        self.memory = memory
        self.onFinding = onFinding
    }

    func checkWatermarks(_ reading: Reading, isAboutEveryone: Bool) -> [String] { [] }

    func makePlan(
        _ reach: PlanSettings, _ plan: MemoryPlan, _ ports: any ReconcilePorts, _ standing: Standing,
        drain: () throws -> FenceOutcome
    ) throws -> RunPlan {
        try RunPlanner(settings, reach, plan, ports, memory).make(start: standing, drain: drain)
    }

    func lastRowsPerSecond() -> Int? { nil }

    func lastRows() -> Int? { memory.bases().first { $0.baseline.question == settings.question }?.baseline.fullRows }

    func write(_ findings: [Finding], position: SourcePosition?) {
        for finding in findings {
            tally.add(
                FindingLine(
                    finding, run: runID, position: position, firstSeen: UTCTime(millisecondsSince1970: clock.nowMs()),
                    commands: Commands()))
            self.findings.append((finding.user, finding.stage))
            onFinding(finding)
        }
    }

    func noteWatermarks(_ roll: Roll) {}

    func noteBaseline(_ baseline: Baseline) { self.baseline = baseline }

    func close(_ report: inout RunReport) {
        if report.verdict != .error { memory.enter(runID.text, report.complete ? baseline : nil, findings) }
    }

    func abandon() {}
}
