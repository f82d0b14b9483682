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
        let list = RunList(entries, width: Console.shared.terminalWidth)
        try Console.shared.output(list.text)
        if let omission = list.omission { Console.shared.note(omission) }
        // A sentence in the table would push the numbers of all other runs out of sight.
        for case .unreadable(_, let error) in entries { Console.shared.complain("rollcall: \(error)") }
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
