import ArgumentParser
import Domain
import Reconcile
import Report

/// `rollcall repair`
struct RepairCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "repair",
        abstract: "Sends the users of a run's findings through the pipeline again, and verifies them.",
        discussion: """
            Publishes one signal per user; a running pipeline reads the user anew. Nothing is written by hand. \
            Exits like the verification of these users: 0 all well, 1 still different, 3 could not be told.
            """)

    @Option(name: .customLong("run"), help: ArgumentHelp("The run whose findings are meant, or `latest`.", valueName: "id"))
    var selection: String?

    @Option(
        name: .customLong("user"),
        help: ArgumentHelp("Only this user; repeatable. Without --run, the user need not stand in any report.", valueName: "id"))
    var users: [String] = []

    @Option(
        help: ArgumentHelp(
            "Only findings of this bucket of the run's causes, as its report names it.", valueName: "stage/kind/cause"))
    var bucket: String?

    @Flag(help: "Names the users, and sends nothing.")
    var dryRun = false

    @OptionGroup var global: GlobalOptions

    func validate() throws {
        if selection == nil, users.isEmpty {
            throw ValidationError("say which findings are meant: --run latest, --run ID or --user ID")
        }
        guard let bucket else { return }
        if selection == nil { throw ValidationError("--bucket is about the findings of a run: add --run latest or --run ID") }
        if Bucket(path: bucket) == nil {
            throw ValidationError("--bucket is written stage/kind/cause, such as aggregate/missing/no_change_event_seen")
        }
    }

    func run() throws {
        let settings = try global.prepare(needs: EffectiveSettings.areasToJudge(Set(Stage.allCases)))
        let recipe = try recipe(settings)
        let targets = try targets(recipe)
        for (user, cause) in targets.unmendable.sorted(by: { $0.key < $1.key }) {
            Console.shared.complain(
                "rollcall: warning: \(PlainText.visible(user.text)): no signal can mend this (\(cause)); it is left as it is")
        }
        if dryRun { return try showPlan(targets) }
        guard !targets.users.isEmpty else {
            try showNothing()
            if targets.unmendable.isEmpty { return }
            throw ExitCode(ExitStatus.differences.rawValue)
        }
        StopSignals.install()
        let repair = Repair(
            source: try settings.source(), kafkaProperties: try settings.kafkaProperties,
            signalsTopic: recipe.settings.topics.signals)
        try BusyLine.during("sending \(PlainText.count(targets.users.count, "signal"))") {
            try repair.publish(targets.users.sorted())
        }
        Console.shared.note("sent \(PlainText.count(targets.users.count, "signal")); verifying these users")
        do {
            let outcome = try check(targets.users, recipe)
            try showOutcome(outcome, published: targets.users.count)
            throw ExitCode(targets.unmendable.isEmpty ? outcome.exitCode : ExitStatus.differences.rawValue)
        } catch ReconcileError.interrupted {
            throw ExitCode((StopSignals.exitStatus ?? .interrupted).rawValue)
        }
    }

    private func check(_ users: Set<UserID>, _ recipe: ReconcileRecipe) throws -> UserCheck.Outcome {
        let settled = Latest(0)
        return try BusyLine.during(
            { Pace.text("verifying", Int64(settled.word), of: Int64(users.count), unit: "users", elapsedMs: $0) },
            { try UserCheck(recipe.settings, ports: recipe.ports).run(users, onSettled: settled.say) })
    }

    /// Judges as the run did that is to be repaired: the same stages, by the same ledgers.
    private func recipe(_ settings: EffectiveSettings) throws -> ReconcileRecipe {
        let recipe = try settings.reconcile()
        guard let selection else { return recipe }
        let report = try ReportStore(directory: recipe.reportsDirectory).load(try ReportStore.Selection(parsing: selection))
            .report
        let stages = Set(report.counts.keys)
        return try settings.reconcile(
            stages: stages.isEmpty ? Set(Stage.allCases) : stages, ledgers: report.ledger?.paths ?? [])
    }

    // MARK: - Who is meant

    private struct Targets {
        var users: Set<UserID> = []
        var unmendable: [UserID: String] = [:]
    }

    private func targets(_ recipe: ReconcileRecipe) throws -> Targets {
        let named = Set(try users.map { try recipe.settings.userIDKind.argument($0) })
        guard let selection else { return Targets(users: named) }
        let report = try ReportStore(directory: recipe.reportsDirectory).load(try ReportStore.Selection(parsing: selection))
        try requireBucket(report)
        var targets = Targets()
        var found: Set<UserID> = []
        let findings = try report.findings()
        while let line = try findings.next() {
            guard named.isEmpty || named.contains(line.user), bucket == nil || line.bucket.path == bucket else { continue }
            found.insert(line.user)
            if Repair.canMend(line.cause) {
                targets.users.insert(line.user)
            } else {
                targets.unmendable[line.user] = line.cause?.explanation ?? "unknown cause"
            }
        }
        if let stranger = named.subtracting(found).min() {
            throw CommandError(
                "\(report.path): the run found nothing about user \(PlainText.visible(stranger.text)); leave --run out to send a "
                    + "signal all the same", status: .usage)
        }
        return targets
    }

    /// A mistyped bucket must not pass for one that is empty.
    private func requireBucket(_ stored: StoredReport) throws {
        let buckets = stored.report.causes.keys.sorted().map(\.path)
        guard let bucket, !buckets.contains(bucket) else { return }
        let known = buckets.isEmpty ? "it has no findings at all" : "it has \(buckets.joined(separator: ", "))"
        throw CommandError("\(stored.path): the run has no findings in \(bucket); \(known)", status: .usage)
    }

    // MARK: - What came of it

    private func showPlan(_ targets: Targets) throws {
        if global.json {
            try Console.shared.output([
                "dry_run": true, "users": .array(targets.users.sorted().map { .string($0.text) }),
            ])
            return
        }
        guard !targets.users.isEmpty else { return Console.shared.note("nothing to repair") }
        for user in targets.users.sorted() { try Console.shared.output("\(PlainText.visible(user.text))\n") }
        Console.shared.note("would send \(PlainText.count(targets.users.count, "signal")); run again without --dry-run")
    }

    private func showNothing() throws {
        if global.json {
            try Console.shared.output([
                "dry_run": false, "published": 0, "exit_code": 0, "findings": [], "unresolved": [:],
            ])
        } else {
            Console.shared.note("nothing to repair")
        }
    }

    private func showOutcome(_ outcome: UserCheck.Outcome, published: Int) throws {
        if global.json {
            try Console.shared.output([
                "dry_run": false, "published": .number(published), "exit_code": .number(outcome.exitCode),
                "findings": .array(
                    outcome.findings.map {
                        [
                            "user": .string($0.user.text), "stage": .string($0.stage.rawValue),
                            "kind": .string($0.kind.rawValue), "cause": .string($0.cause?.code),
                        ]
                    }),
                "unresolved": .object(
                    outcome.unresolved.sorted { $0.key < $1.key }.map { .init($0.key.text, .string($0.value)) }),
            ])
            return
        }
        for finding in outcome.findings {
            try Console.shared.output(
                "\(PlainText.visible(finding.user.text)): still \(finding.stage.rawValue) \(finding.kind.rawValue)"
                    + "\(finding.cause.map { ": \($0.explanation)" } ?? "")\n")
        }
        for (user, reason) in outcome.unresolved.sorted(by: { $0.key < $1.key }) {
            try Console.shared.output("\(PlainText.visible(user.text)): cannot tell: \(PlainText.visible(reason))\n")
        }
        let open = Set(outcome.findings.map(\.user)).union(outcome.unresolved.keys).count
        try Console.shared.output("\(PlainText.grouped(published - open)) of \(PlainText.count(published, "user")) well again\n")
    }
}
