/// How the steps wait.
public struct WaitSettings: Sendable, Equatable {
    /// The first pause before something is tried again; doubled each time.
    public var backoffInitialMs = 100
    /// The longest pause before something is tried again.
    public var backoffMaximumMs = 5_000
    /// How often the paused consumer is polled during a wait: often enough to answer a rebalance promptly.
    public var keepAliveEveryMs = 250
    /// The first pause before rows are read again that the database did not show yet; a binary log event runs ahead of its
    /// row by a few milliseconds at most, a replica by its lag.
    public var rereadInitialMs = 2
    /// The longest such pause.
    public var rereadMaximumMs = 500
    /// After how much waiting for a row it is said that the database lags.
    public var lagNoticeAfterMs = 2_000
    /// After how much waiting for a row the server is asked whether it has such a position at all.
    public var voidCheckAfterMs = 30_000

    public init() {}
}
