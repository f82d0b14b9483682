import Dispatch
import Testing

/// Runs each test on a thread of its own.
///
/// The tests on real parts block their thread while servers, groups and processes take their time. Swift's own threads are as few as
/// the machine's cores, so blocked ones would hold up every other test.
struct OwnThread: SuiteTrait, TestTrait, TestScoping {
    let isRecursive = true

    func provideScope(
        for test: Test, testCase: Test.Case?, performing function: @Sendable () async throws -> Void
    ) async throws {
        try await withTaskExecutorPreference(Executor(), operation: function)
    }

    private final class Executor: TaskExecutor {
        private let queue = DispatchQueue(label: "test")

        func enqueue(_ job: consuming ExecutorJob) {
            let job = UnownedJob(job)
            queue.async { job.runSynchronously(on: self.asUnownedTaskExecutor()) }
        }
    }
}

extension Trait where Self == OwnThread {
    /// See ``OwnThread``.
    static var ownThread: Self { Self() }
}
