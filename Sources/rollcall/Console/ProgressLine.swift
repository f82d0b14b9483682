import Glibc
import Synchronization

/// Tells how the work goes: a live line on a terminal, one line per 30 seconds elsewhere.
final class ProgressLine: Sendable {
    private let state: Mutex<State>

    private struct State {
        var lastShownMs: Int64
    }

    /// Often enough to look alive, seldom enough to cost nothing.
    private static let everyMsOnTerminal: Int64 = 200
    private static let everyMsElsewhere: Int64 = 30_000

    init() {
        // Off a terminal, the first line is due after one interval; on one, at once.
        state = Mutex(State(lastShownMs: Console.shared.isTerminal ? 0 : Self.nowMs()))
    }

    /// Shows the text if it is time to; the closure is called only then.
    func update(_ text: () -> String) {
        let now = Self.nowMs()
        let interval = Console.shared.isTerminal ? Self.everyMsOnTerminal : Self.everyMsElsewhere
        let isDue = state.withLock { state in
            guard now - state.lastShownMs >= interval else { return false }
            state.lastShownMs = now
            return true
        }
        guard isDue else { return }
        if Console.shared.isTerminal {
            Console.shared.live(text())
        } else {
            Console.shared.note(text())
        }
    }

    /// Removes the live line.
    func end() { Console.shared.live("") }

    /// Milliseconds of a clock that nobody sets.
    static func nowMs() -> Int64 {
        var time = timespec()
        clock_gettime(CLOCK_MONOTONIC, &time)
        return Int64(time.tv_sec) * 1_000 + Int64(time.tv_nsec) / 1_000_000
    }
}
