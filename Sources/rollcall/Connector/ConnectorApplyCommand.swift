import ArgumentParser
import Domain

/// `rollcall connector apply`
struct ConnectorApplyCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "apply",
        abstract: "Creates the connector or changes it, and waits until it runs.",
        discussion: """
            Shows the difference before it changes an existing connector; where there is none, it changes nothing. \
            Exits 0 when connector and tasks run, 2 when they do not or Connect cannot be asked. \
            With --dry-run: 0 when nothing would change, 1 when something would.
            """)

    @Flag(help: "Shows what would change, and changes nothing.")
    var dryRun = false

    @Flag(help: "Restarts what has failed, where the configuration is right already.")
    var restart = false

    @Option(help: ArgumentHelp("How long the connector may take until it runs.", valueName: "seconds"))
    var wait: Int = 60

    @OptionGroup var global: GlobalOptions

    func validate() throws {
        guard wait >= 0, wait <= 86_400 else { throw ValidationError("--wait \(wait): has to be from 0 to 86400 seconds") }
    }

    func run() throws {
        let settings = try global.prepare(needs: EffectiveSettings.areasForConnector)
        let source = try settings.connectorSource()
        let target = try settings.requiredConnectTarget()
        let wanted = try configuration(source, settings)
        StopSignals.install()
        let rollout = ConnectorRollout(api: try ConnectAPI(target), name: source.name, patienceMs: wait * 1_000)
        let change = try rollout.plan(wanted)
        try announce(change, wanted)
        if dryRun {
            if global.json { try Console.shared.output(report(source.name, change, nil)) }
            if change != .unchanged { throw ExitCode(ExitStatus.differences.rawValue) }
            return
        }
        let status: ConnectorStatus
        if change != .unchanged {
            status = try rollout.apply(wanted)
        } else {
            if restart { try rollout.api.restartFailed(source.name) }
            status = try rollout.waitUntilRunning()
        }
        if global.json {
            try Console.shared.output(report(source.name, change, status))
        } else {
            try Console.shared.output(status.text)
        }
    }

    /// The password itself goes into the configuration only here, only on its way to Connect, and only where no reference to
    /// it was given.
    private func configuration(_ source: ConnectorSource, _ settings: EffectiveSettings) throws -> ConnectorConfiguration {
        var wanted = ConnectorConfiguration(source)
        guard wanted["database.password"] == nil else { return wanted }
        guard let password = try settings.value(EffectiveSettings.keys.source.mysql.password) else {
            throw CommandError(
                "no password for Debezium: set connector.password_reference, or source.mysql.password_file", status: .usage)
        }
        wanted.properties["database.password"] = password
        Console.shared.complain(
            "rollcall: warning: the password is sent to Kafka Connect, whose REST interface shows it to whoever may ask; "
                + "connector.password_reference avoids that")
        return wanted
    }

    private func announce(_ change: ConnectorRollout.Change, _ wanted: ConnectorConfiguration) throws {
        guard !global.json else { return }
        let name = wanted["name"] ?? ""
        switch change {
        case .created: try Console.shared.output("connector \(name): \(dryRun ? "to be created" : "new")\n")
        case .unchanged: try Console.shared.output("connector \(name): unchanged\n")
        case .changed(let difference):
            try Console.shared.output("connector \(name): \(dryRun ? "would change" : "changes")\n\(difference.text)")
        }
    }

    private func report(_ name: String, _ change: ConnectorRollout.Change, _ status: ConnectorStatus?) -> JSONValue {
        var difference: JSONValue = []
        if case .changed(let lines) = change { difference = lines.json }
        return [
            "connector": .string(name), "change": .string(change.word), "applied": .bool(!dryRun && change != .unchanged),
            "difference": difference, "status": status?.json ?? .null,
        ]
    }
}
