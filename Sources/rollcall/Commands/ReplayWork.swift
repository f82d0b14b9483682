import Domain
import Glibc
import Ledger
import Pipeline
import Report

/// Sees replays through: watches those who work on them, or works on them here where nobody else does.
final class ReplayWork {
    struct Outcome {
        var isDone = false
        /// Offsets of the aggregate topic in all requests together.
        var records: Int64 = 0
        /// Whether this process was a worker.
        var hasJoined = false
        var enrichedHere = 0
        var milliseconds: Int64 = 0
    }

    private let control: ReplayControl
    private let settings: PipelineSettings
    private let mapping: MappingSettings
    private let line = ProgressLine()
    private let startedAtMs = ProgressLine.nowMs()
    private var worker: StreamRunner?
    private var outcome = Outcome()

    /// How long a running pipeline has for its answer before it counts as absent. It answers within a second.
    private static let answerWithinMs: Int64 = 5_000
    private static let lookEveryMs = 500

    init(control: ReplayControl, settings: PipelineSettings, mapping: MappingSettings) {
        self.control = control
        self.settings = settings
        self.mapping = mapping
    }

    /// Returns when all are done, or a stop was asked for.
    func finish(_ requests: [ReplayRequest]) throws -> Outcome {
        outcome.isDone = true
        do {
            for request in requests where outcome.isDone { outcome.isDone = try finish(request) }
        } catch {
            worker?.requestStop()
            try? worker?.wait()
            throw error
        }
        line.end()
        worker?.requestStop()
        try worker?.wait()
        outcome.enrichedHere = worker?.counters[.enricher].snapshot().replayed ?? 0
        outcome.milliseconds = ProgressLine.nowMs() - startedAtMs
        return outcome
    }

    /// - Returns: False when a stop came first.
    private func finish(_ request: ReplayRequest) throws -> Bool {
        let total = request.offsets(done: [:]).total
        outcome.records += total
        let beganAtMs = ProgressLine.nowMs()
        var doneAtStart: Int64?
        while !StopSignals.isStopRequested {
            guard let state = try control.look(at: request, forMs: Self.lookEveryMs) else { return true }
            let elapsedMs = ProgressLine.nowMs() - beganAtMs
            if state.isDone, worker == nil, state.answeredBy.isEmpty {
                // Nobody is there to take the request away, because nobody had anything to do.
                try control.cancel(request.id)
                return true
            }
            if worker == nil, state.answeredBy.isEmpty, elapsedMs >= Self.answerWithinMs { try join() }
            if let worker, !worker.isRunning { try worker.wait() }
            let first = doneAtStart ?? state.done
            doneAtStart = first
            line.update { Pace.text("replay", state.done, of: state.total, since: first, elapsedMs: elapsedMs) }
        }
        return false
    }

    /// Becomes a worker of the enrich group.
    private func join() throws {
        let runner = StreamRunner(settings: settings, mapping: mapping, only: [.enricher])
        do {
            try runner.start { StopSignals.isStopRequested }
        } catch let error as LedgerError where error.code == .locked {
            throw CommandError(
                "no pipeline answers, and yet one holds the ledger (\(error)); if it is an older version, start it anew. "
                    + "The replay stays open", status: .locked)
        }
        Console.shared.note("no pipeline answers, so this process works; its productions go to \(settings.ledgerPath)")
        worker = runner
        outcome.hasJoined = true
    }
}
