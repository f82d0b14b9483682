import Domain

/// One finding as a report presents it: a line of `findings.ndjson`.
///
/// It holds ids, names of fields, digests and addresses. Values of rows reach a report only where somebody asked for them.
public struct FindingLine: Sendable, Equatable {
    public var user: UserID
    public var stage: Stage
    public var kind: Kind
    /// The cause's code; nil where the cause cannot be known.
    public var causeCode: String?
    /// The names of the differing fields; empty where nothing can be compared.
    public var fields: [String]
    /// What they hold in row and topic; nil unless somebody asked to see it with `--reveal`.
    public var values: [FieldValues]?
    /// The tables that the differing fields come from; empty where it cannot be told, and where the query reads one table only.
    public var tables: [String]
    /// The partition of the stage's topic that the user belongs to; nil where it is not known.
    public var partition: Int32?
    /// The row; nil when there is none.
    public var source: SourceRow?
    /// The live aggregate; nil when there is none.
    public var topic: TopicRecord?
    /// The newest production; nil when no ledger lists the user.
    public var ledger: LedgerEntry?
    /// The live God object; nil when there is none.
    public var god: TopicRecord?
    /// Why a record of this user is parked, by hop.
    public var parked: [Hop: ParkReason]
    /// When a run found it first.
    public var firstSeen: UTCTime
    /// The command that mends it.
    public var repair: String

    public struct SourceRow: Sendable, Equatable {
        public var digest: Digest
        /// The position that the row was read at; nil where the server cannot say.
        public var position: SourcePosition?

        public init(digest: Digest, position: SourcePosition?) {
            self.digest = digest
            self.position = position
        }
    }

    public struct TopicRecord: Sendable, Equatable {
        public var address: RecordAddress
        /// The record's own timestamp; nil where the broker does not say.
        public var writtenAt: UTCTime?
        public var digest: Digest

        public init(address: RecordAddress, writtenAt: UTCTime?, digest: Digest) {
            self.address = address
            self.writtenAt = writtenAt
            self.digest = digest
        }

        init(_ record: LiveRecord) {
            self.init(
                address: record.address, writtenAt: record.timestampMs.map { UTCTime(millisecondsSince1970: $0) },
                digest: record.digest)
        }
    }

    public struct LedgerEntry: Sendable, Equatable {
        public var god: RecordAddress
        /// Nil for a tombstone.
        public var godDigest: Digest?
        public var aggregate: RecordAddress
        /// Nil for a tombstone.
        public var aggregateDigest: Digest?
        public var producedAt: UTCTime

        public init(
            god: RecordAddress, godDigest: Digest?, aggregate: RecordAddress, aggregateDigest: Digest?, producedAt: UTCTime
        ) {
            self.god = god
            self.godDigest = godDigest
            self.aggregate = aggregate
            self.aggregateDigest = aggregateDigest
            self.producedAt = producedAt
        }

        init(_ production: Production) {
            self.init(
                god: production.god, godDigest: production.godDigest, aggregate: production.aggregate,
                aggregateDigest: production.aggregateDigest,
                producedAt: UTCTime(millisecondsSince1970: production.producedAtMs))
        }
    }

    /// Presents a settled finding.
    ///
    /// - Parameters:
    ///   - run: The run whose repair mends it.
    ///   - position: The position that the row was read at.
    ///   - firstSeen: When a run found it first.
    public init(
        _ finding: Finding, run: RunID, position: SourcePosition? = nil, firstSeen: UTCTime,
        commands: Commands = Commands()
    ) {
        let evidence = finding.evidence
        user = finding.user
        stage = finding.stage
        kind = finding.kind
        causeCode = finding.cause?.code
        fields = finding.fields
        values = finding.values
        tables = finding.tables
        source = evidence.row.map { SourceRow(digest: $0, position: position) }
        topic = evidence.aggregate.map { TopicRecord($0) }
        ledger = evidence.production.map { LedgerEntry($0) }
        god = evidence.god.map { TopicRecord($0) }
        parked = evidence.parked
        // Where nobody asked the partitioner, that of a record which was found stands in for it.
        let found =
            finding.stage == .aggregate
            ? evidence.aggregate?.address.partition
            : evidence.god?.address.partition ?? evidence.production?.god.partition
        partition = finding.homePartition ?? found
        self.firstSeen = firstSeen
        repair = commands.repair(finding.user, run: run)
    }

    /// Nil where the cause cannot be known, or is one that this version does not know.
    public var cause: Cause? { causeCode.flatMap { Cause(code: $0) } }

    public var bucket: Bucket { Bucket(stage: stage, kind: kind, causeCode: causeCode ?? Bucket.unknownCause) }
}
