import Foundation
import Synchronization

/// The wish that all workers end, and by when.
final class StopRequest: Sendable {
    private let deadlineMs = Mutex<Int64?>(nil)
    private let drainTimeoutMs: Int

    init(drainTimeoutMs: Int) {
        self.drainTimeoutMs = drainTimeoutMs
    }

    func make() {
        let now = wallClockMs()
        deadlineMs.withLock { $0 = $0 ?? now + Int64(drainTimeoutMs) }
    }

    var isMade: Bool { deadlineMs.withLock { $0 != nil } }

    /// Whether it was made so long ago that nobody waits any longer.
    var isOverdue: Bool {
        deadlineMs.withLock { deadline in deadline.map { wallClockMs() >= $0 } ?? false }
    }
}

/// Real time for one worker. Its waits are where a worker that waits for an absent party notices that it should end.
final class WorkerClock: Clock {
    private let stop: StopRequest

    init(stop: StopRequest) {
        self.stop = stop
    }

    var nowMs: Int64 { wallClockMs() }

    func checkPatience() throws {
        if stop.isOverdue {
            throw PipelineError(.drainTimedOut, "stopped while waiting; the batch in hand will be read again at the next start")
        }
    }

    func sleep(ms: Int) throws {
        try checkPatience()
        Thread.sleep(forTimeInterval: Double(ms) / 1000)
    }
}

/// Milliseconds since 1970.
func wallClockMs() -> Int64 {
    var time = timespec()
    clock_gettime(CLOCK_REALTIME, &time)
    return Int64(time.tv_sec) * 1000 + Int64(time.tv_nsec) / 1_000_000
}

/// One long-lived thread that runs a hop until it is asked to stop.
///
/// Everything that the hop needs is made on the thread and never leaves it: consumer, producer, MySQL connection, HTTP client.
/// Only the recipe crosses.
final class Worker: Sendable {
    let name: String
    private let failure = Mutex<(any Error)?>(nil)
    private let ended = DispatchSemaphore(value: 0)

    /// Starts the thread.
    ///
    /// - Parameters:
    ///   - body: The worker's life.
    ///   - onEnd: Called on the thread at its end, with what ended it, if not a stop.
    init(name: String, body: @escaping @Sendable () throws -> Void, onEnd: @escaping @Sendable ((any Error)?) -> Void) {
        self.name = name
        let thread = Thread { [self] in
            do {
                try body()
            } catch {
                failure.withLock { $0 = error }
            }
            onEnd(failure.withLock { $0 })
            ended.signal()
        }
        thread.name = name
        thread.start()
    }

    /// Waits for the end of the thread, and throws what ended it. To be called once.
    func join() throws {
        ended.wait()
        if let error = failure.withLock({ $0 }) { throw error }
    }
}
