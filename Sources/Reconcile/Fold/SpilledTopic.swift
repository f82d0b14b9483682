import Domain
import Kafka

/// A whole topic, folded as far as it can be without knowing every user at once: its records, parted by user.
struct SpilledTopic: Sendable {
    var spill: Spill
    private(set) var progress: TopicTail.Progress
    /// Whose records are kept; nil for everyone's.
    private let filter: DueFilter?

    /// Reads everything that the topic holds now.
    init(_ port: any TopicPort, kind: UserIDKind, shape: Spill.Shape, only filter: DueFilter? = nil) throws {
        spill = Spill(shape)
        self.filter = filter
        let tail = try TopicTail(port)
        progress = tail.progress
        try advance(tail, kind: kind)
    }

    /// Reads what came since.
    mutating func advance(_ tail: TopicTail, kind: UserIDKind) throws {
        let partitionCount = tail.partitionCount
        var unreadable = 0
        try tail.advance { entry, key in
            guard let key, let read = kind.read(recordKey: key), key.byteCount <= SpillEntry.longestPayload else {
                unreadable += 1
                return
            }
            if let filter, !filter.covers(read.key) { return }
            let isHome =
                read.isPlain && entry.address.partition == Partitioner.murmur2(key: key, partitionCount: partitionCount)
            let keepsKey = !isHome || read.key.isWide
            let spilled = SpillEntry(
                key: read.key, digest: entry.digest, address: entry.address, isStray: !isHome,
                payloadBytes: keepsKey ? key.byteCount : 0)
            if keepsKey {
                try key.withUnsafeBytes { try spill.append(spilled, payload: $0) }
            } else {
                try spill.append(spilled)
            }
        }
        tail.noteUnreadable(unreadable)
        progress = tail.progress
    }
}
