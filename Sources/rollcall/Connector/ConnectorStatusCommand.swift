import ArgumentParser
import Report

/// `rollcall connector status`
struct ConnectorStatusCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "status",
        abstract: "Tells whether the connector works, by its state and by its source offset.",
        discussion: """
            A connector can say RUNNING and be dead, so the age of its last committed source offset counts as well \
            (connector.max_offset_age_seconds). \
            Exits 0 when it works, 1 when it does not, 3 when it is said to run and nothing proves it, 2 when Connect cannot \
            be asked.
            """)

    @OptionGroup var global: GlobalOptions

    func run() throws {
        let settings = try global.prepare(needs: [.connector, .kafka, .log])
        let name = try settings.requiredConnectorName()
        StopSignals.install()
        let status = try ConnectAPI(try settings.requiredConnectTarget()).status(of: name)
        let health = ConnectorHealth(
            status: status, offset: try settings.connectorOffset(), nowMs: UTCTime.now().millisecondsSince1970,
            maximumAgeMs: Int64(try settings.value(EffectiveSettings.keys.connector.maximumOffsetAge) * 1_000))
        if global.json {
            try Console.shared.output(health.json(name: name))
        } else {
            try Console.shared.output("\(health.text)connector \(name): \(health.conclusion)\n")
        }
        guard health.verdict == .healthy else { throw ExitCode(health.verdict.exitStatus.rawValue) }
    }
}
