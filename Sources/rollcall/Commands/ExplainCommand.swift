import ArgumentParser
import Domain
import Reconcile
import Report

/// `rollcall explain`
struct ExplainCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "explain",
        abstract: "The whole life of one user: row, aggregate, productions, God object, and what they come to.",
        discussion: "Exits 0 when everything is consistent, 1 when it is not, 3 when that cannot be told.")

    @Argument(help: ArgumentHelp("The user id; put -- before one that begins with a dash.", valueName: "user"))
    var user: String

    @OptionGroup var ledgers: LedgerFilesOption

    @OptionGroup var revealing: RevealOption
    @OptionGroup var parked: ParkedFilesOption
    @OptionGroup var global: GlobalOptions

    /// Whoever asks about one user waits for the answer, and is better served by what can be seen now.
    private static let patienceMs = 4_000

    func run() throws {
        try ledgers.check()
        try parked.check()
        let settings = try global.prepare(needs: EffectiveSettings.areasToJudge(Set(Stage.allCases)))
        var recipe = try settings.reconcile(ledgers: ledgers.files, parked: parked.files, patienceMs: Self.patienceMs)
        recipe.settings.revealedBy = revealing.account
        let user = try recipe.settings.userIDKind.argument(user)
        try revealing.record("explain", user: user, in: recipe.reportsDirectory)
        StopSignals.install()
        let explainer = Explainer(
            recipe.settings, ports: recipe.ports, historyPath: recipe.historyPath, commands: global.commands)
        let explanation = BusyLine.during("looking at user \(PlainText.visible(user.text)) everywhere") {
            explainer.explain(user)
        }
        if let interrupted = StopSignals.exitStatus { throw ExitCode(interrupted.rawValue) }
        if global.json {
            try Console.shared.output(explanation.json)
        } else {
            try Console.shared.output(explanation.text(width: Console.shared.terminalWidth ?? .max))
        }
        throw ExitCode(explanation.conclusion.exitCode)
    }
}
