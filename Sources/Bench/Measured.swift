import Foundation
import Synchronization

/// A program that was run to its end, and what it took.
struct Measured {
    var seconds: Double
    /// Of all its threads, in user and kernel mode.
    var cpuSeconds: Double
    /// The most memory that it had at one time, in bytes, as the kernel counts it (`VmHWM`).
    var peakBytes: Int
    /// The most of it that was the process's own: neither code nor files, which the kernel shares and can take back (`RssAnon`). Looked
    /// at every few milliseconds.
    var peakPrivateBytes: Int
    var output: Data
    var status: Int32

    /// Runs a program.
    ///
    /// - Parameter keepsOutput: Whether what it prints is wanted; otherwise it goes to /dev/null.
    static func run(_ program: String, _ arguments: [String], keepsOutput: Bool = false) throws -> Measured {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: program)
        process.arguments = arguments
        let pipe = Pipe()
        process.standardOutput = keepsOutput ? pipe : FileHandle.nullDevice
        let before = childrenCPUSeconds()
        let start = ContinuousClock.now
        try process.run()
        let peak = PeakSampler(process.processIdentifier)
        let output = keepsOutput ? pipe.fileHandleForReading.readDataToEndOfFile() : Data()
        process.waitUntilExit()
        let memory = peak.end()
        return Measured(
            seconds: (ContinuousClock.now - start) / .seconds(1), cpuSeconds: childrenCPUSeconds() - before,
            peakBytes: memory.all, peakPrivateBytes: memory.own, output: output, status: process.terminationStatus)
    }

    /// What a process of this program takes before it does anything: it is held at its first output by a pipe that is full.
    static func idleMemory(_ program: String) throws -> ProcessMemory {
        let pipe = Pipe()
        let writer = pipe.fileHandleForWriting.fileDescriptor
        let flags = fcntl(writer, F_GETFL)
        _ = fcntl(writer, F_SETFL, flags | O_NONBLOCK)
        let filler = [UInt8](repeating: 0, count: 4_096)
        while write(writer, filler, filler.count) > 0 {}
        _ = fcntl(writer, F_SETFL, flags)
        let process = Process()
        process.executableURL = URL(fileURLWithPath: program)
        process.arguments = ["--version"]
        process.standardOutput = pipe
        try process.run()
        // It is idle once its memory has stopped growing.
        var peak = ProcessMemory()
        var steady = 0
        while steady < 20, process.isRunning {
            usleep(10_000)
            let now = PeakSampler.memory(of: process.processIdentifier) ?? peak
            steady = now == peak && now.all > 0 ? steady + 1 : 0
            peak = now
        }
        try pipe.fileHandleForWriting.close()
        _ = pipe.fileHandleForReading.readDataToEndOfFile()
        process.waitUntilExit()
        return peak
    }

    /// CPU time of the children that have ended and were waited for; one at a time is run here, so differences belong to one.
    private static func childrenCPUSeconds() -> Double {
        var usage = rusage()
        getrusage(__rusage_who_t(RUSAGE_CHILDREN.rawValue), &usage)
        return seconds(usage.ru_utime) + seconds(usage.ru_stime)
    }

    private static func seconds(_ time: timeval) -> Double { Double(time.tv_sec) + Double(time.tv_usec) / 1e6 }
}

/// What a process takes, in bytes.
struct ProcessMemory: Equatable {
    /// All of its memory at its peak (`VmHWM`).
    var all = 0
    /// What is its own alone, at this moment (`RssAnon`).
    var own = 0
}

/// Watches a process's memory until it ends. What `wait4` tells would do, if it did not count the memory that the new process shared
/// with this one before it became another program.
final class PeakSampler: Sendable {
    private let state = Mutex((peak: ProcessMemory(), isOver: false))
    private let ended = DispatchSemaphore(value: 0)

    init(_ process: pid_t) {
        let thread = Thread { [self] in
            while !state.withLock({ $0.isOver }) {
                let now = Self.memory(of: process) ?? ProcessMemory()
                state.withLock { $0.peak = ProcessMemory(all: max($0.peak.all, now.all), own: max($0.peak.own, now.own)) }
                usleep(5_000)
            }
            ended.signal()
        }
        thread.start()
    }

    func end() -> ProcessMemory {
        state.withLock { $0.isOver = true }
        ended.wait()
        return state.withLock { $0.peak }
    }

    static func memory(of process: pid_t) -> ProcessMemory? {
        // A process that has yet to become the program shares this one's memory.
        guard let program = try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/\(process)/exe"),
            !program.hasSuffix("/bench"), let status = try? String(contentsOfFile: "/proc/\(process)/status", encoding: .utf8)
        else { return nil }
        func bytes(_ name: String) -> Int? {
            status.split(separator: "\n").first { $0.hasPrefix(name) }?.split { !$0.isNumber }.first.flatMap { Int($0) }
                .map { $0 * 1_024 }
        }
        guard let all = bytes("VmHWM:"), let own = bytes("RssAnon:") else { return nil }
        return ProcessMemory(all: all, own: own)
    }
}
