import ArgumentParser
import Domain
import Glibc
import Ledger
import Report

/// `rollcall report prune`
struct ReportPruneCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "prune",
        abstract: "Deletes old reports, and what the history holds of that time.",
        discussion: """
            A report goes only when every rule that is given lets it go; without a rule, those of the settings hold, as they do \
            after each run. The newest report, the newest clean one and findings that are still open stay in any case.
            """)

    @Option(parsing: .unconditional, help: ArgumentHelp("How many of the newest stay.", valueName: "count"))
    var keep: Int?

    @Option(
        parsing: .unconditional,
        help: ArgumentHelp("Only reports older than that: a time, or an age such as 36h or 90d.", valueName: "age"))
    var olderThan: String?

    @Flag(help: "Names the reports, and deletes nothing.")
    var dryRun = false

    @OptionGroup var global: GlobalOptions

    func validate() throws {
        if let keep, keep < 1 { throw ValidationError("--keep has to be at least 1") }
        if let olderThan, ReplayTime.milliseconds(olderThan, nowMs: 0) == nil {
            throw ValidationError("--older-than \(olderThan): has to be an age such as 36h or 90d, or a time")
        }
    }

    func run() throws {
        let settings = try global.prepare(needs: [.reports])
        let now = UTCTime.now().millisecondsSince1970
        let limit = olderThan.flatMap { ReplayTime.milliseconds($0, nowMs: now) }.map(UTCTime.init(millisecondsSince1970:))
        let isTold = keep != nil || olderThan != nil
        let rules = isTold ? ReportRetention(keep: keep, olderThan: limit) : try settings.retention
        let pruning = try Pruning(settings)
        if dryRun {
            let runs = try pruning.store.expired(rules)
            try show(runs: runs, history: nil)
            return
        }
        let outcome = try pruning.apply(rules)
        try show(runs: outcome.runs, history: outcome.history)
    }

    private func show(runs: [RunID], history: HistoryPruneOutcome?) throws {
        if global.json {
            try Console.shared.output([
                "dry_run": .bool(dryRun), "reports": .array(runs.map { .string($0.text) }),
                "history_runs": .number(history?.runs), "history_findings": .number(history?.findings),
            ])
            return
        }
        for run in runs { try Console.shared.output("\(run)\n") }
        let deed = dryRun ? "would delete" : "deleted"
        var note = "\(deed) \(PlainText.count(runs.count, "report"))"
        if let history {
            note +=
                ", and from the history \(PlainText.count(history.runs, "run")) "
                + "and \(PlainText.count(history.findings, "healed finding"))"
        }
        Console.shared.note(note)
    }
}

/// Applies a retention to reports and history.
struct Pruning {
    let store: ReportStore
    private let historyPath: String

    init(_ settings: EffectiveSettings) throws {
        store = ReportStore(directory: try settings.value(EffectiveSettings.keys.reports.directory))
        historyPath = try settings.historyPath
    }

    struct Outcome {
        var runs: [RunID]
        /// Nil where there is no history, or age is no rule.
        var history: HistoryPruneOutcome?
    }

    /// - Throws: ``LedgerError``, `locked` while a run is under way, and then nothing was deleted; ``ReportError``.
    func apply(_ rules: ReportRetention) throws -> Outcome {
        // Its lock keeps runs away meanwhile.
        let history = access(historyPath, F_OK) == 0 ? try History(path: historyPath, access: .readWrite) : nil
        var runs: [RunID] = []
        for run in try store.expired(rules) {
            try store.remove(run)
            runs.append(run)
        }
        if !runs.isEmpty { try store.writeFrontPage() }
        let pruned = try rules.olderThan.flatMap { try history?.prune(beforeMs: $0.millisecondsSince1970) }
        return Outcome(runs: runs, history: pruned)
    }
}

extension EffectiveSettings {
    /// How long reports are kept.
    var retention: ReportRetention {
        get throws(SettingsError) {
            let keys = Self.keys.reports
            let days = try value(keys.keepDays)
            let dayMs: Int64 = 86_400_000
            let limit = UTCTime(millisecondsSince1970: UTCTime.now().millisecondsSince1970 - Int64(days) * dayMs)
            let runs = try value(keys.keepRuns)
            return ReportRetention(keep: runs == 0 ? nil : runs, olderThan: days == 0 ? nil : limit)
        }
    }

    /// Deletes what the retention lets go. A run's verdict does not hang on it, so trouble is only said.
    func applyRetention() {
        do {
            _ = try Pruning(self).apply(try retention)
        } catch let error as LedgerError where error.code == .locked {
            // Another run has begun; the next one prunes.
        } catch {
            Console.shared.complain("rollcall: warning: old reports could not be deleted: \(error)")
        }
    }
}
