import ArgumentParser
import Domain
import Ledger
import Reconcile
import Report
import Synchronization

/// `rollcall verify`
struct VerifyCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "verify",
        abstract: "Calls the roll: proves that every user made it, or names those who did not.",
        discussion: """
            Reads the source, the topics and the ledger in full, also while everything goes on; settles each mismatch behind a \
            fence; writes a report. \
            Exits 0 when all is well and was checked, 1 with differences, 3 when something could not be checked, \
            2 when the run is void, 4 while another run is under way. With --quiet, a clean run prints nothing.
            """)

    /// The stages that can be judged apart.
    enum StageChoice: String, CaseIterable, ExpressibleByArgument {
        case aggregate
        case all

        var stages: Set<Stage> { self == .all ? Set(Stage.allCases) : [.aggregate] }
    }

    @Option(
        help: ArgumentHelp(
            "aggregate judges the aggregate topic alone, which needs no ledger; all judges the God topic too.", valueName: "stage"
        ))
    var stage: StageChoice = .all

    @Option(
        name: .customLong("ledger"),
        help: ArgumentHelp(
            "A ledger, instead of the settings' one; repeat it for each process of the pipeline.", valueName: "file"))
    var ledgers: [String] = []

    @Option(help: ArgumentHelp("How long to wait for the fence; instead of verify.fence_timeout_seconds.", valueName: "seconds"))
    var fenceTimeout: String?

    @Option(
        help: ArgumentHelp("How long to settle mismatches; instead of verify.settle_timeout_seconds.", valueName: "seconds"))
    var settleTimeout: String?

    @Option(
        help: ArgumentHelp("What the run may take of memory, such as 256MB; instead of verify.memory.", valueName: "size"))
    var memory: String?

    @Flag(help: "Accepts a source without a single user.")
    var allowEmpty = false

    @OptionGroup var announcement: AnnouncementOptions

    @OptionGroup var global: GlobalOptions

    func run() throws {
        let keys = EffectiveSettings.keys.verify
        let settings = try global.prepare(
            needs: EffectiveSettings.areasToJudge(stage.stages),
            overrides: [
                .flag("--fence-timeout", keys.fenceTimeout.path, fenceTimeout),
                .flag("--settle-timeout", keys.settleTimeout.path, settleTimeout),
                .flag("--memory", keys.memory.path, memory),
            ])
        var recipe = try settings.reconcile(stages: stage.stages, ledgers: ledgers)
        recipe.settings.allowsEmptySource = allowEmpty
        let announcer = try Announcer(settings, announcement, commands: global.commands)
        StopSignals.install()

        let progress = VerifyProgress()
        let verification = Verification(recipe.settings, ports: recipe.ports) { progress.take($0) }
        let outcome: Verification.Outcome
        do {
            outcome = try verification.run(
                reports: recipe.reportsDirectory, history: recipe.historyPath, commands: global.commands)
        } catch ReconcileError.interrupted {
            progress.end()
            throw ExitCode((StopSignals.exitStatus ?? .interrupted).rawValue)
        } catch {
            progress.end()
            announcer.announceFailure(error)
            throw error
        }
        progress.end()
        announcer.announce(outcome.report, path: outcome.path)
        settings.applyRetention()
        try show(outcome)
        throw ExitCode(outcome.report.verdict.exitCode)
    }

    private func show(_ outcome: Verification.Outcome) throws {
        if global.json {
            try Console.shared.output(outcome.report.json)
        } else if global.quiet, outcome.report.verdict == .clean {
            // Cron mails whatever is printed, and a mail each night is a mail that nobody reads.
            return
        } else {
            let summary = TerminalSummary(
                outcome.report, path: outcome.path, commands: global.commands,
                options: .init(colors: Console.shared.outputUsesColour, width: Console.shared.width))
            try Console.shared.output(summary.text)
        }
    }
}

/// How far a run of `verify` has come.
private final class VerifyProgress: Sendable {
    private let line = ProgressLine()
    private let state = Mutex(State())

    private struct State {
        var phase = "read"
        var rows = 0
        var suspects = 0
        let startedAtMs = ProgressLine.nowMs()
    }

    func take(_ event: Verification.ProgressEvent) {
        let state = state.withLock { state in
            switch event {
            case .phase(let phase): state.phase = phase
            case .scanned(let rows): state.rows = rows
            case .settling(let suspects): state.suspects = suspects
            }
            return state
        }
        line.update { Self.text(state) }
    }

    func end() { line.end() }

    private static func text(_ state: State) -> String {
        switch state.phase {
        case "read":
            let seconds = max(1, (ProgressLine.nowMs() - state.startedAtMs) / 1_000)
            return "verify: \(PlainText.grouped(state.rows)) rows read, \(PlainText.grouped(state.rows / Int(seconds)))/s"
        case "fence": return "verify: waiting until every hop has passed the scan's position"
        case "settle": return "verify: settling \(PlainText.count(state.suspects, "suspect"))"
        default: return "verify: \(state.phase)"
        }
    }
}
