import Domain

/// A record that could not be processed, as it is handed over to be kept.
public struct ParkedRecord: Sendable, Hashable {
    /// Where it was noticed.
    public var hop: Hop
    /// The topic that it was read from.
    public var topic: String
    /// Where it lies there.
    public var address: RecordAddress
    /// The record's own timestamp in milliseconds since 1970; -1 where it has none.
    public var timestampMs: Int64
    /// The raw bytes; null and empty are different things.
    public var key: [UInt8]?
    public var value: [UInt8]?
    public var headers: [ParkedHeader]
    /// Whom it concerns, where that could be told.
    public var user: UserID?
    /// Why it was parked.
    public var reason: ParkReason
    /// The same in words, with the details of this record.
    public var message: String

    /// A record with all that is known of it.
    public init(
        hop: Hop, topic: String, address: RecordAddress, timestampMs: Int64, key: [UInt8]?, value: [UInt8]?,
        headers: [ParkedHeader] = [], user: UserID?, reason: ParkReason, message: String
    ) {
        self.hop = hop
        self.topic = topic
        self.address = address
        self.timestampMs = timestampMs
        self.key = key
        self.value = value
        self.headers = headers
        self.user = user
        self.reason = reason
        self.message = message
    }
}

/// A header of a parked record: a name, and bytes that may be null.
public struct ParkedHeader: Sendable, Hashable {
    public var name: String
    public var value: [UInt8]?

    /// A header as it was read.
    public init(_ name: String, _ value: [UInt8]?) {
        self.name = name
        self.value = value
    }
}

/// What became of a parked record. The raw values stand in the file and in JSON output: a contract.
public enum ParkedState: String, Sendable, CaseIterable {
    /// Nothing came of it yet.
    case open
    /// The user was processed successfully later on.
    case closed
    /// Somebody decided that it does not matter.
    case dropped
}

/// A parked record in a listing: everything but its bytes.
public struct ParkedEntry: Sendable, Hashable {
    /// Its number in this file.
    public var id: Int64
    public var hop: Hop
    public var topic: String
    public var address: RecordAddress
    /// -1 where the record has none.
    public var timestampMs: Int64
    public var user: UserID?
    public var reason: ParkReason
    public var message: String
    /// How often it was parked: more than once where it was read again after a crash.
    public var attempts: Int
    public var firstParkedAtMs: Int64
    public var lastParkedAtMs: Int64
    public var state: ParkedState
    /// When it was closed or dropped.
    public var endedAtMs: Int64?
    /// The sizes of key and value; nil where they are null.
    public var keySizeBytes: Int?
    public var valueSizeBytes: Int?
}

/// The bytes of a parked record.
public struct ParkedBytes: Sendable, Hashable {
    public var key: [UInt8]?
    public var value: [UInt8]?
    public var headers: [ParkedHeader]
}

/// Which parked records are meant. All conditions must hold; the default is all that are open.
public struct ParkedFilter: Sendable, Hashable {
    public var states: Set<ParkedState>
    public var hop: Hop?
    public var reason: ParkReason?
    public var topic: String?
    public var user: UserID?
    /// Only entries with a higher id: for reading page after page.
    public var afterID: Int64
    /// How many at most.
    public var limit: Int

    /// A filter; what is nil may be anything.
    public init(
        states: Set<ParkedState> = [.open], hop: Hop? = nil, reason: ParkReason? = nil, topic: String? = nil,
        user: UserID? = nil, afterID: Int64 = 0, limit: Int = 1_000
    ) {
        self.states = states
        self.hop = hop
        self.reason = reason
        self.topic = topic
        self.user = user
        self.afterID = afterID
        self.limit = limit
    }
}
