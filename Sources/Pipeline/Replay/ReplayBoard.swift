import Synchronization

/// The requests that are open, as the enrichers of one process know them.
final class ReplayBoard: Sendable {
    private let open = Mutex<[ReplayRequest]>([])

    /// The oldest first.
    var requests: [ReplayRequest] { open.withLock { $0 } }

    func post(_ requests: [ReplayRequest]) {
        open.withLock { $0 = requests }
    }
}
