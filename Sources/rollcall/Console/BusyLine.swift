import Dispatch
import Foundation
import Report

/// Tells that something is under way which cannot say how far it is, as one statement of SQLite cannot: what it is, and for how long.
enum BusyLine {
    /// Runs `body`, and shows meanwhile how long it has taken: a live line on a terminal, one line per 30 seconds elsewhere.
    static func during<Result>(_ what: String, _ body: () throws -> Result) rethrows -> Result {
        let ended = DispatchSemaphore(value: 0)
        let left = DispatchSemaphore(value: 0)
        let thread = Thread {
            let line = ProgressLine()
            let startedAtMs = ProgressLine.nowMs()
            while ended.wait(timeout: .now() + .milliseconds(200)) == .timedOut {
                line.update { "\(what), \(PlainText.duration(milliseconds: ProgressLine.nowMs() - startedAtMs))" }
            }
            line.end()
            left.signal()
        }
        thread.name = "rollcall.busy"
        thread.start()
        // Nothing may be written by the caller before the live line is gone.
        defer {
            ended.signal()
            left.wait()
        }
        return try body()
    }
}
