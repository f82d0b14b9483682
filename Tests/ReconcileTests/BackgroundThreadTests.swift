import Foundation
import Kafka
import Synchronization
import Testing

@testable import Reconcile

@Suite("Work in the background")
struct BackgroundThreadTests {
    @Test("gives way to the rest of the process, and so do the threads that it starts, librdkafka's included")
    func everyThreadYields() throws {
        let broker = try MockBroker()
        let bootstrap = broker.bootstrap
        let seen = Mutex<Result<Seen, any Error>>(.success(Seen()))
        let before = Seen.ownNiceness()
        let ended = DispatchSemaphore(value: 0)
        BackgroundThread.start("background") {
            let result = Result { try Seen(inTheBackground: bootstrap) }
            seen.withLock { $0 = result }
            ended.signal()
        }
        ended.wait()
        let niceness = try seen.withLock { try $0.get() }
        #expect(niceness.own == BackgroundThread.niceness)
        #expect(niceness.worker == BackgroundThread.niceness)
        // Other tests have clients too, whose threads are not to yield.
        for name in ["rdk:main", "rdk:broker"] {
            #expect(niceness.named[name]?.contains(BackgroundThread.niceness) == true, "\(name) among \(niceness.named)")
        }
        #expect(Seen.ownNiceness() == before, "who starts it keeps its own")
    }
}

/// Nice values of threads, while a client and a run's thread are there.
private struct Seen: Sendable {
    var own: Int32 = 0
    var worker: Int32 = 0
    /// By the names of the threads.
    var named: [String: Set<Int32>] = [:]

    init() {}

    init(inTheBackground bootstrap: String) throws {
        let consumer = try Consumer(properties: ["bootstrap.servers": bootstrap])
        defer { consumer.close() }
        // By then it has a thread for the broker.
        _ = try consumer.partitionCount("absent", timeoutMs: 10_000)
        own = Self.ownNiceness()
        let inside = Mutex<Int32>(0)
        WorkerThread { inside.withLock { $0 = Self.ownNiceness() } }.join()
        worker = inside.withLock { $0 }
        for task in try FileManager.default.contentsOfDirectory(atPath: "/proc/self/task") {
            // A thread of another test may have ended by now.
            guard let text = try? String(contentsOfFile: "/proc/self/task/\(task)/stat", encoding: .utf8) else { continue }
            note(text)
        }
    }

    static func ownNiceness() -> Int32 { getpriority(__priority_which_t(PRIO_PROCESS.rawValue), 0) }

    /// As https://man7.org/linux/man-pages/man5/proc_pid_stat.5.html has it: the name in brackets, and as nineteenth field the nice value.
    private mutating func note(_ stat: String) {
        guard let open = stat.firstIndex(of: "("), let close = stat.lastIndex(of: ")") else { return }
        let fields = stat[stat.index(after: close)...].split(separator: " ")
        guard fields.count > 16, let value = Int32(fields[16]) else { return }
        let name = stat[stat.index(after: open)..<close]
        named[name.hasPrefix("rdk:broker") ? "rdk:broker" : String(name), default: []].insert(value)
    }
}
