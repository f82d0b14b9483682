import Domain
import Kafka

// What a step needs of the world. The types of the lower floors satisfy these ports by extension (see `Adapters`), and a
// simulator can too: behind a port lies every clock, thread and chance that a step depends on.
//
// Each call can fail. A ``PortFailure`` says what the step is to do about it; any other error is the end of the worker, and
// leaves the world exactly as a crash at that call would.

/// Where a step's records come from: a member of a consumer group.
public protocol RecordSource: AnyObject {
    /// Waits for records, and serves the group: a member that does not poll loses its partitions.
    ///
    /// - Parameters:
    ///   - maxRecords: The most records to return.
    ///   - maxBytes: After so many bytes no more records are added.
    ///   - timeoutMs: How long to wait for the first one. 0 asks only for what is there already.
    func poll(maxRecords: Int, maxBytes: Int, timeoutMs: Int) throws -> Poll
    /// Serves the group in the middle of a batch, and returns at once. Records that arrive wait for the next poll; before they
    /// become many, delivery is paused until then.
    ///
    /// - Returns: A poll without records and without ends.
    func keepAlive() throws -> Poll
    /// Commits, for each partition, the offset of the next record to read, and waits for the broker's answer.
    ///
    /// - Parameter whileWaiting: Called several times a second.
    func commit(_ offsets: [TopicPartition: Int64], whileWaiting: () throws -> Void) throws
    /// What lies behind and before partitions that were just assigned.
    ///
    /// - Parameter lookBack: How many offsets before the committed one to read again; 0 reads nothing.
    func history(of partitions: Set<TopicPartition>, lookBack: Int) throws -> [TopicPartition: PartitionHistory]
    /// The offset that the next record of any partition will have; 0 where there is no such partition.
    func end(of partition: TopicPartition) throws -> Int64
    /// How many partitions a topic has now; nil where there is no such topic.
    func partitionCount(of topic: String) throws -> Int?
    /// Whether the group has given the assignment to others already, without a revoke that this member could have answered.
    var isAssignmentLost: Bool { get }
}

/// What one call to a ``RecordSource`` brought.
public struct Poll: Sendable {
    /// In the order of their offsets within a partition, and all of partitions that are assigned when the poll returns: what
    /// was read of a partition before this poll revoked it is not among them.
    public var records: [Record]
    /// Partitions whose end was reached, and the offset of the next record there will be.
    public var ends: [TopicPartition: Int64]
    public var assigned: Set<TopicPartition>
    public var revoked: Set<TopicPartition>
    /// Troubles that the client mends by itself, such as a broker that does not answer.
    public var notices: [String]

    public init(
        records: [Record] = [], ends: [TopicPartition: Int64] = [:], assigned: Set<TopicPartition> = [],
        revoked: Set<TopicPartition> = [], notices: [String] = []
    ) {
        self.records = records
        self.ends = ends
        self.assigned = assigned
        self.revoked = revoked
        self.notices = notices
    }
}

/// A partition at the moment at which it is assigned.
public struct PartitionHistory: Sendable {
    /// The offset from which the group reads on; nil where it never committed one.
    public var committed: Int64?
    /// The offset of the first record that the broker still has.
    public var low: Int64
    /// The offset that the next record will have.
    public var high: Int64
    /// The last records before the committed offset, oldest first, as far as they were asked for and could be read.
    public var last: [Record]

    public init(committed: Int64?, low: Int64, high: Int64, last: [Record] = []) {
        self.committed = committed
        self.low = low
        self.high = high
        self.last = last
    }
}

/// Where a step's records go.
public protocol RecordSink: AnyObject {
    /// Takes the record over for delivery.
    ///
    /// - Parameter whileWaiting: Called several times a second while there is no room.
    /// - Returns: A ticket by which ``flush(timeoutMs:whileWaiting:)`` names the record.
    /// - Throws: ``PortFailure`` of kind `tooLarge` when no broker would take it.
    func send(_ record: OutgoingRecord, whileWaiting: () throws -> Void) throws -> UInt64
    /// Waits for what becomes of every record sent since the last flush.
    ///
    /// - Parameter whileWaiting: Called several times a second.
    /// - Returns: One receipt for each of them. Those without an answer in time are given up, and have failed as `unavailable`.
    func flush(timeoutMs: Int, whileWaiting: () throws -> Void) throws -> [Receipt]
    /// Gives up every record that is not delivered yet; the next flush returns each as failed.
    func purge() throws
}

/// What became of one record.
public struct Receipt: Sendable {
    public var ticket: UInt64
    public var outcome: Outcome

    public enum Outcome: Sendable {
        /// Acknowledged by all in-sync replicas. A record that had to be sent twice can be there without it being known where.
        case delivered(RecordAddress?)
        case failed(PortFailure)
    }

    public init(ticket: UInt64, outcome: Outcome) {
        self.ticket = ticket
        self.outcome = outcome
    }
}

/// The aggregate query.
public protocol RowReader: AnyObject {
    /// The rows of these users, all from one consistent snapshot.
    ///
    /// Opens a new connection where the last one failed.
    func rows(of users: [UserID]) throws -> SnapshotRows
    /// The end of the log that the change events come from: no change that was ever logged lies beyond. Nil where the server cannot
    /// say, as a replica cannot, or must not.
    func binlogEnd() throws -> SourcePosition?
}

/// The ledger, as the enricher sees it. Shared by all workers.
public protocol ProductionLog {
    /// Writes the productions down for good: when this returns, they survive a crash.
    func append(_ productions: [Production]) throws
}

/// The parked records, as the steps see them. Shared by all workers.
public protocol ParkingLot {
    /// Writes the records down for good: when this returns, they survive a crash. Parking the same record twice is harmless.
    func park(_ records: [Parking]) throws
    /// Closes what these hops have parked for the users, because a newer record of theirs succeeded. Called for every batch, so
    /// it must be cheap where nothing is parked.
    func close(_ users: [UserID], hops: Set<Hop>) throws
}

/// A record that is to be parked, and why.
public struct Parking: Sendable, Equatable {
    public var hop: Hop
    public var reason: ParkReason
    /// What exactly was wrong.
    public var detail: String
    /// The users that it concerns, as far as they are known.
    public var users: [UserID]
    public var record: Record

    public init(hop: Hop, reason: ParkReason, detail: String, users: [UserID], record: Record) {
        self.hop = hop
        self.reason = reason
        self.detail = detail
        self.users = users
        self.record = record
    }
}

/// Time, as a step sees it.
public protocol Clock: AnyObject {
    /// Milliseconds since 1970.
    var nowMs: Int64 { get }
    /// Lets time pass.
    ///
    /// - Throws: What is to end the step, when nobody wants to wait any longer.
    func sleep(ms: Int) throws
    /// Throws what is to end the step, when nobody wants to wait any longer. Called from within every wait.
    func checkPatience() throws
}

extension Clock {
    /// There is always more time.
    public func checkPatience() throws {}
}

/// The mapping service: ID mappings of users, by a client that retries and protects the service by itself.
public protocol MappingLookup {
    /// The answer for each of the users.
    ///
    /// - Parameter whileWaiting: Called several times a second; what it throws ends the lookup.
    /// - Throws: ``PortFailure`` of kind `unavailable` when the service as a whole is away.
    func mappings(of users: [UserID], whileWaiting: () throws -> Void) throws -> [UserID: MappingAnswer]
    /// Forgets every remembered answer, so that the service is asked afresh.
    func forgetAnswers()
    /// Forgets what is remembered of these users, so that the service is asked afresh about them.
    func forgetAnswers(of users: Set<UserID>)
}

extension MappingLookup {
    /// Nothing is remembered.
    public func forgetAnswers() {}

    /// Nothing is remembered.
    public func forgetAnswers(of users: Set<UserID>) {}
}

/// What the mapping service says of one user.
public enum MappingAnswer: Sendable, Equatable {
    /// The mapping, as canonical JSON.
    case found([UInt8])
    /// The service does not know the user.
    case notFound
    /// It fails for this user and answers others: trying again would not help. The text says how.
    case failed(String)
}
