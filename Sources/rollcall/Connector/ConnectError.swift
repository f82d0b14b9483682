/// Kafka Connect did not do what it was asked for.
struct ConnectError: Error, Sendable, Equatable, CustomStringConvertible {
    enum Code: String, Sendable {
        /// The workers are sharing out their work; asking again soon helps.
        case rebalance
        /// There is no such connector.
        case notFound
        /// Connect refuses the configuration.
        case invalid
        /// Connect wants other credentials, or these may not do it.
        case denied
        /// Nobody answered as Connect does.
        case unreachable
        /// Connect failed.
        case server
        /// The connector does not run, although it was given the time to.
        case notRunning
    }

    var code: Code
    var message: String

    var description: String { message }

    /// Whether the same request may succeed soon.
    var isRetriable: Bool { code == .rebalance }
}
