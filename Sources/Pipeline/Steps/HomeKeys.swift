import Domain
import Kafka

/// Tells which aggregates are their users' own: those that lie in the partition, and under the key, where the aggregator writes.
///
/// A record elsewhere is a stray: written by another partitioner, before the topic got more partitions, or by hand. Nothing
/// orders it with the user's own aggregates, so it is never the newest of them, and its tombstone ends nobody.
///
/// A class, because an enricher and its replays look at the same records, on one thread.
final class HomeKeys {
    /// Whose aggregate a record is.
    enum Standing: Equatable {
        case own(UserID)
        /// A record of that user in a partition that is not the user's.
        case wrongPartition(UserID, home: Int32)
        /// The key means that user, and is not how the user's key is written.
        case wrongKey(UserID)
        case nobodys
    }

    private let kind: UserIDKind
    private var partitionCounts: [String: Int] = [:]
    /// That of the topic which was asked for last: as a rule there is but one.
    private var lastCount: (topic: String, count: Int)?

    init(kind: UserIDKind) {
        self.kind = kind
    }

    /// How many partitions a topic has. Until that is known, every partition counts as the right one.
    func learn(_ count: Int, of topic: String) {
        partitionCounts[topic] = count
        lastCount = nil
    }

    func knowsPartitions(of topic: String) -> Bool { partitionCount(of: topic) != nil }

    private func partitionCount(of topic: String) -> Int? {
        if let last = lastCount, last.topic == topic { return last.count }
        guard let count = partitionCounts[topic] else { return nil }
        lastCount = (topic, count)
        return count
    }

    func standing(of record: Record) -> Standing {
        guard let key = record.key, let text = String(utf8: key), let user = try? kind.parse(text) else {
            return .nobodys
        }
        guard user.text.utf8.elementsEqual(key) else { return .wrongKey(user) }
        guard let count = partitionCount(of: record.topic) else { return .own(user) }
        let home = Partitioner.murmur2(key: key, partitionCount: count)
        return home == record.partition ? .own(user) : .wrongPartition(user, home: home)
    }

    /// The user whose own aggregate it is; nil for a stray.
    func owner(of record: Record) -> UserID? {
        if case .own(let user) = standing(of: record) { user } else { nil }
    }
}
