import Reconcile
import Report
import Synchronization

/// How far a run of `verify` or `reconcile` has come.
final class RunProgress: Sendable {
    private let name: String
    private let line = ProgressLine()
    private let state = Mutex(State())

    private struct State {
        var phase = "read"
        var rows = 0
        var suspects = 0
        /// Why the scan waits; nil while it does not.
        var pause: String?
        /// Rows that are to be expected, and when reading began.
        var expectedRows: Int?
        var startedAtMs = ProgressLine.nowMs()
    }

    init(_ name: String) {
        self.name = name
    }

    func take(_ event: Verification.ProgressEvent) {
        let state = state.withLock { state in
            switch event {
            case .phase(let phase):
                state.phase = phase
                state.pause = nil
                if phase == "read" { state.startedAtMs = ProgressLine.nowMs() }
            case .scanned(let rows):
                state.rows = rows
                state.pause = nil
            case .settling(let suspects): state.suspects = suspects
            case .paused(let reason): state.pause = reason
            case .forecast(let forecast): state.expectedRows = forecast.rows
            }
            return state
        }
        if case .forecast(let forecast) = event { Console.shared.note("\(name): reading everyone: \(forecast.text)") }
        line.update { text(state) }
    }

    func end() { line.end() }

    private func text(_ state: State) -> String {
        if let pause = state.pause {
            return "\(name): \(PlainText.grouped(state.rows)) rows read; waiting, because \(pause)"
        }
        switch state.phase {
        case "read":
            let ms = max(1_000, ProgressLine.nowMs() - state.startedAtMs)
            let perSecond = state.rows * 1_000 / Int(ms)
            var text = "\(name): \(PlainText.grouped(state.rows)) rows read, \(PlainText.grouped(perSecond))/s"
            if let expected = state.expectedRows, expected > state.rows, perSecond > 0 {
                text += ", ETA \(PlainText.duration(milliseconds: Int64(expected - state.rows) * 1_000 / Int64(perSecond)))"
            }
            return text
        case "plan": return "\(name): finding out who changed"
        case "drain": return "\(name): waiting until the pipeline has drained"
        case "fence": return "\(name): waiting until every hop has passed the scan's position"
        case "settle": return "\(name): settling \(PlainText.count(state.suspects, "suspect"))"
        default: return "\(name): \(state.phase)"
        }
    }
}
