import Domain

/// Looks at the connector.
struct ConnectorSection {
    let settings: EffectiveSettings
    /// What the source says of itself; nil where it could not be asked.
    let server: ServerFacts?

    func examine() throws -> Section {
        let keys = EffectiveSettings.keys.connector
        guard let name = try settings.value(keys.name) else {
            let precondition = Precondition(
                "connector.name",
                why:
                    "Without the connector's committed source offset nothing proves that all changes have reached Kafka: the fence of "
                    + "`verify` is weak, and its report says so.")
            return Section(
                name: "Connector",
                checks: [
                    precondition.warning("connector.name is not set", mend: "connector: {name: …, server: …} in the settings")
                ])
        }
        var checks = try connect(name)
        checks += SourceOffsetChecks.judge(
            try settings.connectorOffset(), server: server, nowMs: ClockReading.nowMs(),
            maximumAgeMs: Int64(try settings.value(keys.maximumOffsetAge) * 1_000))
        return Section(name: "Connector \(name)", checks: checks)
    }

    private func connect(_ name: String) throws -> [Check] {
        guard var target = try settings.connectTarget() else { return [] }
        // A doctor looks; it does not wait out a rebalance.
        target.rebalancePatienceMs = 5_000
        let api = try ConnectAPI(target)
        do {
            var checks = [ConnectorStateCheck.judge(.success(try api.status(of: name)), name: name)]
            if let current = try api.configuration(of: name) {
                checks.append(
                    ConnectorConfigurationCheck.judge(current, wanted: ConnectorConfiguration(try settings.connectorSource())))
            }
            return checks
        } catch let error as ConnectError {
            return [ConnectorStateCheck.judge(.failure(error), name: name)]
        }
    }
}
