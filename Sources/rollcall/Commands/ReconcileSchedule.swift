import Dispatch
import Domain
import Foundation
import Ledger
import Logging
import Reconcile
import Report
import Synchronization

/// Calls the roll again and again beside a running pipeline: on threads and connections of its own, which yield to the pipeline's and rest
/// more than they work.
///
/// It takes the same lock as every other run, so one that a person has started is waited for until the next turn.
final class ReconcileSchedule: Sendable {
    private let recipe: ReconcileRecipe
    private let reach: PlanSettings
    private let everyMs: Int64
    private let commands: Commands
    private let logger = Logger(label: "reconcile")
    private let ended = DispatchSemaphore(value: 0)
    private let isStopped = Mutex(false)
    private let metrics = Mutex("")
    private let onEnd: @Sendable (Verification.Outcome) -> String
    private let onFailure: @Sendable (any Error) -> Void

    /// - Parameters:
    ///   - onEnd: Called after each run that left a report; returns what `/metrics` says of it.
    ///   - onFailure: Called after a run that left none.
    init(
        _ recipe: ReconcileRecipe, reach: PlanSettings, every: Age, commands: Commands,
        onEnd: @escaping @Sendable (Verification.Outcome) -> String, onFailure: @escaping @Sendable (any Error) -> Void
    ) {
        self.recipe = recipe
        self.reach = reach
        self.commands = commands
        self.onEnd = onEnd
        self.onFailure = onFailure
        everyMs = every.milliseconds
    }

    /// What `/metrics` says of the last run; empty before the first.
    var metricsText: String { metrics.withLock { $0 } }

    /// Begins; the first run is due after one interval, when the pipeline has had time to catch up.
    func start() {
        BackgroundThread.start("rollcall.schedule") { [self] in
            follow()
            ended.signal()
        }
    }

    /// Lets no further run begin.
    func stop() { isStopped.withLock { $0 = true } }

    /// Waits for the end, which ``stop()`` or a signal to stop brings about.
    func wait() { ended.wait() }

    private func follow() {
        var dueMs = ProgressLine.nowMs() + everyMs
        while !StopSignals.isStopRequested, !isStopped.withLock({ $0 }) {
            guard ProgressLine.nowMs() >= dueMs else {
                usleep(UInt32(min(100, max(1, dueMs - ProgressLine.nowMs()))) * 1_000)
                continue
            }
            run()
            // From the beginning of a run to that of the next, but never two in a row without a rest.
            dueMs = max(dueMs + everyMs, ProgressLine.nowMs() + everyMs / 2)
        }
    }

    private func run() {
        do {
            let outcome = try Verification(recipe.settings, reach: reach, ports: PacedPorts(recipe.ports)).run(
                reports: recipe.reportsDirectory, history: recipe.historyPath, commands: commands)
            say(outcome)
            let text = onEnd(outcome)
            metrics.withLock { $0 = text }
        } catch ReconcileError.interrupted {
            return
        } catch let error as LedgerError where error.code == .locked {
            logger.notice("skipped: another run is under way")
        } catch {
            logger.error("no run: \(error)")
            onFailure(error)
        }
    }

    private func say(_ outcome: Verification.Outcome) {
        let message = Logger.Message(stringLiteral: outcome.report.headline)
        let details: Logger.Metadata = ["report": "\(outcome.path)", "exit": "\(outcome.report.exitCode)"]
        switch outcome.report.verdict {
        case .clean: logger.info(message, metadata: details)
        case .incomplete: logger.warning(message, metadata: details)
        case .differences, .error: logger.error(message, metadata: details)
        }
    }
}
