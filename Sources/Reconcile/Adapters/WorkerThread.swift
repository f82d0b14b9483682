import Foundation

/// A thread that runs one task to its end. Blocking work must not run on Swift's cooperative pool, which has no more threads
/// than the machine has cores.
final class WorkerThread: Sendable {
    private let ended = DispatchSemaphore(value: 0)

    init(_ task: @escaping @Sendable () -> Void) {
        let ended = ended
        let thread = Thread {
            task()
            ended.signal()
        }
        // Folds recurse only into the JSON parser, whose depth is bounded; the default of 8 MB serves it well.
        thread.name = "rollcall.reconcile"
        thread.start()
    }

    /// Waits for the end of the task; to be called once.
    func join() { ended.wait() }
}
