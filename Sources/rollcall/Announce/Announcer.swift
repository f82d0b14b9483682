import Domain
import HTTP
import Ledger
import Report

/// Tells the webhook and the textfile how a run came out. Nothing that goes wrong here changes a verdict.
struct Announcer {
    /// Nil where nobody is to be told.
    var webhook: Webhook?
    private let textfile: String?
    private let reportsDirectory: String
    private let historyPath: String
    private let reminderDays: Int
    private let commands: Commands

    /// - Throws: ``SettingsError``, or a ``CommandError`` for an address that cannot be used, before the run begins.
    init(_ settings: EffectiveSettings, _ options: AnnouncementOptions, commands: Commands) throws {
        let keys = EffectiveSettings.keys.notify
        textfile = try options.textfile ?? settings.value(EffectiveSettings.keys.reports.textfile)
        reportsDirectory = try settings.value(EffectiveSettings.keys.reports.directory)
        historyPath = try settings.historyPath
        reminderDays = try settings.value(keys.reminderDays)
        self.commands = commands
        let address = try options.notify.map(Self.address) ?? settings.value(keys.url)
        webhook = try address.map { Webhook(url: $0, token: try settings.value(keys.token)) }
    }

    private static func address(_ argument: String) throws(CommandError) -> String {
        guard argument.hasPrefix("@") else { return argument }
        switch SecretFile.read(String(argument.dropFirst())) {
        case .failure(let fault): throw CommandError("--notify: \(fault.message)", status: .usage)
        case .success(let address):
            guard Webhook.isAddress(address) else {
                throw CommandError("--notify \(argument): the file has to hold an http:// or https:// address", status: .usage)
            }
            return address
        }
    }

    /// Tells of a run that left a report.
    func announce(_ report: RunReport, path: String) {
        attempt("the textfile could not be written") { try writeTextfile(report.verdict, report.finishedAt, report) }
        attempt("the webhook was not told") {
            guard let webhook else { return }
            let told = NotifiedState.load(from: reportsDirectory)
            let standing = try Standing(report, ReportStore(directory: reportsDirectory), since: told?.toldAt)
            guard let notice = Notice(standing, told: told, reminderDays: reminderDays) else { return }
            try webhook.send(notice.body(report: report, path: path, commands: commands))
            try NotifiedState(standing, after: told).save(to: reportsDirectory)
        }
    }

    /// Tells of a run that could not even leave a report. A run that was refused because another one is under way is none.
    func announceFailure(_ error: any Error) {
        if let error = error as? LedgerError, error.code == .locked { return }
        let now = UTCTime.now()
        attempt("the textfile could not be written") { try writeTextfile(.error, now, nil) }
        attempt("the webhook was not told") {
            guard let webhook else { return }
            let told = NotifiedState.load(from: reportsDirectory)
            let standing = Standing(failedAt: now)
            guard let notice = Notice(standing, told: told, reminderDays: reminderDays) else { return }
            try webhook.send(notice.body(failure: "\(error)"))
            try NotifiedState(standing, after: told).save(to: reportsDirectory)
        }
    }

    /// What `/metrics` says of a run that left a report.
    func metrics(_ report: RunReport) -> String {
        (try? runMetrics(report.verdict, report.finishedAt, report).text) ?? ""
    }

    private func runMetrics(_ verdict: Verdict, _ finishedAt: UTCTime, _ report: RunReport?) throws -> RunMetrics {
        // A history that cannot be read leaves these times out, and a rule on their absence speaks up.
        let history = try? History(path: historyPath, access: .readOnly)
        return RunMetrics(
            verdict: verdict, finishedAt: finishedAt, report: report,
            lastCompleteMs: try history?.lastCompleteRun()?.finishedAtMs,
            lastCleanMs: try history?.lastCompleteCleanRun()?.finishedAtMs)
    }

    private func writeTextfile(_ verdict: Verdict, _ finishedAt: UTCTime, _ report: RunReport?) throws {
        guard let textfile else { return }
        let metrics = try runMetrics(verdict, finishedAt, report)
        // The exporter runs under another account, and the file names nobody.
        try AtomicFile.write(Array(metrics.text.utf8), to: textfile, mode: 0o644)
    }

    private func attempt(_ what: String, _ body: () throws -> Void) {
        do {
            try body()
        } catch {
            Console.shared.complain("rollcall: warning: \(what): \(error)")
        }
    }
}
