import Foundation
import Ledger
import Sandbox

/// `rollcall stream` in a process of its own, as in production.
final class DemoStream {
    private let files: DemoFiles
    private let process: ChildProcess

    init(_ files: DemoFiles) throws {
        self.files = files
        process = try ChildProcess(
            RollcallBinary.locate(), ["stream", "--config", files.settings], logFile: files.streamLog)
    }

    /// Waits until the ledger lists that many users.
    ///
    /// - Returns: How many productions it took.
    func wait(forUsers users: Int, timeoutMs: Int) throws -> Int {
        let deadline = Date().addingTimeInterval(Double(timeoutMs) / 1000)
        while Date() < deadline {
            guard process.isRunning else {
                throw CommandError(
                    "`rollcall stream` ended by itself; its log ends with:\n\(process.logTail(lines: 12))", status: .error)
            }
            if FileManager.default.fileExists(atPath: files.ledger) {
                let statistics = try? LedgerReader(path: files.ledger).statistics()
                if let statistics, statistics.users >= users { return statistics.productions }
            }
            Thread.sleep(forTimeInterval: 0.1)
        }
        throw CommandError(
            "the ledger did not reach \(users) users within \(timeoutMs / 1000) s; see \(files.streamLog):\n\(process.logTail(lines: 12))",
            status: .error)
    }

    /// Lets it drain and end.
    func stop() {
        process.terminate(graceMs: 15_000)
    }
}
