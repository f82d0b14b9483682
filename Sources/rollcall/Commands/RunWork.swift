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
        let thrift = Thrift(budgetBytes: recipe.settings.memoryBytes)
        thrift.begin()
        recipe.settings.givesMemoryBack = thrift != .none
        StopSignals.install()
        do {
            if options.dryRun { return try showForecast(recipe) }
            let outcome = try judge(recipe, try reach(settings), thrift)
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

    /// How much is done to keep the C library's allocator from holding on to what it has to spare.
    private enum Thrift {
        case none
        /// From when the comparison begins. Reading is a tenth faster without, and settling has most to gain.
        case afterReading
        /// All the time, since what the allocator keeps to itself would be a large part of the budget.
        case always

        init(budgetBytes: Int?) {
            self =
                switch budgetBytes {
                case .some(..<64_000_000): .always
                case .some(..<256_000_000): .afterReading
                default: .none
                }
        }

        func begin() {
            if self == .always { Allocation.giveBackEarly() }
        }

        func note(_ event: Verification.ProgressEvent) {
            if self == .afterReading, event == .phase("compare") { Allocation.giveBackEarly() }
        }
    }

    private func judge(_ recipe: ReconcileRecipe, _ reach: PlanSettings, _ thrift: Thrift) throws -> Verification.Outcome {
        let progress = RunProgress(name)
        defer { progress.end() }
        let verification = Verification(recipe.settings, reach: reach, ports: recipe.ports) { event in
            thrift.note(event)
            progress.take(event)
        }
        return try verification.run(
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
