import Domain
import Ledger
import Synchronization

/// What earlier runs left behind, as far as the plan of the next one needs it.
protocol EarlierRuns {
    /// The newest complete runs that a later one may go on from, the newest first.
    func bases() throws -> [(run: String, baseline: Baseline)]
    /// Shows whom a finding that nobody has seen healed is about, and at which stage.
    func forEachWanting(_ body: (UserID, Stage) throws -> Void) throws
}

extension History: EarlierRuns {
    func bases() throws -> [(run: String, baseline: Baseline)] {
        try baselines().compactMap { run in run.baselineJSON.flatMap { Baseline($0) }.map { (run.runID, $0) } }
    }

    func forEachWanting(_ body: (UserID, Stage) throws -> Void) throws {
        try forEachOpenFinding { try body($0.user, $0.stage) }
    }
}

/// The earlier runs of one process that leaves no files.
package final class RunMemory: EarlierRuns, Sendable {
    private let state = Mutex(State())

    private struct State {
        var bases: [(run: String, baseline: Baseline)] = []
        var wanting: Set<Wanting> = []
    }

    private struct Wanting: Hashable {
        var user: UserID
        var stage: Stage
    }

    package init() {}

    func bases() -> [(run: String, baseline: Baseline)] { state.withLock { $0.bases } }

    func forEachWanting(_ body: (UserID, Stage) throws -> Void) throws {
        for wanting in state.withLock({ $0.wanting }).sorted(by: { ($0.user, $0.stage.rawValue) < ($1.user, $1.stage.rawValue) })
        {
            try body(wanting.user, wanting.stage)
        }
    }

    /// Enters a run.
    ///
    /// - Parameters:
    ///   - baseline: From where the next one may go on; nil where it may not.
    ///   - findings: What the run found. A run that may be gone on from has looked at everyone who was found wanting before.
    func enter(_ run: String, _ baseline: Baseline?, _ findings: [(UserID, Stage)]) {
        let found = Set(findings.map { Wanting(user: $0.0, stage: $0.1) })
        state.withLock { state in
            if let baseline {
                state.bases.insert((run, baseline), at: 0)
                state.wanting = found
            } else {
                state.wanting.formUnion(found)
            }
        }
    }
}
