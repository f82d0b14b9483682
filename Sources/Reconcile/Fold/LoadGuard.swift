import Domain
import Source

/// What a scan may ask of the source and its replicas.
public struct LoadLimits: Sendable, Equatable {
    /// Seconds that a replica may lag behind while the scan goes on; nil for any.
    public var replicaLagSeconds: Int?
    /// Threads that may be running on the source while the scan goes on; nil for any.
    public var threadsRunning: Int?
    /// Milliseconds after which a scan that waits for the source is given up.
    public var longestPauseMs = 3_600_000

    public init(replicaLagSeconds: Int? = nil, threadsRunning: Int? = nil) {
        self.replicaLagSeconds = replicaLagSeconds
        self.threadsRunning = threadsRunning
    }

    var areSet: Bool { replicaLagSeconds != nil || threadsRunning != nil }
}

/// Holds the scan back while the source, or a replica of it, has more than enough to do.
final class LoadGuard {
    private let limits: LoadLimits
    private let clock: any ReconcileClock
    private let source: any SourcePort
    private let replicas: [NamedSource]
    private var lastLookMs: Int64?
    /// Milliseconds for which the scan was held back.
    private(set) var pausedMs: Int64 = 0
    /// What it was held back by last.
    private(set) var lastReason: String?

    /// Each look costs the servers a question, so there is none more often.
    private static let everyMs = 1_000

    init(_ limits: LoadLimits, source: any SourcePort, replicas: [NamedSource], clock: any ReconcileClock) {
        self.limits = limits
        self.source = source
        self.replicas = replicas
        self.clock = clock
    }

    /// Returns when the scan may go on.
    ///
    /// - Parameter paused: Called with the reason at each look that found one.
    /// - Throws: ``ReconcileError/sourceBusy(_:)`` when it had to wait for too long.
    func wait(_ paused: (String) -> Void) throws {
        guard limits.areSet else { return }
        let startMs = clock.nowMs()
        if let lastLookMs, startMs - lastLookMs < Int64(Self.everyMs) { return }
        while let reason = try reasonToWait() {
            lastReason = reason
            paused(reason)
            let waitedMs = clock.nowMs() - startMs
            guard waitedMs < Int64(limits.longestPauseMs) else {
                pausedMs += waitedMs
                throw ReconcileError.sourceBusy(reason)
            }
            clock.sleep(ms: Self.everyMs)
        }
        lastLookMs = clock.nowMs()
        pausedMs += clock.nowMs() - startMs
    }

    private func reasonToWait() throws -> String? {
        let load = try source.load()
        if let limit = limits.threadsRunning, let running = load.threadsRunning, running > limit {
            return "Threads_running is \(running), and more than \(limit)"
        }
        guard let limit = limits.replicaLagSeconds else { return nil }
        if let reason = reason(load, "the source", limit) { return reason }
        for replica in replicas {
            if let reason = reason(try replica.port.load(), "replica \(replica.name)", limit) { return reason }
        }
        return nil
    }

    private func reason(_ load: SourceLoad, _ name: String, _ limit: Int) -> String? {
        switch load.replicaLag {
        case .notReplicating: nil
        case .stopped: "replication of \(name) has stopped"
        case .seconds(let seconds): seconds > limit ? "\(name) lags \(seconds) s behind, and more than \(limit)" : nil
        }
    }
}
