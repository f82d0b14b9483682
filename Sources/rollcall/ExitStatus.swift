/// How a command ends. The numbers are a contract; where several apply, the order is `error`, `differences`, `incomplete`, `success`.
enum ExitStatus: Int32, Sendable {
    /// Clean and complete.
    case success = 0
    /// Differences are confirmed, complete or not.
    case differences = 1
    /// Could not run, or the run is void.
    case error = 2
    /// Unresolved suspects, a plan that was not covered or a fence that was not passed; no difference confirmed.
    case incomplete = 3
    /// Another run holds the lock.
    case locked = 4
    /// Usage or settings are wrong.
    case usage = 64
    /// Ended by SIGINT, after draining.
    case interrupted = 130
    /// Ended by SIGTERM, after draining.
    case terminated = 143
}
