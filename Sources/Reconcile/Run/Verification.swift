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
        let writer = try ReportWriter(directory: directory, runID: report.runID, commands: commands)
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
        let source = try ports.source()
        defer { source.close() }
        let columns = try source.fields()
        report.notes += try Preflight(settings, ports).check(source)
        var reading = try read(record, runPlan, start)
        let progress = try ports.progress()
        defer { progress.close() }
        let topics = try Fence.TopicBounds(settings, ports)
        defer { topics.close() }
        let fields = FieldComparison(columns, keyField: settings.keyField)
        let tails = try Tails(settings, reading, ports)
        defer { tails.close() }

        begin("fence")
        let fence = Fence(
            settings, source: source, progress: progress, topics: topics, clock: ports.clock, runID: report.runID.text)
        let outcome = try fence.pass()
        report.fence = FenceSummary(outcome)
        report.notes += outcome.notes
        try checkServer(outcome.position, reading.scan.position)
        try tails.catchUp(&reading, settings.userIDKind)

        begin("compare")
        let followed = Followed(reading)
        let comparison = try compare(&reading)
        let equals = comparison.picks.equals.members
        report.crossCheck = try CrossCheck(source, tails.aggregate, fields).run(equals)
        if report.crossCheck.compared == 0, !equals.isEmpty {
            report.notes.append("none of \(equals.count) users could be read a second way, so the encoding was not checked")
        }
        let roll = followed.roll(settings, tails, plan.listShape(directory: settings.temporaryDirectory))

        begin("settle")
        onProgress(.settling(suspects: comparison.suspects.count))
        var tally = RunTally()
        if let blocked = outcome.blocked {
            try leaveUnresolved(comparison.suspects, "the fence was not passed: \(blocked.detail)", &tally)
        } else {
            try comparison.suspects.arrange(
                usersPerBatch: usersPerBatch(followed), by: roll.aggregate.tail.progress)
            let settler = Settler(
                settings, source: source, roll: roll, fence: fence, clock: ports.clock, comparison: fields,
                passed: outcome.position)
            let signals = topics.signals.map {
                SignalIndex(
                    $0, kind: settings.userIDKind, shape: plan.shape(inputs: 4, directory: settings.temporaryDirectory))
            }
            let encodingID = try source.encodingID() ?? settings.encodingID
            let builder = FindingBuilder(
                roll, causes: CauseFinder(signals: signals, encodingID: encodingID), comparison: fields,
                origins: FieldOrigins(try source.tables()), reveals: settings.revealedBy != nil)
            try settle(comparison.suspects, settler, builder, record, followed, &tally)
            if let last = settler.lastFence, !last.isPassed { report.fence = FenceSummary(last) }
            try askAgain(comparison.picks.mappings, roll, fence, builder, record, followed, &tally)
        }
        try checkColumns(columns, try source.fields())
        summarise(roll, comparison.totals, followed, tally)
        try standstill?.confirm(fence, topics.changes, &report)
        record.noteWatermarks(roll)
        record.noteBaseline(baseline(runPlan, reading.start, rows: comparison.totals.rows, position: followed.position))
        endPhase()
    }

    /// What is left of the first reading when the comparison has let go of it.
    private struct Followed {
        let isPositionKnown: Bool
        let position: SourcePosition?
        let averageRowBytes: Int
        let ledgerPosition: LedgerPosition
        let productions: Int

        init(_ reading: Reading) {
            isPositionKnown = reading.scan.isPositionKnown
            position = reading.scan.position
            averageRowBytes = reading.scan.averageRowBytes
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

    private func read(_ record: any RunJournal, _ runPlan: RunPlan, _ start: RunStart) throws -> Reading {
        let onProgress = onProgress
        if runPlan.changed == nil {
            onProgress(.forecast(try Forecast(settings, ports, start.standing, rowsPerSecond: record.lastRowsPerSecond())))
        }
        let reading = try Reading(settings, plan, runPlan, start: start, ports) { event in
            switch event {
            case .rows(let rows): onProgress(.scanned(rows: rows))
            case .paused(let reason): onProgress(.paused(reason))
            }
        }
        report.notes += reading.notes
        report.source = SourceSummary(
            rows: reading.scan.rows, position: reading.scan.position,
            server: reading.scan.position?.server.map { "server_id \($0)" })
        cover(runPlan, reading)
        guard reading.scan.rows > 0 || settings.allowsEmptySource || runPlan.changed != nil else {
            throw ReconcileError.emptySource
        }
        report.notes += try record.checkWatermarks(reading, isAboutEveryone: runPlan.changed == nil)
        return reading
    }

    /// Compares what was read, and lets go of it: buffers and temporary files are gone before anyone is settled.
    private func compare(_ reading: inout Reading) throws -> Comparison {
        let sides = reading.takeSides()
        return try Comparison(settings, plan, sides, runID: report.runID.text, rows: report.source.rows)
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

    // MARK: - Suspects

    private func settle(
        _ suspects: SuspectQueue, _ settler: Settler, _ builder: FindingBuilder, _ record: any RunJournal, _ followed: Followed,
        _ tally: inout RunTally
    ) throws {
        try settler.settle(suspects, usersPerBatch: usersPerBatch(followed)) { outcomes in
            try take(outcomes, builder, record, followed, &tally)
        }
    }

    /// Asks for mappings again, where the settings say so.
    private func askAgain(
        _ users: SuspectQueue, _ roll: Roll, _ fence: Fence, _ builder: FindingBuilder, _ record: any RunJournal,
        _ followed: Followed, _ tally: inout RunTally
    ) throws {
        guard settings.mappings != .nobody, settings.stages.contains(.god) else { return }
        begin("mappings")
        let totals = try MappingRecheck(roll, fence, try ports.mappings()).run(users, usersPerBatch: usersPerBatch(followed)) {
            outcomes in
            try take(outcomes, builder, record, followed, &tally)
        }
        report.notes.append(
            "\(totals.asked) mappings were asked for again: \(totals.changed) are not those that the God objects were made with"
                + (totals.unanswered > 0 ? ", and \(totals.unanswered) could not be told" : ""))
    }

    /// Counts what became of suspects, and writes down the findings among them.
    private func take(
        _ outcomes: Settler.Outcomes, _ builder: FindingBuilder, _ record: any RunJournal, _ followed: Followed,
        _ tally: inout RunTally
    ) throws {
        var confirmed: [Suspect: Confirmation] = [:]
        for (suspect, settlement) in outcomes {
            tally.add(suspect, settlement)
            if suspect.alteration == nil, case .confirmed(let seen) = settlement { confirmed[suspect] = seen }
        }
        let built = try builder.build(confirmed.map { ($0.key, $0.value) })
        for suspect in built.unprovable {
            if let seen = confirmed[suspect] { tally.addUnprovable(suspect, seen) }
        }
        try record.write(built.findings, position: followed.position)
    }

    private func usersPerBatch(_ followed: Followed) -> Int {
        plan.usersPerBatch(averageRowBytes: followed.averageRowBytes, atMost: settings.settleBatchRows)
    }

    private func leaveUnresolved(_ suspects: SuspectQueue, _ reason: String, _ tally: inout RunTally) throws {
        while suspects.count > 0 {
            for suspect in try suspects.take(atMost: 1_000).flatMap(\.suspects) {
                tally.add(suspect, .unresolved(reason))
            }
        }
    }

    // MARK: - The report

    private func summarise(_ roll: Roll, _ totals: Comparison.Totals, _ followed: Followed, _ tally: RunTally) {
        report.source.rows = totals.rows
        report.aggregateTopic = TopicSummary(roll.aggregate.tail, totals.aggregates)
        report.godTopic = roll.god.map { TopicSummary($0.tail, totals.gods) }
        if let ledger = roll.ledger {
            report.ledger = LedgerSummary(
                productions: ledger.productions, users: totals.producedUsers, paths: settings.ledgerPaths)
        }
        for stage in settings.stages {
            report.counts[stage] = tally.counts(of: stage, users: totals.users(at: stage))
        }
        report.coverage.gaps += roll.gaps
        report.canary = tally.canary
        if report.canary.planted == 0, tally.canariesUnsettled > 0 {
            report.notes.append("no canary could be settled, since all of their users moved: this run did not prove that it sees")
        }
        noteOddities(roll, totals, followed)
    }

    private func noteOddities(_ roll: Roll, _ totals: Comparison.Totals, _ followed: Followed) {
        if !followed.isPositionKnown {
            report.notes.append("the server tells no position for its snapshots, so the run vouches for no position")
        }
        if roll.parked.withoutUser > 0 {
            report.notes.append("\(roll.parked.withoutUser) parked records name no user; see `rollcall parked list`")
        }
        for table in roll.parked.truncatedTables {
            report.notes.append(
                "\(table) was emptied by TRUNCATE, which names no users; those it held are among the findings until they are "
                    + "repaired (`rollcall parked drop` ends this note)")
        }
        for topic in [roll.aggregate, roll.god].compactMap({ $0?.tail }) where topic.progress.unreadableKeys > 0 {
            report.notes.append("topic \(topic.name) holds \(topic.progress.unreadableKeys) records whose key names no user")
        }
        if totals.contradictions > 0 {
            report.notes.append(
                "the ledgers contradict themselves at \(totals.contradictions) God offsets; run `rollcall ledger check`")
        }
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

extension FenceSummary {
    init(_ outcome: FenceOutcome) {
        self.init(
            position: outcome.position, strength: outcome.strength == .strong ? .strong : .weak,
            hops: outcome.hops.map { Hop(hop: $0.hop, passed: $0.isPassed, detail: $0.detail, waitedMs: $0.waitedMs) })
    }
}

extension TopicSummary {
    init(_ topic: TopicTail, _ keys: Comparison.KeyCounts) {
        let progress = topic.progress
        self.init(
            name: topic.name,
            partitions: progress.ends.keys.sorted().map {
                .init(partition: $0, low: progress.lows[$0] ?? 0, end: progress.ends[$0] ?? 0)
            },
            records: progress.records, live: keys.live, tombstones: keys.tombstones)
    }
}
