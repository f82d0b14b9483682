/// Brings a connector to the configuration that it should have, and waits until it runs.
struct ConnectorRollout {
    enum Change: Sendable, Equatable {
        case created
        case unchanged
        case changed(ConfigurationDifference)

        /// One word for `--json`.
        var word: String {
            switch self {
            case .created: "created"
            case .unchanged: "unchanged"
            case .changed: "changed"
            }
        }
    }

    let api: ConnectAPI
    let name: String
    /// How long a connector may take until it runs.
    var patienceMs = 60_000
    var pollMs = 500
    var sleep: (_ milliseconds: Int) throws -> Void = Pause.sleep

    /// What would have to be done.
    func plan(_ wanted: ConnectorConfiguration) throws -> Change {
        guard let current = try api.configuration(of: name) else { return .created }
        let difference = ConfigurationDifference(from: current, to: wanted)
        return difference.isEmpty ? .unchanged : .changed(difference)
    }

    /// Sends the configuration and waits until connector and tasks run.
    func apply(_ wanted: ConnectorConfiguration) throws -> ConnectorStatus {
        try api.put(wanted, as: name)
        return try waitUntilRunning()
    }

    /// Connect answers before anything has started, and goes on showing the old state for a moment, so a state counts once it
    /// was seen several times in a row. What goes wrong with single looks (a restart, a rebalance, a state that is not
    /// stored yet) is no verdict.
    func waitUntilRunning() throws -> ConnectorStatus {
        var waitedMs = 0
        var looks: [Look] = []
        while true {
            looks.append(try look())
            let recent = looks.suffix(Self.looksThatCount)
            if recent.count == Self.looksThatCount {
                if recent.allSatisfy({ $0.status?.isRunning == true }), let status = recent.last?.status { return status }
                if recent.allSatisfy({ $0.status?.hasFailed == true }), let status = recent.last?.status {
                    throw ConnectError(code: .notRunning, message: "connector \(name) failed:\n\(status.text)")
                }
            }
            guard waitedMs < patienceMs else { break }
            try sleep(pollMs)
            waitedMs += pollMs
        }
        let state = looks.last?.error?.message ?? looks.last?.status?.text ?? "Connect knows no state of it"
        throw ConnectError(
            code: .notRunning, message: "connector \(name) does not run after \(patienceMs / 1_000) s:\n\(state)")
    }

    private struct Look {
        var status: ConnectorStatus?
        var error: ConnectError?
    }

    private static let looksThatCount = 3

    private func look() throws -> Look {
        do {
            return Look(status: try api.status(of: name))
        } catch let error as ConnectError where [.rebalance, .server, .unreachable].contains(error.code) {
            return Look(error: error)
        }
    }
}
