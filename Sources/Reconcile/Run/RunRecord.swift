import Domain
import Ledger
import Report

/// What a run leaves behind: the lines of its report, and its entry in the history, whose lock it holds from the beginning, so
/// that no second run can be under way.
final class RunRecord {
    private let history: History
    private let writer: ReportWriter
    private let commands: Commands
    private let settings: VerifySettings
    private var findings: [Finding] = []
    private var watermarks: JSONValue?

    init(historyPath: String, writer: ReportWriter, commands: Commands, settings: VerifySettings) throws {
        history = try History(path: historyPath, access: .readWrite)
        self.writer = writer
        self.commands = commands
        self.settings = settings
    }

    /// A topic that ends before an offset which an earlier run saw was recreated: nothing that was recorded of it holds.
    func checkWatermarks(_ reading: Reading) throws {
        guard let text = try history.lastWatermarksJSON(), let last = try? JSONValue(parsing: text) else { return }
        var ends: [(String, [Int32: Int64])] = [(settings.topics.aggregate, reading.aggregate.ends)]
        if let god = reading.god { ends.append((settings.topics.god, god.ends)) }
        for (topic, present) in ends {
            for (partition, end) in present.sorted(by: { $0.key < $1.key }) {
                guard let recorded = last[topic]?[String(partition)]?.integer, end < recorded else { continue }
                throw ReconcileError.topicRecreated(topic: topic, partition: partition, end: end, recorded: recorded)
            }
        }
    }

    /// Writes the findings among the settled suspects.
    ///
    /// - Returns: Confirmed suspects whose proof is gone.
    func write(
        _ settled: [Suspect: Settlement], _ builder: FindingBuilder, position: SourcePosition?
    ) throws -> [Suspect] {
        let confirmed = settled.compactMap { suspect, settlement -> FindingBuilder.Confirmed? in
            guard suspect.alteration == nil, case .confirmed(let mismatches, let evidence, let row) = settlement else {
                return nil
            }
            return FindingBuilder.Confirmed(suspect: suspect, mismatches: mismatches, evidence: evidence, row: row)
        }
        let outcome = try builder.build(confirmed)
        for finding in outcome.findings {
            let known = try history.firstSeen(user: finding.user, stage: finding.stage, kind: finding.kind)
            let firstSeen = known.map { UTCTime(millisecondsSince1970: $0) } ?? .now()
            try writer.add(
                FindingLine(finding, run: writer.runID, position: position, firstSeen: firstSeen, commands: commands))
        }
        findings = outcome.findings
        return outcome.unprovable
    }

    /// Remembers how far the run read, for the next one.
    func noteWatermarks(_ roll: Roll) {
        let topics = [roll.aggregate, roll.god].compactMap { $0 }
        watermarks = .object(
            topics.map { topic in
                .init(topic.name, .object(topic.ends.sorted { $0.key < $1.key }.map { .init(String($0.key), .number($0.value)) }))
            })
    }

    /// Enters the run into the history.
    ///
    /// - Returns: What became of earlier findings; nil for a run that could not tell.
    func close(_ report: RunReport) throws -> Delta? {
        let run = HistoryRun(
            runID: report.runID.text, mode: report.mode.rawValue, verdict: report.verdict.rawValue,
            isComplete: report.complete, coversEveryUser: report.complete, exitCode: report.exitCode,
            startedAtMs: report.startedAt.millisecondsSince1970, finishedAtMs: report.finishedAt.millisecondsSince1970,
            configDigest: report.configDigest, countsJSON: "{}", verifiedThrough: report.verifiedThrough,
            watermarksJSON: watermarks?.description)
        let isFirst = try history.lastRun() == nil
        let delta = try history.record(run, coverage: .everyUser(settings.stages)) { recorder in
            for finding in findings { try recorder.add(finding) }
        }
        return isFirst || report.verdict == .error
            ? nil : Delta(new: delta.new, persisting: delta.persisting, healed: delta.healed)
    }
}
