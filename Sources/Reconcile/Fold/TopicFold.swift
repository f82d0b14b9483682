import Domain
import Kafka

/// A compacted topic folded by key for some users: the last value wins, a tombstone deletes, partitions are never mixed.
struct TopicFold: Sendable {
    private let kind: UserIDKind
    private let partitionCount: Int
    private var known: [UserKey: KnownRecords] = [:]

    init(kind: UserIDKind, partitionCount: Int, users: some Collection<UserID>) {
        self.kind = kind
        self.partitionCount = partitionCount
        hold(users.lazy.map { ($0, KnownRecords()) })
    }

    /// Begins anew with these users and what is known of them.
    mutating func hold(_ users: some Collection<(user: UserID, known: KnownRecords)>) {
        known = Dictionary(users.map { (kind.key($0.user), $0.known) }) { first, _ in first }
    }

    /// Takes one record into account if it is about one of the users. Records of a partition must come in the order of their
    /// offsets.
    mutating func apply(_ entry: TopicEntry, key: RawSpan?) {
        guard let key, let read = kind.read(recordKey: key), let index = known.index(forKey: read.key) else { return }
        let record = NewestRecord(address: entry.address, digest: entry.digest, timestampMs: entry.timestampMs)
        if read.isPlain, entry.address.partition == Partitioner.murmur2(key: key, partitionCount: partitionCount) {
            known.values[index].home = record
        } else {
            known.values[index].putStray(key.withUnsafeBytes { Array($0) }, record)
        }
    }

    /// What the topic holds of one of the users.
    func records(of user: UserID) -> KnownRecords { known[kind.key(user)] ?? KnownRecords() }
}
