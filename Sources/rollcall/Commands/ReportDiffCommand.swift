import ArgumentParser
import Domain
import Report

/// `rollcall report diff`
struct ReportDiffCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "diff",
        abstract: "What changed from one run to another.",
        discussion: """
            Names the findings that are new, healed or changed. With --json, one line for each, and a summary as the last line. \
            Exits like diff: 0 when both runs found the same, 1 when they did not.
            """)

    @Argument(help: ArgumentHelp("The earlier run, as `report list` names it, or `latest`.", valueName: "earlier"))
    var earlier: String

    @Argument(help: ArgumentHelp("The later run; the latest where none is named.", valueName: "later"))
    var later = "latest"

    @OptionGroup var global: GlobalOptions

    func run() throws {
        let settings = try global.prepare(needs: [.reports])
        let store = ReportStore(directory: try settings.value(EffectiveSettings.keys.reports.directory))
        let diff = RunDiff(
            earlier: try store.load(try ReportStore.Selection(parsing: earlier)),
            later: try store.load(try ReportStore.Selection(parsing: later)))
        var screen = RunDiffText(diff)
        let counts = try diff.compare { entry in
            if global.json { try Console.shared.output(entry.json) } else { screen.add(entry) }
        }
        if global.json {
            try Console.shared.output(diff.json(counts))
        } else {
            try Console.shared.output(screen.text(counts))
        }
        if !counts.areSame { throw ExitCode(ExitStatus.differences.rawValue) }
    }
}
