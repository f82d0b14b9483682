import Foundation
import Sandbox

/// The program that users run, as a process of its own.
struct Binary {
    struct Result: Equatable {
        var status: Int32
        var output: String
        var errors: String
    }

    /// Runs the binary to its end with nothing of this process's environment but what it cannot do without.
    static func run(
        _ arguments: [String], in directory: String, environment: [String: String] = [:]
    ) throws -> Result {
        let process = try prepare(arguments, in: directory, environment: environment)
        // Files instead of pipes: neither of two streams can fill up while the other is read.
        let files = try TemporaryDirectory()
        let output = try files.write("out", "")
        let errors = try files.write("err", "")
        process.standardOutput = FileHandle(forWritingAtPath: output)
        process.standardError = FileHandle(forWritingAtPath: errors)
        try process.run()
        process.waitUntilExit()
        return Result(
            status: process.terminationStatus, output: try String(contentsOfFile: output, encoding: .utf8),
            errors: try String(contentsOfFile: errors, encoding: .utf8))
    }

    /// Starts the binary, its output going to these files.
    static func start(
        _ arguments: [String], in directory: String, output: String = "/dev/null", errors: String = "/dev/null"
    ) throws -> Process {
        let process = try prepare(arguments, in: directory, environment: [:])
        process.standardOutput = FileHandle(forWritingAtPath: output)
        process.standardError = FileHandle(forWritingAtPath: errors)
        try process.run()
        return process
    }

    private static func prepare(
        _ arguments: [String], in directory: String, environment: [String: String]
    ) throws -> Process {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: try RollcallBinary.locate())
        process.arguments = arguments
        process.currentDirectoryURL = URL(fileURLWithPath: directory)
        // Under a sanitizer it goes by the same rules as this process: without them, leaks of what it is about to leave count.
        let needed = ["PATH", "LD_LIBRARY_PATH", "HOME", "ASAN_OPTIONS", "TSAN_OPTIONS"]
        let inherited = ProcessInfo.processInfo.environment.filter { needed.contains($0.key) }
        process.environment = inherited.merging(environment) { _, given in given }
        process.standardInput = FileHandle.nullDevice
        return process
    }
}
