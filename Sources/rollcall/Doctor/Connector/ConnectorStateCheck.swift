/// What Kafka Connect says of the connector.
enum ConnectorStateCheck {
    private static let precondition = Precondition(
        "connector.state", why: "No change reaches Kafka while the connector does not run.")

    /// - Parameter answer: Its state, nil where there is no such connector, or why Connect could not be asked.
    static func judge(_ answer: Result<ConnectorStatus?, ConnectError>, name: String) -> Check {
        switch answer {
        case .failure(let error):
            return precondition.failure(
                error.message,
                mend: "curl \(error.code == .denied ? "-u user:password " : "")$CONNECT/connectors    # does it answer from here?"
            )
        case .success(nil):
            return precondition.failure("Kafka Connect has no connector \(name)", mend: "rollcall connector apply")
        case .success(let status?):
            if status.isRunning { return precondition.ok("the connector and its task are said to run") }
            if let failed = status.parts.first(where: { $0.state == .failed }) {
                return precondition.failure(
                    "the connector's \(failed.name) failed: \(failed.rootCause ?? "Connect does not say why")",
                    mend: "mend the cause, then `rollcall connector apply --restart`")
            }
            let states = status.parts.map { "\($0.name) \($0.state)" }.joined(separator: ", ")
            return precondition.failure(
                "the connector does not run: \(states)", mend: "curl -X PUT $CONNECT/connectors/\(name)/resume")
        }
    }
}
