import Synchronization

/// What went wrong in tasks that ran side by side; the first is told.
final class Failures: Sendable {
    private let error = Mutex<(any Error)?>(nil)

    func note(_ failure: any Error) { error.withLock { $0 = $0 ?? failure } }

    var first: (any Error)? { error.withLock { $0 } }
}
