import Domain
import Source

/// The source database, as reconciliation reads it. One thread owns it.
public protocol SourcePort {
    func serverFacts() throws -> SourceFacts
    /// The columns of the aggregate query's result, and how each is written.
    func fields() throws -> [RowEncoder.Column]
    /// The tables that the columns of the result come from, by column; what is computed is absent.
    func tables() throws -> [String: String]
    /// The id of the query and the encoding that rows are written in now; nil where only the settings tell.
    func encodingID() throws -> String?
    /// See `SourceReader.secondReading(of:)`.
    func secondReading(of users: [UserID]) throws -> [UserID: SecondReading]
    /// See `SourceReader.boundary(after:rows:)`.
    func boundary(after lower: UserID?, rows: Int) throws -> UserID?
    /// Shows the rows of a range in one snapshot and returns a lower bound of what that saw. The bytes are those of the row's own
    /// id in canonical form, and only lent.
    func scanDigests(
        after lower: UserID?, through upper: UserID?, _ body: (RawSpan, ScannedRow) throws -> Void
    ) throws -> SourcePosition?
    /// The rows of some users in one snapshot.
    func rows(of users: [UserID]) throws -> SnapshotRows
    /// An upper bound of what any earlier read saw.
    func binlogEnd() throws -> SourcePosition?
    /// Makes the binary log move, where a fence table exists.
    func writeNonce(_ nonce: String) throws
    var hasFenceTable: Bool { get }
    /// How much the server has to do.
    func load() throws -> SourceLoad
    /// How much a full scan would have to read, as the server's statistics guess.
    func estimate() throws -> SourceEstimate
    func close()
}

extension SourcePort {
    public func encodingID() throws -> String? { nil }

    /// Nothing is known of them.
    public func tables() throws -> [String: String] { [:] }

    /// Nobody is read twice.
    public func secondReading(of users: [UserID]) throws -> [UserID: SecondReading] { [:] }

    public func load() throws -> SourceLoad { SourceLoad() }
    public func estimate() throws -> SourceEstimate { SourceEstimate() }
}

/// A server that is watched while another one is read.
public struct NamedSource {
    public var name: String
    public var port: any SourcePort

    public init(name: String, port: any SourcePort) {
        self.name = name
        self.port = port
    }
}

extension SourceReader: SourcePort {
    public var hasFenceTable: Bool { settings.fenceTable != nil }

    public func encodingID() throws -> String? { try encodingID() as String }
}

/// The offsets of one partition: `low` is the first that can be read, `end` the one that the next record will have.
public struct OffsetBounds: Sendable, Equatable {
    public var low: Int64
    public var end: Int64

    public init(low: Int64, end: Int64) {
        self.low = low
        self.end = end
    }
}

/// One record of a topic, reduced to what a fold needs.
public struct TopicEntry: Sendable, Equatable {
    public var address: RecordAddress
    public var timestampMs: Int64?
    /// The digest of the value's bytes; nil for a tombstone.
    public var digest: Digest?

    public init(address: RecordAddress, timestampMs: Int64? = nil, digest: Digest?) {
        self.address = address
        self.timestampMs = timestampMs
        self.digest = digest
    }
}

/// One record of a topic with its value and headers.
public struct TopicValue: Sendable {
    public var key: [UInt8]?
    public var value: [UInt8]?
    public var headers: [String: [UInt8]]
    public var timestampMs: Int64?

    public init(key: [UInt8]?, value: [UInt8]?, headers: [String: [UInt8]], timestampMs: Int64?) {
        self.key = key
        self.value = value
        self.headers = headers
        self.timestampMs = timestampMs
    }
}

/// A topic, read by offset and outside of any group. One thread owns it.
public protocol TopicPort {
    var name: String { get }
    /// Where each partition begins and ends now.
    func bounds() throws -> [Int32: OffsetBounds]
    /// Shows the records of each partition from an offset up to, and without, another one, each with the bytes of its key, which are
    /// only lent; nil is a null key.
    func read(from start: [Int32: Int64], to end: [Int32: Int64], _ body: (TopicEntry, RawSpan?) throws -> Void) throws
    /// The same with the records' values and headers.
    func readValues(
        from start: [Int32: Int64], to end: [Int32: Int64], _ body: (RecordAddress, TopicValue) throws -> Void) throws
    /// Shows the records at these addresses, in any order; those that can no longer be read are left out.
    func fetch(_ addresses: Set<RecordAddress>, _ body: (RecordAddress, TopicValue) throws -> Void) throws
    func close()
}

extension TopicPort {
    /// One record after the other, for topics that are read in no better way.
    public func readValues(
        from start: [Int32: Int64], to end: [Int32: Int64], _ body: (RecordAddress, TopicValue) throws -> Void
    ) throws {
        for (partition, end) in end.sorted(by: { $0.key < $1.key }) {
            for offset in (start[partition] ?? 0)..<max(start[partition] ?? 0, end) {
                try fetch([RecordAddress(partition: partition, offset: offset)], body)
            }
        }
    }
}

/// How far others have come. One thread owns it.
public protocol ProgressPort {
    /// The offsets that a consumer group has committed for a topic; a partition without one is absent.
    func committed(group: String, topic: String, partitions: [Int32]) throws -> [Int32: Int64]
    /// The source offset that the connector committed last; nil when there is none.
    func connectorOffset() throws -> ConnectorOffset?
    func close()
}

/// The replays that were asked for. One thread owns it.
public protocol ReplayPort {
    /// Those of which it is not certain that all they made is in a ledger, by their ids, the oldest first.
    func underWay() throws -> [String]
    func close()
}

/// A pipeline of which nobody can ask for a replay.
public struct NoReplays: ReplayPort {
    public init() {}

    public func underWay() -> [String] { [] }
    public func close() {}
}

/// How far ledgers have been read; the beginning, unless an earlier reading says otherwise.
public struct LedgerPosition: Sendable, Equatable {
    /// The last id that was read of each ledger, in the order of the ledgers.
    public var lastIDs: [Int64]

    public init(lastIDs: [Int64] = []) {
        self.lastIDs = lastIDs
    }
}

/// How far one ledger goes.
public struct LedgerMark: Sendable, Equatable {
    /// The ledger's identity, which another file does not share.
    public var id: String
    /// The last production's id.
    public var lastID: Int64

    public init(id: String, lastID: Int64) {
        self.id = id
        self.lastID = lastID
    }
}

/// The ledgers, read as one. One thread owns it.
public protocol LedgerPort {
    /// Shows what was appended after a position, and returns the one that this came to.
    func read(after position: LedgerPosition, _ body: (Production) throws -> Void) throws -> LedgerPosition
    /// The highest offset of the God topic that any ledger lists, by partition.
    func highestGodOffsets() throws -> [Int32: Int64]
    /// How far each ledger goes.
    func marks() throws -> [LedgerMark]
}

/// The files of parked records, read as one. One thread owns it.
public protocol ParkedPort {
    /// Shows whose records are parked and still open, in no particular order.
    ///
    /// - Returns: How many open parked records name no user.
    func open(_ body: (UserID, OpenParking) throws -> Void) throws -> Int
    /// Shows the same of some users only.
    func open(of users: Set<UserID>, _ body: (UserID, OpenParking) throws -> Void) throws
    /// The tables whose TRUNCATE is parked and still open, each once, as their records name them.
    func truncatedTables() throws -> [String]
}

extension ParkedPort {
    /// Out of everyone, where users cannot be asked for by their ids.
    public func open(of users: Set<UserID>, _ body: (UserID, OpenParking) throws -> Void) throws {
        _ = try open { user, parking in if users.contains(user) { try body(user, parking) } }
    }

    /// None.
    public func truncatedTables() throws -> [String] { [] }
}

/// The mapping service. One thread owns it.
public protocol MappingPort {
    /// What the service says of each of the users now.
    ///
    /// - Throws: When it as a whole is away.
    func answers(for users: [UserID]) throws -> [UserID: PresentMapping]
}

/// What the mapping service says of one user now.
public enum PresentMapping: Sendable, Equatable {
    /// The digest of the mapping; nil where the service knows none.
    case digest(Digest?)
    /// It fails for this user.
    case failed(String)
}

/// Time, which a simulator may want to make itself.
public protocol ReconcileClock: Sendable {
    /// Milliseconds since 1970.
    func nowMs() -> Int64
    /// Waits; returns early when the run is to end.
    func sleep(ms: Int)
}

/// Makes the ports, each on the thread that is to own it.
public protocol ReconcilePorts: Sendable {
    func source() throws -> any SourcePort
    func topic(_ name: String) throws -> any TopicPort
    /// The replicas that must not lag while the source is scanned.
    func replicas() throws -> [NamedSource]
    func progress() throws -> any ProgressPort
    func ledger() throws -> any LedgerPort
    func parked() throws -> any ParkedPort
    func mappings() throws -> any MappingPort
    func replays() throws -> any ReplayPort
    /// What the broker says of a topic's `cleanup.policy`; nil where it does not say.
    func cleanupPolicy(ofTopic name: String) throws -> String?
    var clock: any ReconcileClock { get }
    /// Runs the tasks at the same time, or one after the other, and throws the first error after all have ended.
    func concurrently(_ tasks: [@Sendable () throws -> Void]) throws
}

extension ReconcilePorts {
    public func replicas() throws -> [NamedSource] { [] }

    public func mappings() throws -> any MappingPort { throw ReconcileError.noMappingService }

    public func cleanupPolicy(ofTopic name: String) throws -> String? { nil }
}
