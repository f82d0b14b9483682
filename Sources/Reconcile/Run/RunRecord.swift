import Domain
import Ledger
import Report

/// What a run leaves behind: the lines of its report, and its entry in the history, whose lock it holds from the beginning, so
/// that no second run can be under way.
final class RunRecord: RunJournal {
    private let history: History
    private let writer: ReportWriter
    private let commands: Commands
    private let settings: VerifySettings
    private let startedAt: UTCTime
    /// What the history is to be told at the end, when it is known how the run came out.
    private var findings: Spill
    private var watermarks: JSONValue?
    private var lastWatermarks: JSONValue?
    private var baseline: Baseline?

    init(
        historyPath: String, writer: ReportWriter, commands: Commands, settings: VerifySettings, plan: MemoryPlan,
        startedAt: UTCTime
    ) throws {
        history = try History(path: historyPath, access: .readWrite, cacheBytes: plan.databaseCacheBytes)
        self.writer = writer
        self.commands = commands
        self.settings = settings
        self.startedAt = startedAt
        findings = Spill(plan.listShape(directory: settings.temporaryDirectory))
    }

    var tally: FindingTally { writer.tally }

    func abandon() { writer.abandon() }

    /// A topic that ends before an offset which an earlier run saw was recreated: nothing that was recorded of it holds.
    func checkWatermarks(_ reading: Reading, isAboutEveryone: Bool) throws -> [String] {
        lastWatermarks = try history.lastWatermarksJSON().flatMap { try? JSONValue(parsing: $0) }
        guard let last = lastWatermarks else { return [] }
        var ends: [(String, [Int32: Int64])] = [(settings.topics.aggregate, reading.aggregate.progress.ends)]
        if let god = reading.god { ends.append((settings.topics.god, god.progress.ends)) }
        for (topic, present) in ends {
            for (partition, end) in present.sorted(by: { $0.key < $1.key }) {
                guard let recorded = last[topic]?[String(partition)]?.integer, end < recorded else { continue }
                throw ReconcileError.topicRecreated(topic: topic, partition: partition, end: end, recorded: recorded)
            }
        }
        return try ends.compactMap { try partitionNote($0, last[$0]?.members, $1) }
            + (isAboutEveryone ? rowNotes(reading.rows) : [])
    }

    /// A topic with fewer partitions than before is another one. With more, keys that were written before may lie where the partitioner
    /// would no longer put them.
    private func partitionNote(_ topic: String, _ last: [JSONValue.Member]?, _ present: [Int32: Int64]) throws -> String? {
        guard let last, last.count != present.count else { return nil }
        if let gone = last.first(where: { member in Int32(member.name).map { present[$0] == nil } ?? false }),
            let partition = Int32(gone.name)
        {
            throw ReconcileError.topicRecreated(
                topic: topic, partition: partition, end: 0, recorded: gone.value.integer ?? 0)
        }
        return
            "topic \(topic) has \(present.count) partitions, and had \(last.count) at the last run: keys that were written before may "
            + "lie in another partition than newer ones"
    }

    private func rowNotes(_ rows: Int) throws -> [String] {
        guard let last = try history.lastCompleteCleanRun(coveringEveryUser: true),
            let counts = try? JSONValue(parsing: Array(last.countsJSON.utf8)),
            let before = counts["aggregate"]?["users"]?.integer,
            Int64(rows) < before / 2
        else { return [] }
        return ["the source has \(rows) rows, and had \(before) when run \(last.runID) was clean: is it the right database?"]
    }

    /// Writes findings.
    ///
    /// - Parameter position: The position that their rows were read at.
    func write(_ findings: [Finding], position: SourcePosition?) throws {
        let known = try history.firstSeen(findings.map { ($0.user, $0.stage, $0.kind) })
        for (finding, firstSeenAtMs) in zip(findings, known) {
            // The history dates a finding by the start of the run that made it, and so does the report.
            let firstSeen = firstSeenAtMs.map { UTCTime(millisecondsSince1970: $0) } ?? startedAt
            try writer.add(
                FindingLine(finding, run: writer.runID, position: position, firstSeen: firstSeen, commands: commands))
            try keep(finding)
        }
    }

    private func keep(_ finding: Finding) throws {
        var payload = PayloadWriter()
        payload.add(finding.user.text)
        payload.add(finding.stage.rawValue)
        payload.add(finding.kind.rawValue)
        payload.add(finding.cause) { $0.add($1.code) }
        try findings.append(
            SpillEntry(key: UserKey(exactly: 0), digest: nil, payloadBytes: payload.bytes.count), payload: payload.bytes)
    }

    /// Remembers how far the run read, for the next one.
    func noteWatermarks(_ roll: Roll) {
        let topics = [roll.aggregate, roll.god].compactMap { $0?.tail }
        let seen = topics.map { topic in
            let ends = topic.progress.ends.sorted { $0.key < $1.key }
            return JSONValue.Member(topic.name, .object(ends.map { .init(String($0.key), .number($0.value)) }))
        }
        // A run of one stage knows nothing of the other's topic; what an earlier run saw of it still holds.
        let kept = (lastWatermarks?.members ?? []).filter { member in !seen.contains { $0.name == member.name } }
        watermarks = .object(seen + kept)
    }

    func makePlan(
        _ reach: PlanSettings, _ memory: MemoryPlan, _ ports: any ReconcilePorts, _ standing: Standing,
        drain: () throws -> FenceOutcome
    ) throws -> RunPlan {
        try RunPlanner(settings, reach, memory, ports, history).make(start: standing, drain: drain)
    }

    func lastRowsPerSecond() throws -> Int? { Forecast.speed(of: try history.baselines()) }

    func lastRows() throws -> Int? {
        try history.bases().first { $0.baseline.question == settings.question }?.baseline.fullRows
    }

    func noteBaseline(_ baseline: Baseline) { self.baseline = baseline }

    /// A run about everyone leaves the slices' turn where it was.
    private func baselineJSON(_ report: RunReport) throws -> String? {
        guard var baseline else { return nil }
        if report.coverage.plan == .full {
            baseline.sliceAfter = try history.baselines().lazy.compactMap { $0.baselineJSON.flatMap { Baseline($0) } }
                .first { $0.question == settings.question }?.sliceAfter
        }
        return baseline.json.description
    }

    /// Enters the run into the history. Its first run, and a void one, cannot tell what became of earlier findings.
    func close(_ report: inout RunReport) throws {
        let isAboutEveryone = report.coverage.plan == .full
        let run = HistoryRun(
            runID: report.runID.text, mode: report.mode.rawValue, verdict: report.verdict.rawValue,
            isComplete: report.complete, coversEveryUser: report.complete && isAboutEveryone, exitCode: report.exitCode,
            startedAtMs: report.startedAt.millisecondsSince1970, finishedAtMs: report.finishedAt.millisecondsSince1970,
            configDigest: report.configDigest, countsJSON: report.json["counts"]?.description ?? "{}",
            verifiedThrough: report.verifiedThrough, watermarksJSON: watermarks?.description,
            baselineJSON: try baselineJSON(report))
        let isFirst = try history.lastRun() == nil
        // What a void run found is void as well.
        let coverage = isAboutEveryone ? HistoryCoverage.everyUser(settings.stages) : .namedUsers
        let delta = try history.record(run, coverage: coverage) { recorder in
            guard run.verdict != Verdict.error.rawValue else { return }
            try tell(recorder)
            // Whoever had a finding before was looked at again by every run, so what was not found again has healed.
            if !isAboutEveryone, run.isComplete { try recorder.reverifiedEveryOpen(at: settings.stages) }
        }
        if !isFirst, report.verdict != .error {
            report.delta = Delta(new: delta.new, persisting: delta.persisting, healed: delta.healed)
        }
        report.trend = try history.runs(limit: RunReport.trendRunsAtMost).reversed().map { TrendPoint($0) }
    }

    private func tell(_ recorder: FindingRecorder) throws {
        var cursor = Spill.Cursor()
        while let (_, payload) = try findings.next(&cursor) {
            var reader = PayloadReader(payload)
            let user = UserID(try reader.text())
            let stage = Stage(rawValue: try reader.text())
            let kind = Kind(rawValue: try reader.text())
            let cause = try reader.optional { reader throws(ReconcileError) in try reader.text() }
            guard let stage, let kind else { continue }
            try recorder.add(user: user, stage: stage, kind: kind, cause: cause.flatMap { Cause(code: $0) })
        }
    }
}

extension TrendPoint {
    init(_ run: HistoryRun) {
        self.init(
            runID: run.runID, startedAt: UTCTime(millisecondsSince1970: run.startedAtMs),
            // A verdict of a later version is none that this one can vouch for.
            verdict: Verdict(rawValue: run.verdict) ?? .error, complete: run.isComplete, new: run.delta.new,
            persisting: run.delta.persisting, healed: run.delta.healed)
    }
}
