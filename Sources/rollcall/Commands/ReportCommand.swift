import ArgumentParser
import Domain
import Report

/// `rollcall report`
struct ReportCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "report",
        abstract: "What past runs found.",
        subcommands: [
            ReportListCommand.self, ReportShowCommand.self, ReportOpenCommand.self, ReportDiffCommand.self,
            ReportPruneCommand.self,
        ])

    @OptionGroup var global: GlobalOptions
}

/// `rollcall report list`
struct ReportListCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "list",
        abstract: "Lists the runs, the newest first.")

    @OptionGroup var global: GlobalOptions

    func run() throws {
        let settings = try global.prepare(needs: [.reports])
        let directory = try settings.value(EffectiveSettings.keys.reports.directory)
        let entries = try ReportStore(directory: directory).list()
        if global.json {
            for entry in entries { try Console.shared.output(entry.json) }
            return
        }
        guard !entries.isEmpty else {
            Console.shared.note("no run has been reported in \(directory) yet; `rollcall verify` does one")
            return
        }
        var table = TextTable(header: [
            "RUN", "FINISHED", "VERDICT", "USERS", "MISSING", "STALE", "EXTRA", "UNRESOLVED", "NEW", "HEALED",
        ])
        for entry in entries { table.add(entry.cells) }
        try Console.shared.output(table.text)
    }
}

/// `rollcall report show`
struct ReportShowCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "show",
        abstract: "Shows one run.",
        discussion: "The text is the first screen of a run; csv is every finding. --json is short for --format json.")

    @Option(name: .customLong("run"), help: ArgumentHelp("The run, as `report list` names it, or `latest`.", valueName: "id"))
    var selection = "latest"

    @Option(help: ArgumentHelp("text, json, markdown or csv.", valueName: "format"))
    var format: ReportFormat = .text

    @OptionGroup var revealing: RevealOption

    @OptionGroup var global: GlobalOptions

    func run() throws {
        let settings = try global.prepare(needs: [.reports])
        let store = ReportStore(directory: try settings.value(EffectiveSettings.keys.reports.directory))
        let stored = try store.load(try ReportStore.Selection(parsing: selection))
        if revealing.reveal {
            try stored.recordReveal(by: RevealRecord.account)
            if stored.report.revealedBy == nil {
                Console.shared.note("this report holds no values, for its run was made without --reveal")
            }
        }
        let report = revealing.reveal ? stored : stored.masked
        try report.render(
            global.json ? .json : format, commands: global.commands,
            options: .init(colors: Console.shared.outputUsesColour, width: Console.shared.width)
        ) { bytes in
            try Console.shared.output(bytes)
        }
    }
}

extension ReportFormat: ExpressibleByArgument {}

extension ReportStore.Entry {
    fileprivate var cells: [String] {
        switch self {
        case .unreadable(let run, let error): return [run.text, "-", "unreadable", error.description]
        case .run(let stored):
            let report = stored.report
            func sum(_ part: KeyPath<StageCounts, Int>) -> String {
                PlainText.grouped(report.counts.values.map { $0[keyPath: part] }.reduce(0, +))
            }
            return [
                report.runID.text, report.finishedAt.description, report.verdict.rawValue,
                PlainText.grouped(report.users),
                sum(\.missing), sum(\.stale), sum(\.extra), sum(\.unresolved),
                report.delta.map { PlainText.grouped($0.new) } ?? "-", report.delta.map { PlainText.grouped($0.healed) } ?? "-",
            ]
        }
    }

    fileprivate var json: JSONValue {
        switch self {
        case .unreadable(let run, let error):
            return ["run_id": .string(run.text), "verdict": nil, "error": .string(error.description)]
        case .run(let stored):
            let report = stored.report
            return [
                "run_id": .string(report.runID.text), "mode": .string(report.mode.rawValue),
                "verdict": .string(report.verdict.rawValue), "complete": .bool(report.complete),
                "started_at": .string(report.startedAt.description), "finished_at": .string(report.finishedAt.description),
                "differences": .number(report.differences), "unresolved": .number(report.unresolved),
                "new": .number(report.delta?.new), "persisting": .number(report.delta?.persisting),
                "healed": .number(report.delta?.healed), "path": .string(stored.path),
            ]
        }
    }
}
