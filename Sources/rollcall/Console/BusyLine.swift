import Dispatch
import Foundation
import Report

/// Tells that something is under way which does not tell by itself how far it is.
enum BusyLine {
    /// Runs `body`, and shows meanwhile what it is and for how long: a live line on a terminal, one line per 30 seconds elsewhere.
    static func during<Result>(_ what: String, _ body: () throws -> Result) rethrows -> Result {
        try during({ elapsedMs in "\(what), \(PlainText.duration(milliseconds: elapsedMs))" }, body)
    }

    /// The same for work on a file that one statement of SQLite does, which cannot say how far it is: the file's size, and how fast
    /// this process reads. A statement reads a file about as often as it has to sort it, so no end can be foretold.
    static func during<Result>(_ what: String, file path: String, _ body: () throws -> Result) rethrows -> Result {
        let attributes = try? FileManager.default.attributesOfItem(atPath: path)
        let title = "\(what) \(PlainText.visible(path)) (\(PlainText.size(bytes: attributes?[.size] as? Int64 ?? 0)))"
        let readBefore = bytesReadByProcess() ?? 0
        return try during(
            { elapsedMs in
                let rate =
                    bytesReadByProcess().map { ", \(PlainText.size(bytes: ($0 - readBefore) * 1_000 / max(1, elapsedMs)))/s" }
                    ?? ""
                return "\(title)\(rate), \(PlainText.duration(milliseconds: elapsedMs))"
            }, body)
    }

    /// All bytes that this process has read, from disk or cache; nil where the system does not tell (proc(5), `io`).
    private static func bytesReadByProcess() -> Int64? {
        guard let text = try? String(contentsOfFile: "/proc/self/io", encoding: .utf8) else { return nil }
        return text.split(separator: "\n").first { $0.hasPrefix("rchar: ") }.flatMap { Int64($0.dropFirst(7)) }
    }

    /// The same with a text that changes, made on another thread from the milliseconds that have passed.
    static func during<Result>(
        _ text: @escaping @Sendable (_ elapsedMs: Int64) -> String, _ body: () throws -> Result
    ) rethrows -> Result {
        let ended = DispatchSemaphore(value: 0)
        let left = DispatchSemaphore(value: 0)
        let thread = Thread {
            let line = ProgressLine()
            let startedAtMs = ProgressLine.nowMs()
            while ended.wait(timeout: .now() + .milliseconds(200)) == .timedOut {
                line.update { text(ProgressLine.nowMs() - startedAtMs) }
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
