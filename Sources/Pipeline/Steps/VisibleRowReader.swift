import Domain
import Logging

/// Reads rows, and does not come back with rows older than the signals that asked for them.
///
/// An event can be in the binary log before its row is visible, and a replica can lag. So the snapshot's lower bound is
/// compared with the signals' positions, and the rows are read again until it has reached them.
struct VisibleRowReader {
    private let reader: any RowReader
    private let subscription: Subscription
    private let waiting: WaitSettings
    private let said: Said
    private let logger: Logger

    /// What was said already: it concerns the server, not a batch, so it is said once in a worker's life.
    private final class Said {
        var incomparable = false
    }

    init(reader: any RowReader, subscription: Subscription, waiting: WaitSettings, logger: Logger) {
        self.reader = reader
        self.subscription = subscription
        self.waiting = waiting
        self.logger = logger
        said = Said()
    }

    /// - Returns: Nil when the whole batch was lost over the waiting.
    func rows(of users: [UserID], positions: [SourcePosition]) throws -> SnapshotRows? {
        let wanted = highest(of: positions)
        var backoff = Backoff(initialMs: waiting.rereadInitialMs, maximumMs: waiting.rereadMaximumMs)
        var waitedMs = 0
        while true {
            guard let snapshot = try subscription.untilAvailable(.mysql, { try reader.rows(of: users) }) else {
                return nil
            }
            guard let position = snapshot.position, let ahead = firstAhead(of: position, wanted) else {
                subscription.isBack(.visibility)
                return snapshot
            }
            if waitedMs >= waiting.lagNoticeAfterMs {
                subscription.isAway(.visibility, "it shows rows up to \(position), the change events are at \(ahead)")
            }
            let pauseMs = backoff.nextMs()
            waitedMs += pauseMs
            subscription.counters.add { $0.rereads += 1 }
            try subscription.wait(ms: pauseMs)
            if subscription.isBatchLost { return nil }
        }
    }

    /// A position that the snapshot is known not to have reached. One that cannot be compared is passed over, and said once.
    private func firstAhead(of position: SourcePosition, _ wanted: [SourcePosition]) -> SourcePosition? {
        for candidate in wanted {
            switch position.compare(to: candidate) {
            case .before: return candidate
            case .same, .after: break
            case .incomparable:
                guard !said.incomparable else { break }
                said.incomparable = true
                logger.warning(
                    "MySQL reads at \(position), a change event is at \(candidate): another server or log; rows are taken as they are read"
                )
            }
        }
        return nil
    }

    /// The highest position of each server and log among these: one, unless the source failed over within the batch.
    private func highest(of positions: [SourcePosition]) -> [SourcePosition] {
        var highest: [SourcePosition] = []
        for position in positions {
            if let index = highest.firstIndex(where: { $0.compare(to: position) != .incomparable }) {
                if highest[index].compare(to: position) == .before { highest[index] = position }
            } else {
                highest.append(position)
            }
        }
        return highest
    }
}
