import Foundation
import Glibc

/// What the kernel says of a process.
enum ProcessProbe {
    /// The letter of its state, `nil` if it does not exist: R, S, T for stopped, Z for a zombie.
    static func state(of pid: pid_t) -> String? { fields(pid).first }

    /// The id of the process that started it, or that it was left to.
    static func parent(of pid: pid_t) -> pid_t? { fields(pid).dropFirst().first.flatMap { pid_t($0) } }

    /// Whether it can still do something; a zombie cannot.
    static func isAlive(_ pid: pid_t) -> Bool { state(of: pid).map { $0 != "Z" && $0 != "X" } ?? false }

    /// Waits up to two minutes for its end.
    static func waitUntilGone(_ pid: pid_t) -> Bool { wait { !isAlive(pid) } }

    /// Waits up to two minutes until `condition` holds.
    static func wait(until condition: () -> Bool) -> Bool {
        for _ in 0..<12_000 {
            if condition() { return true }
            usleep(10_000)
        }
        return condition()
    }

    /// Reads a process id from a file; `nil` until it is there.
    static func readID(_ file: String) -> pid_t? {
        (try? String(contentsOfFile: file, encoding: .utf8)).flatMap { pid_t($0.trimmingCharacters(in: .whitespacesAndNewlines)) }
    }

    /// The fields of `/proc/PID/stat` after the program's name, which is in parentheses and may hold anything.
    private static func fields(_ pid: pid_t) -> [String] {
        guard let text = try? String(contentsOfFile: "/proc/\(pid)/stat", encoding: .utf8), let end = text.lastIndex(of: ")")
        else { return [] }
        return text[text.index(after: end)...].split(separator: " ").map(String.init)
    }
}

/// A directory for one test, removed with this object.
final class TemporaryDirectory: Sendable {
    let path: String

    init() throws {
        path = FileManager.default.temporaryDirectory.appendingPathComponent("rollcall-test-\(UUID().uuidString)").path
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
    }

    deinit {
        try? FileManager.default.removeItem(atPath: path)
    }

    func file(_ name: String) -> String { "\(path)/\(name)" }
}
