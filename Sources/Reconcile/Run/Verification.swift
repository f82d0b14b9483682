import Domain
import Ledger
import Report
import Source

/// One run of `verify` or `reconcile`: reads, fences, compares, settles and reports.
public final class Verification {
    let settings: VerifySettings
    let reach: PlanSettings
    let plan: MemoryPlan
    let ports: any ReconcilePorts
    private let onProgress: @Sendable (ProgressEvent) -> Void
    var report: RunReport
    private var phaseStartMs: Int64 = 0

    /// What a run tells while it goes on.
    public enum ProgressEvent: Sendable, Equatable {
        /// Rows scanned so far.
        case scanned(rows: Int)
        /// A new phase: `read`, `fence`, `compare` or `settle`.
        case phase(String)
        /// Suspects that are to be settled.
        case settling(suspects: Int)
        /// The scan waits for the sake of the servers, and why.
        case paused(String)
        /// What the reading of everyone that follows will probably take.
        case forecast(Forecast)
    }

    /// What a run left behind.
    public struct Outcome: Sendable {
        public var report: RunReport
        /// The report's directory.
        public var path: String
    }

    /// - Parameters:
    ///   - reach: Whom the run is about.
    ///   - runID: The run's name, by which its canaries are chosen too; a new one by default.
    public init(
        _ settings: VerifySettings, reach: PlanSettings = PlanSettings(), ports: any ReconcilePorts, runID: RunID? = nil,
        onProgress: @escaping @Sendable (ProgressEvent) -> Void = { _ in }
    ) {
        self.settings = settings
        self.reach = reach
        plan = MemoryPlan(budgetBytes: settings.memoryBytes)
        self.ports = ports
        self.onProgress = onProgress
        let now = UTCTime(millisecondsSince1970: ports.clock.nowMs())
        report = RunReport(
            runID: runID ?? RunID(startedAt: now), mode: reach.reach == .everyone ? .verify : .reconcile, startedAt: now,
            configDigest: settings.configDigest)
        report.revealedBy = settings.revealedBy
    }

    /// Runs, and writes the report whatever comes out, except when the run is interrupted: then there is none.
    ///
    /// - Throws: `LedgerError` with the code `locked` when another run is under way; ``ReconcileError/interrupted``; and whatever
    ///   keeps the report itself from being written.
    public func run(reports directory: String, history historyPath: String, commands: Commands = Commands()) throws -> Outcome {
        let writer = try ReportWriter(
            directory: directory, runID: report.runID, commands: commands, pageBytes: plan.pageBytes)
        let record = try RunRecord(
            historyPath: historyPath, writer: writer, commands: commands, settings: settings, plan: plan,
            startedAt: report.startedAt)
        try run(into: record)
        return Outcome(report: report, path: try writer.finish(report))
    }

    /// Runs, and leaves no files.
    ///
    /// - Parameters:
    ///   - memory: The runs before, which this one may go on from and is entered among.
    ///   - onFinding: Called with each finding as soon as it is settled.
    /// - Throws: ``ReconcileError/interrupted``.
    package func runUnrecorded(
        after memory: RunMemory = RunMemory(), onFinding: @escaping (Finding) -> Void
    ) throws -> RunReport {
        try run(
            into: UnrecordedRun(report.runID, settings, clock: ports.clock, memory: memory, onFinding: onFinding))
        return report
    }

    private func run(into record: any RunJournal) throws {
        var failure: String?
        do {
            try examine(record)
        } catch ReconcileError.interrupted {
            record.abandon()
            throw ReconcileError.interrupted
        } catch {
            failure = "\(error)"
        }
        settings.giveMemoryBack()
        report.adopt(record.tally)
        report.finishedAt = UTCTime(millisecondsSince1970: ports.clock.nowMs())
        report.conclude(failure: failure)
        // A run that failed may have been interrupted in a way that no signal announces, such as a server that went away.
        if report.verdict != .error, let path = settings.journalPath, report.coverage.plan == .full {
            ScanJournal.remove(path)
        }
        do {
            try record.close(&report)
        } catch {
            // The report is the result; that the history lacks it is worth a note, and no reason to lose it.
            report.notes.append("the run could not be entered into the history: \(error)")
        }
    }

    private func examine(_ record: any RunJournal) throws {
        let start = RunStart(standing: try Standing(settings, ports), startedAtMs: ports.clock.nowMs())
        let runPlan = try makePlan(record, start)
        var standstill: Standstill?
        if reach.expectsStandstill {
            standstill = try drained()
            guard standstill != nil else { return endPhase() }
        }
        begin("read")
        let shown = try canaryPorts(runPlan, record)
        let source = try shown.source()
        defer { source.close() }
        let columns = try source.fields()
        report.notes += try Preflight(settings, ports).check(source)
        var reading = try read(record, runPlan, start, shown)
        let canaries = shown.canaries
        let progress = try ports.progress()
        defer { progress.close() }
        let topics = try Fence.TopicBounds(settings, ports)
        defer { topics.close() }
        let fields = FieldComparison(columns, keyField: settings.keyField)
        let tails = try Tails(settings, reading, shown)
        defer { tails.close() }
        let replays = try ports.replays()
        defer { replays.close() }

        begin("fence")
        let fence = Fence(
            settings, source: source, progress: progress, topics: topics, clock: ports.clock, runID: report.runID.text)
        let outcome = try fence.pass()
        report.fence = FenceSummary(outcome)
        report.notes += outcome.notes
        try checkServer(outcome.position, reading.scan.position)
        try tails.catchUp(&reading, settings.userIDKind)
        canaries.beginSettling()

        begin("compare")
        let followed = Followed(reading)
        let comparison = try compare(&reading, canaries)
        let sizes = plan.rowSizes(largestRowBytes: followed.largestRowBytes, atMost: CrossCheck.formsAtATime)
        try readAgain(comparison.picks.equals.members, by: CrossCheck(source, tails.aggregate, fields, sizes))
        settings.giveMemoryBack()
        let roll = followed.roll(settings, tails, plan.listShape(directory: settings.temporaryDirectory))

        begin("settle")
        onProgress(.settling(suspects: comparison.suspects.count))
        var tally = RunTally(canaries)
        if let blocked = outcome.blocked {
            try leaveUnresolved(comparison.suspects, "the fence was not passed: \(blocked.detail)", &tally)
        } else {
            try comparison.suspects.arrange(
                usersPerBatch: usersPerBatch(followed), by: roll.aggregate.tail.progress)
            let settler = Settler(
                settings, source: source, roll: roll, fence: fence, clock: ports.clock, replays: replays, comparison: fields,
                plan: plan, largestRowBytes: followed.largestRowBytes, passed: outcome.position, canaries: canaries)
            let signals = topics.signals.map {
                SignalIndex(
                    $0, kind: settings.userIDKind, shape: plan.shape(inputs: 4, directory: settings.temporaryDirectory),
                    tableBytes: plan.tableBytes)
            }
            let encodingID = try source.encodingID() ?? settings.encodingID
            let builder = FindingBuilder(
                roll, causes: CauseFinder(signals: signals, encodingID: encodingID), comparison: fields,
                origins: FieldOrigins(try source.tables()), reveals: settings.revealedBy != nil, canaries: canaries)
            try settle(comparison.suspects, settler, builder, record, followed, &tally)
            if let last = settler.lastFence, !last.isPassed { report.fence = FenceSummary(last) }
            try askAgain(comparison.picks.mappings, roll, fence, builder, record, followed, &tally)
        }
        try checkColumns(columns, try source.fields())
        try summarise(roll, comparison.totals, followed, tally)
        try standstill?.confirm(fence, topics.changes, &report)
        record.noteWatermarks(roll)
        record.noteBaseline(baseline(runPlan, reading.start, rows: comparison.totals.rows, position: followed.position))
        endPhase()
    }

    /// Reads some of those who are well a second way.
    private func readAgain(_ equals: [EqualSample.Member], by check: CrossCheck) throws {
        report.crossCheck = try check.run(equals)
        if report.crossCheck.compared == 0, !equals.isEmpty {
            report.notes.append("none of \(equals.count) users could be read a second way, so the encoding was not checked")
        }
    }

    /// The ports to judge by, which show canaries among the users that the run is about.
    private func canaryPorts(_ runPlan: RunPlan, _ record: any RunJournal) throws -> CanaryPorts {
        var users: Int?
        if let changed = runPlan.changed {
            users = changed.due.count + changed.sliceRows
        } else {
            let source = try ports.source()
            defer { source.close() }
            // Statistics may be far too high; too low a number only lets the first ones be drawn.
            users = [try source.estimate().rows, try record.lastRows()].compactMap { $0 }.min()
        }
        return CanaryPorts(
            ports, settings.topics,
            Canaries(runID: report.runID.text, stages: settings.stages, kind: settings.userIDKind, users: users))
    }

    /// What is left of the first reading when the comparison has let go of it.
    struct Followed {
        let isPositionKnown: Bool
        let position: SourcePosition?
        let averageRowBytes: Int
        let largestRowBytes: Int?
        let ledgerPosition: LedgerPosition
        let productions: Int

        init(_ reading: Reading) {
            isPositionKnown = reading.scan.isPositionKnown
            position = reading.scan.position
            averageRowBytes = reading.scan.averageRowBytes
            largestRowBytes = reading.scan.largestRowBytes
            ledgerPosition = reading.ledger?.position ?? LedgerPosition()
            productions = reading.ledger?.productions ?? 0
        }

        func roll(_ settings: VerifySettings, _ tails: Tails, _ list: Spill.Shape) -> Roll {
            Roll(
                settings, aggregate: FollowedTopic(tails.aggregate, kind: settings.userIDKind, list: list),
                god: tails.god.map { FollowedTopic($0, kind: settings.userIDKind, list: list) },
                ledger: tails.ledger.map {
                    FollowedLedger($0, after: ledgerPosition, productions: productions, list: list)
                }, parked: FollowedParked(tails.parked))
        }
    }

    private func read(
        _ record: any RunJournal, _ runPlan: RunPlan, _ start: RunStart, _ shown: CanaryPorts
    ) throws -> Reading {
        let onProgress = onProgress
        if runPlan.changed == nil {
            onProgress(.forecast(try Forecast(settings, ports, start.standing, rowsPerSecond: record.lastRowsPerSecond())))
        }
        let reading = try Reading(settings, plan, runPlan, start: start, shown) { event in
            switch event {
            case .rows(let rows): onProgress(.scanned(rows: rows))
            case .paused(let reason): onProgress(.paused(reason))
            }
        }
        report.notes += reading.notes
        report.source = SourceSummary(
            rows: reading.rows, position: reading.scan.position,
            server: reading.scan.position?.server.map { "server_id \($0)" })
        cover(runPlan, reading)
        guard report.source.rows > 0 || settings.allowsEmptySource || runPlan.changed != nil else {
            throw ReconcileError.emptySource
        }
        report.notes += try record.checkWatermarks(reading, isAboutEveryone: runPlan.changed == nil)
        return reading
    }

    /// Compares what was read, and lets go of it: buffers and temporary files are gone before anyone is settled.
    private func compare(_ reading: inout Reading, _ canaries: Canaries) throws -> Comparison {
        let sides = reading.takeSides()
        return try Comparison(
            settings, plan, sides, canaries: canaries, runID: report.runID.text, rows: report.source.rows)
    }

    // MARK: - What voids a run

    /// Positions of two servers cannot be compared: another one took over between the scan and the fence.
    private func checkServer(_ fence: SourcePosition?, _ scan: SourcePosition?) throws {
        guard let fence, let scan, fence.compare(to: scan) == .incomparable else { return }
        throw ReconcileError.incomparablePositions(scan.description, fence.description)
    }

    private func checkColumns(_ before: [RowEncoder.Column], _ after: [RowEncoder.Column]) throws {
        guard before != after else { return }
        func text(_ columns: [RowEncoder.Column]) -> String {
            columns.map { "\($0.name) \($0.kind.rawValue)" }.joined(separator: ", ")
        }
        throw ReconcileError.sourceAltered(before: text(before), after: text(after))
    }

    // MARK: - Phases

    func begin(_ phase: String) {
        endPhase()
        phaseStartMs = ports.clock.nowMs()
        report.timings.append(Timing(phase: phase, milliseconds: 0))
        onProgress(.phase(phase))
    }

    func endPhase() {
        guard let last = report.timings.indices.last else { return }
        report.timings[last].milliseconds = ports.clock.nowMs() - phaseStartMs
    }
}
