import Domain

/// A topic that is followed for the users of one batch after the other, from where it was compared.
///
/// What comes meanwhile is kept, in a temporary file, for the batches that are still to come.
final class FollowedTopic {
    let tail: TopicTail
    private let kind: UserIDKind
    private var fold: TopicFold
    private var later: Spill

    /// Follows from where the topic was compared; ``hold(_:)`` says whom.
    init(_ tail: TopicTail, kind: UserIDKind, list: Spill.Shape) {
        self.tail = tail
        self.kind = kind
        fold = TopicFold(kind: kind, partitionCount: tail.partitionCount, users: [])
        later = Spill(list)
    }

    /// Folds the whole topic for a few users.
    convenience init(_ port: any TopicPort, kind: UserIDKind, users: Set<UserID>, list: Spill.Shape) throws {
        self.init(try TopicTail(port), kind: kind, list: list)
        fold = TopicFold(kind: kind, partitionCount: tail.partitionCount, users: users)
        try tail.advance { fold.apply($0, key: $1) }
    }

    var name: String { tail.name }

    /// Turns to other users: what was known of them when the topic was compared, and what came since.
    func hold(_ users: [(user: UserID, known: KnownRecords)]) throws {
        fold.hold(users)
        var cursor = Spill.Cursor()
        while let (entry, payload) = try later.next(&cursor) {
            var reader = PayloadReader(payload)
            let timestampMs = try reader.optional { reader throws(ReconcileError) in try reader.integer() }
            let key = try reader.content()
            let seen = TopicEntry(address: entry.address, timestampMs: timestampMs, digest: entry.liveDigest)
            fold.apply(seen, key: key.span.bytes)
        }
    }

    /// Folds what came since the last time.
    func catchUp() throws {
        var unreadable = 0
        try tail.advance { entry, key in
            fold.apply(entry, key: key)
            guard let key, let read = kind.read(recordKey: key), key.byteCount < SpillEntry.longestPayload / 2 else {
                unreadable += 1
                return
            }
            // Records that arrive during a run are few beside those that were there before, so these may allocate.
            var payload = PayloadWriter()
            payload.add(entry.timestampMs) { $0.add($1) }
            payload.add(key.withUnsafeBytes { Array($0) })
            try later.append(
                SpillEntry(key: read.key, digest: entry.digest, address: entry.address, payloadBytes: payload.bytes.count),
                payload: payload.bytes)
        }
        tail.noteUnreadable(unreadable)
    }

    /// What the topic holds of a user who is held.
    func records(of user: UserID) -> KnownRecords { fold.records(of: user) }

    func close() { tail.close() }
}
