import ArgumentParser
import Domain
import Kafka
import Reconcile
import Report

/// One run of `verify` or `reconcile`, from the settings to the exit code.
struct RunWork {
    let name: String
    let options: RunOptions
    let announcement: AnnouncementOptions
    let global: GlobalOptions

    /// - Parameter reach: Whom the run is about, as the settings have it.
    func run(_ reach: (EffectiveSettings) throws -> PlanSettings) throws {
        let settings = try global.prepare(
            needs: EffectiveSettings.areasToJudge(options.stage.stages).union(options.mappings == nil ? [] : [.mapping]),
            overrides: options.overrides)
        try options.ledgers.check()
        try options.parked.check()
        var recipe = try settings.reconcile(
            stages: options.stage.stages, ledgers: options.ledgers.files, parked: options.parked.files,
            mappings: options.mappings?.sample ?? .nobody)
        recipe.settings.allowsEmptySource = options.allowEmpty
        recipe.settings.resumes = options.resume
        recipe.settings.revealedBy = options.revealing.account
        let announcer = try Announcer(settings, announcement, commands: global.commands)
        if recipe.settings.isMemoryTight { Allocation.giveBackEarly() }
        StopSignals.install()
        do {
            if options.dryRun { return try showForecast(recipe) }
            let outcome = try judge(recipe, try reach(settings))
            announcer.announce(outcome.report, path: outcome.path)
            settings.applyRetention()
            try show(outcome)
            throw ExitCode(outcome.report.verdict.exitCode)
        } catch ReconcileError.interrupted {
            throw ExitCode((StopSignals.exitStatus ?? .interrupted).rawValue)
        } catch let error where !(error is ExitCode) {
            announcer.announceFailure(error)
            throw error
        }
    }

    private func judge(_ recipe: ReconcileRecipe, _ reach: PlanSettings) throws -> Verification.Outcome {
        let progress = RunProgress(name)
        defer { progress.end() }
        return try Verification(recipe.settings, reach: reach, ports: recipe.ports) { progress.take($0) }.run(
            reports: recipe.reportsDirectory, history: recipe.historyPath, commands: global.commands)
    }

    private func showForecast(_ recipe: ReconcileRecipe) throws {
        let forecast = try Forecast(recipe.settings, ports: recipe.ports, historyPath: recipe.historyPath)
        if global.json {
            try Console.shared.output(["dry_run": true, "forecast": forecast.json])
        } else {
            try Console.shared.output("reading everyone: \(forecast.text)\n")
        }
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
