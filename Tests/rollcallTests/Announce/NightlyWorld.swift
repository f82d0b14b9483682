import Domain
import Foundation
import Ledger
import Report
import Synchronization

@testable import rollcall

/// A month of nights: a history, reports, and a webhook that notes what it is told. The clock is the calendar of the test.
final class NightlyWorld {
    let directory: TemporaryDirectory
    let server: LoopbackHTTP
    private let log = Log()
    private var announcer: Announcer
    let textfile: String

    /// What the webhook was told, and what it is to answer.
    final class Log: Sendable {
        private let state = Mutex((bodies: [[UInt8]](), status: 200))

        func take(_ body: [UInt8]) -> Int {
            state.withLock {
                if $0.status == 200 { $0.bodies.append(body) }
                return $0.status
            }
        }
        func answer(_ status: Int) { state.withLock { $0.status = status } }
        var bodies: [[UInt8]] { state.withLock { $0.bodies } }
    }

    init(reminderDays: Int = 0) throws {
        directory = try TemporaryDirectory()
        let log = log
        server = try LoopbackHTTP { .init(status: log.take($0.body), body: []) }
        textfile = directory.path + "/rollcall.prom"
        let settings = try directory.load(
            completeYAML, environment: ["ROLLCALL_NOTIFY_URL": server.url + "/secret/path"],
            set: [
                ("reports.textfile", textfile), ("reports.directory", directory.path + "/reports"),
                ("notify.reminder_days", "\(reminderDays)"),
            ])
        announcer = try Announcer(settings, try AnnouncementOptions.parse([]), commands: Commands())
        announcer.webhook?.pauses = [0, 0]
    }

    deinit { server.stop() }

    /// Whether the service behind the webhook works.
    func setServerDown(_ isDown: Bool) { log.answer(isDown ? 503 : 200) }

    private func time(_ day: Int, minute: Int = 0) -> UTCTime {
        UTCTime(millisecondsSince1970: 1_793_500_000_000 + Int64(day) * 86_400_000 + Int64(minute) * 60_000)
    }

    /// What one night gave.
    struct Night {
        var delta: Delta?
        /// The messages of this night.
        var told: [JSONValue]

        var event: String? { told.last?["rollcall"]?["event"]?.text }
        var text: String { told.last?["text"]?.text ?? "" }
    }

    enum Outcome {
        case found([String])
        case failed
        case unfinished
    }

    /// One night: the run is entered into the history, its report is written, and whoever has to know is told.
    func night(_ day: Int, _ outcome: Outcome) throws -> Night {
        let before = log.bodies.count
        var report = RunReport(
            runID: RunID(startedAt: time(day)), mode: .verify, startedAt: time(day), configDigest: "d")
        report.finishedAt = time(day, minute: 5)
        report.coverage = Coverage(plan: .full, unit: "key ranges", planned: 4, scanned: 4)
        report.source = SourceSummary(rows: 2_000)
        report.fence = FenceSummary(hops: [.init(hop: "intake", passed: true)])
        report.counts = [.aggregate: StageCounts(users: 2_000)]
        var failure: String?
        var users: [String] = []
        switch outcome {
        case .found(let found): users = found
        case .failed: failure = "MySQL does not answer"
        case .unfinished: report.fence.hops = [.init(hop: "intake", passed: false)]
        }
        report = try record(report, users: users, failure: failure)
        announcer.announce(report, path: "\(directory.path)/reports/\(report.runID)")
        let told = try log.bodies.dropFirst(before).map { try JSONValue(parsing: $0) }
        return Night(delta: report.delta, told: told)
    }

    private func record(_ unfinished: RunReport, users: [String], failure: String?) throws -> RunReport {
        var report = unfinished
        let writer = try ReportWriter(directory: "\(directory.path)/reports", runID: report.runID)
        let history = try History(path: "\(directory.path)/reports/history.sqlite", access: .readWrite)
        let isFirst = try history.lastRun() == nil
        for user in users.map({ UserID($0) }) {
            let finding = Finding(user: user, stage: .aggregate, kind: .missing, cause: nil, fields: [], evidence: Evidence())
            let known = try history.firstSeen(user: user, stage: .aggregate, kind: .missing)
            try writer.add(
                FindingLine(
                    finding, run: report.runID,
                    firstSeen: known.map(UTCTime.init(millisecondsSince1970:)) ?? report.startedAt))
        }
        report.adopt(writer.tally)
        report.conclude(failure: failure)
        let run = HistoryRun(
            runID: report.runID.text, mode: "verify", verdict: report.verdict.rawValue, isComplete: report.complete,
            coversEveryUser: true, exitCode: report.exitCode, startedAtMs: report.startedAt.millisecondsSince1970,
            finishedAtMs: report.finishedAt.millisecondsSince1970, configDigest: "d")
        let delta = try history.record(run, coverage: .everyUser([.aggregate])) { recorder in
            for user in users { try recorder.add(user: UserID(user), stage: .aggregate, kind: .missing, cause: nil) }
        }
        if !isFirst, report.verdict != .error {
            report.delta = Delta(new: delta.new, persisting: delta.persisting, healed: delta.healed)
        }
        try writer.finish(report)
        return report
    }
}
