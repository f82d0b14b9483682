import Domain
import Logging

/// Reads rows, and does not come back with rows older than the signals that asked for them.
///
/// An event can be in the binary log before its row is visible, and a replica can lag. So the snapshot's lower bound is
/// compared with the signals' positions, and the rows are read again until it has reached them.
///
/// A position can also be one that will never be reached: the server was restored, its log was reset, or somebody signalled a
/// position that never was. Nothing the server has logged lies beyond the end of its log, so a position that does is void, and
/// that end is waited for in its place.
struct VisibleRowReader {
    private let reader: any RowReader
    private let subscription: Subscription
    private let waiting: WaitSettings
    private let said: Said
    private let logger: Logger

    /// What was said already: it concerns the server, not a batch, so it is said once in a worker's life.
    private final class Said {
        var incomparable = false
        /// A position was found to be void. From then on others are not waited for before they are looked at.
        var void = false
        var unknownEnd = false
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
        var wanted = highest(of: positions)
        var backoff = Backoff(initialMs: waiting.rereadInitialMs, maximumMs: waiting.rereadMaximumMs)
        var waitedMs = 0
        var nextVoidCheckMs = said.void ? 0 : waiting.voidCheckAfterMs
        while true {
            guard let snapshot = try subscription.untilAvailable(.mysql, { try timedRows(of: users) }) else {
                return nil
            }
            guard let position = snapshot.position, let ahead = firstAhead(of: position, wanted) else {
                subscription.isBack(.visibility)
                return snapshot
            }
            if waitedMs >= waiting.lagNoticeAfterMs {
                subscription.isAway(.visibility, "it shows rows up to \(position), the change events are at \(ahead)")
            }
            if waitedMs >= nextVoidCheckMs {
                nextVoidCheckMs = waitedMs + waiting.voidCheckAfterMs
                if try replaceVoid(in: &wanted) { continue }
            }
            let pauseMs = backoff.nextMs()
            waitedMs += pauseMs
            subscription.counters.add { $0.rereads += 1 }
            try subscription.wait(ms: pauseMs)
            if subscription.isBatchLost { return nil }
        }
    }

    private func timedRows(of users: [UserID]) throws -> SnapshotRows {
        let beganMs = subscription.clock.nowMs
        let snapshot = try reader.rows(of: users)
        subscription.counters.add { $0.queries.add(subscription.clock.nowMs - beganMs) }
        return snapshot
    }

    /// Puts the end of the server's log in the place of every position that lies beyond it.
    ///
    /// - Returns: Whether there was one.
    private func replaceVoid(in wanted: inout [SourcePosition]) throws -> Bool {
        guard let answer = try subscription.untilAvailable(.mysql, { try reader.binlogEnd() }) else { return false }
        guard let end = answer else {
            if !said.unknownEnd {
                said.unknownEnd = true
                logger.warning(
                    "MySQL cannot tell whether its log will ever reach the positions signalled, so they are waited for without end: it is a replica, or the account may not see its log (BINLOG MONITOR on MariaDB, REPLICATION CLIENT on MySQL)"
                )
            }
            return false
        }
        var isVoid = false
        for (index, position) in wanted.enumerated() where end.isComparable(to: position) && !end.hasReached(position) {
            isVoid = true
            wanted[index] = end
            guard !said.void else { continue }
            said.void = true
            logger.warning(
                "a signal asks for \(position), but MySQL's log ends at \(end): it was reset or restored, or the signal is mistaken; such rows are taken as they are read. Run `rollcall verify`"
            )
        }
        return isVoid
    }

    /// A position that the snapshot is known not to have reached. One that cannot be compared is passed over, and said once.
    private func firstAhead(of position: SourcePosition, _ wanted: [SourcePosition]) -> SourcePosition? {
        for candidate in wanted where !position.hasReached(candidate) {
            if position.isComparable(to: candidate) { return candidate }
            guard !said.incomparable else { continue }
            said.incomparable = true
            logger.warning(
                "MySQL reads at \(position), a change event is at \(candidate): another server or log; rows are taken as they are read"
            )
        }
        return nil
    }

    /// The highest position of each server and log among these: one, unless the source failed over within the batch.
    private func highest(of positions: [SourcePosition]) -> [SourcePosition] {
        var highest: [SourcePosition] = []
        positions: for position in positions {
            for (index, known) in highest.enumerated() {
                guard let joined = known.joined(with: position) else { continue }
                highest[index] = joined
                continue positions
            }
            highest.append(position)
        }
        return highest
    }
}
