import Domain

/// Everything that is known about one user, on the way from the source to the God topic.
public struct Explanation: Sendable, Equatable {
    /// Something that was looked for.
    public enum Sighting<Value: Sendable & Equatable>: Sendable, Equatable {
        case found(Value)
        case absent
        /// It could not be looked for, and why.
        case unseen(String)
    }

    /// The newest record of the user in a topic.
    public struct TopicRecord: Sendable, Equatable {
        public var address: RecordAddress
        /// Nil for a tombstone.
        public var digest: Digest?
        public var writtenAt: UTCTime?
        /// What the headers say of its making, as name and text.
        public var provenance: [Fact]

        public init(address: RecordAddress, digest: Digest?, writtenAt: UTCTime?, provenance: [Fact]) {
            self.address = address
            self.digest = digest
            self.writtenAt = writtenAt
            self.provenance = provenance
        }
    }

    /// A name and what is said of it.
    public struct Fact: Sendable, Equatable {
        public var name: String
        public var text: String

        public init(_ name: String, _ text: String) {
            self.name = name
            self.text = text
        }
    }

    /// A finding of an earlier run.
    public struct PastFinding: Sendable, Equatable {
        public var stage: Stage
        public var kind: Kind
        public var causeCode: String?
        public var firstSeen: UTCTime
        public var lastSeen: UTCTime
        public var healed: UTCTime?

        public init(
            stage: Stage, kind: Kind, causeCode: String?, firstSeen: UTCTime, lastSeen: UTCTime, healed: UTCTime?
        ) {
            self.stage = stage
            self.kind = kind
            self.causeCode = causeCode
            self.firstSeen = firstSeen
            self.lastSeen = lastSeen
            self.healed = healed
        }
    }

    /// A change event about the user that can still be read.
    public struct ChangeSighting: Sendable, Equatable {
        public var topic: String
        public var address: RecordAddress
        /// `create`, `update`, `delete`, `read` of a snapshot, `tombstone`; or why it cannot be read, in the words of a parked record.
        public var operation: String
        /// Where it stands in the binary log; nil where it does not say.
        public var position: SourcePosition?
        /// When the source changed; when the record was written, where the event does not say.
        public var at: UTCTime?

        public init(topic: String, address: RecordAddress, operation: String, position: SourcePosition?, at: UTCTime?) {
            self.topic = topic
            self.address = address
            self.operation = operation
            self.position = position
            self.at = at
        }
    }

    /// The change events about the user.
    public struct Changes: Sendable, Equatable {
        /// The newest of them, the oldest first.
        public var newest: [ChangeSighting]
        /// How many there are among the records that were read.
        public var count: Int
        /// Older records of the change topics that were not looked through.
        public var unread: Int

        public init(newest: [ChangeSighting] = [], count: Int = 0, unread: Int = 0) {
            self.newest = newest
            self.count = count
            self.unread = unread
        }
    }

    /// A record of the user that waits among the parked ones.
    public struct ParkedEntry: Sendable, Equatable {
        public var hop: Hop
        public var reason: ParkReason
        public var parkedAt: UTCTime?

        public init(hop: Hop, reason: ParkReason, parkedAt: UTCTime?) {
            self.hop = hop
            self.reason = reason
            self.parkedAt = parkedAt
        }
    }

    /// What it all comes to.
    public enum Conclusion: Sendable, Equatable {
        case consistent
        case differs([Finding])
        case cannotTell(String)

        /// 0 consistent, 1 not, 3 can't tell.
        public var exitCode: Int32 {
            switch self {
            case .consistent: 0
            case .differs: 1
            case .cannotTell: 3
            }
        }
    }

    public var user: UserID
    public var row: Sighting<FindingLine.SourceRow>
    public var changes: Sighting<Changes>
    public var aggregate: Sighting<TopicRecord>
    /// In the order of production.
    public var productions: Sighting<[Production]>
    public var god: Sighting<TopicRecord>
    /// In the order of the hops.
    public var parked: Sighting<[ParkedEntry]>
    public var past: Sighting<[PastFinding]>
    public var conclusion: Conclusion
    /// The command to run next; nil when there is nothing to do.
    public var nextCommand: String?

    public init(
        user: UserID, row: Sighting<FindingLine.SourceRow>, changes: Sighting<Changes>, aggregate: Sighting<TopicRecord>,
        productions: Sighting<[Production]>, god: Sighting<TopicRecord>, parked: Sighting<[ParkedEntry]>,
        past: Sighting<[PastFinding]>, conclusion: Conclusion, nextCommand: String?
    ) {
        self.user = user
        self.row = row
        self.changes = changes
        self.aggregate = aggregate
        self.productions = productions
        self.god = god
        self.parked = parked
        self.past = past
        self.conclusion = conclusion
        self.nextCommand = nextCommand
    }
}
