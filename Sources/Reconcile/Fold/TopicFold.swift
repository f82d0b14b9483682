import Domain
import Kafka

/// The newest record of a key, be it live or a tombstone.
public struct NewestRecord: Sendable, Equatable {
    public var address: RecordAddress
    /// Nil for a tombstone.
    public var digest: Digest?
    public var timestampMs: Int64?

    var live: LiveRecord? {
        digest.map { LiveRecord(address: address, digest: $0, timestampMs: timestampMs) }
    }
}

/// A compacted topic folded by key: the last value wins, a tombstone deletes, partitions are never mixed.
///
/// A user's home is the plain key in the partition that the partitioner chooses. Everything else that is live for the user is
/// a stray: compaction would keep it for ever, and no signal could reach it.
public struct TopicFold: Sendable {
    private let stage: Stage
    private let kind: UserIDKind
    private let partitionCount: Int
    /// The users to remember; nil remembers everyone.
    private let only: Set<UserID>?
    private var homes: [UserID: NewestRecord] = [:]
    private var strays: [UserID: [StrayKey: NewestRecord]] = [:]

    /// How many records were folded.
    public private(set) var records = 0
    /// Records whose key names no user.
    public private(set) var unreadableKeys = 0

    private struct StrayKey: Hashable, Sendable {
        var partition: Int32
        var key: [UInt8]
    }

    public init(stage: Stage, kind: UserIDKind, partitionCount: Int, only: Set<UserID>? = nil) {
        self.only = only
        self.stage = stage
        self.kind = kind
        self.partitionCount = partitionCount
    }

    /// Takes one record into account. Records of a partition must come in the order of their offsets.
    public mutating func apply(_ entry: TopicEntry) {
        records += 1
        guard let key = entry.key, let (user, isPlain) = readKey(key) else {
            unreadableKeys += 1
            return
        }
        if let only, !only.contains(user) { return }
        let record = NewestRecord(address: entry.address, digest: entry.digest, timestampMs: entry.timestampMs)
        let home = Partitioner.murmur2(key: key, partitionCount: partitionCount)
        if isPlain, entry.address.partition == home {
            homes[user] = record
        } else {
            strays[user, default: [:]][StrayKey(partition: entry.address.partition, key: key)] = record
        }
    }

    /// The user that a key names, and whether the key is the plain text of the id. A key that some other producer wrote as JSON
    /// (`42` in quotes, `{"user_id":42}`) names the user too.
    private func readKey(_ key: [UInt8]) -> (UserID, Bool)? {
        guard let text = String(validating: key, as: UTF8.self) else { return nil }
        if let user = try? kind.parse(text) {
            let isJSON = text.utf8.first == UInt8(ascii: "{") || text.utf8.first == UInt8(ascii: "\"")
            if !isJSON { return (user, user.text == text) }
        }
        guard let json = try? JSONValue(parsing: key) else { return nil }
        let value = json["payload"] ?? json
        if let members = value.members {
            guard members.count == 1, let user = try? kind.parse(members[0].value) else { return nil }
            return (user, false)
        }
        return (try? kind.parse(value)).map { ($0, false) }
    }

    /// The user's live record at its home.
    public func live(_ user: UserID) -> LiveRecord? { homes[user]?.live }

    /// The newest record at the user's home, tombstones included.
    public func newest(_ user: UserID) -> NewestRecord? { homes[user] }

    /// The user's live records elsewhere.
    public func strays(_ user: UserID) -> [Stray] {
        guard let found = strays[user] else { return [] }
        return found.compactMap { key, record in
            record.live.map {
                Stray(stage: stage, cause: key.key == user.keyBytes ? .wrongPartition : .twoLiveKeys, record: $0, key: key.key)
            }
        }.sorted {
            ($0.record.address.partition, $0.record.address.offset) < ($1.record.address.partition, $1.record.address.offset)
        }
    }

    /// Everyone of whom there is or was a record.
    public var users: some Sequence<UserID> {
        [homes.keys.map { $0 }, strays.keys.filter { homes[$0] == nil }].joined()
    }

    /// How many keys are live, and how many end in a tombstone that can still be read.
    public func counts() -> (live: Int, tombstones: Int) {
        let elsewhere = strays.values.flatMap(\.values)
        let live = homes.values.count { $0.digest != nil } + elsewhere.count { $0.digest != nil }
        return (live, homes.count + elsewhere.count - live)
    }
}
