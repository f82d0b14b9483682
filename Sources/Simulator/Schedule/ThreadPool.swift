import Foundation
import Synchronization

/// Threads that are used again: a schedule has dozens of actors, and starting a thread for each would cost more than the schedule.
final class ThreadPool: Sendable {
    private let idle = Mutex<[Seat]>([])

    /// Where a thread waits for its next task.
    private final class Seat: Sendable {
        let task = Mutex<(@Sendable () -> Void)?>(nil)
        let isTaken = DispatchSemaphore(value: 0)
    }

    /// Runs the task on a thread of its own.
    func run(_ task: @escaping @Sendable () -> Void) {
        let seat = idle.withLock { $0.popLast() } ?? start()
        seat.task.withLock { $0 = task }
        seat.isTaken.signal()
    }

    private func start() -> Seat {
        let seat = Seat()
        let thread = Thread { [weak self] in
            while true {
                seat.isTaken.wait()
                let task = seat.task.withLock { task in
                    defer { task = nil }
                    return task
                }
                guard let task else { return }
                task()
                guard let pool = self else { return }
                pool.idle.withLock { $0.append(seat) }
            }
        }
        thread.name = "actor"
        thread.start()
        return seat
    }

    deinit {
        // A seat that is taken without a task sends its thread home.
        for seat in idle.withLock({ $0 }) { seat.isTaken.signal() }
    }
}
