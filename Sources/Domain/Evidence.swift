/// A live record of a topic, as a fold remembers it.
public struct LiveRecord: Sendable, Equatable {
    public var address: RecordAddress
    /// The digest of the value's bytes.
    public var digest: Digest
    /// Milliseconds since 1970, where the broker says.
    public var timestampMs: Int64?

    public init(address: RecordAddress, digest: Digest, timestampMs: Int64? = nil) {
        self.address = address
        self.digest = digest
        self.timestampMs = timestampMs
    }
}

/// All that is known about one user at one time: the input of ``judge(_:)``.
public struct Evidence: Sendable, Equatable {
    /// The digest of the row's canonical encoding; nil when the query yields no row.
    public var row: Digest?
    /// The live aggregate; nil when there is none, be it a tombstone or nothing at all.
    public var aggregate: LiveRecord?
    /// The newest production in the ledgers; nil when no ledger lists the user.
    public var production: Production?
    /// The live God object; nil when there is none.
    public var god: LiveRecord?
    /// Why a record of this user is parked, by the hop that parked it: open entries only, and of those none that the hop has settled
    /// since.
    public var parked: [Hop: ParkReason]
    /// Whether the signals topic holds a signal for the user that the aggregate does not account for; nil when nobody looked.
    public var isSignalledSince: Bool?
    /// Whether the aggregate was written under another query or encoding than today's.
    public var isEncodingChanged: Bool
    /// Whether the aggregate has other bytes than the row's encoding, and says the same: somebody else's producer spaces and spells
    /// in its own way.
    public var isSameInMeaning: Bool
    /// Whether the mapping service answered differently from what the newest production was made with; false when nobody asked.
    public var isMappingChanged: Bool
    /// Live records of the user beside the one that the pipeline would write.
    public var strays: [Stray]

    public init(
        row: Digest? = nil, aggregate: LiveRecord? = nil, production: Production? = nil, god: LiveRecord? = nil,
        parked: [Hop: ParkReason] = [:], isSignalledSince: Bool? = nil, isEncodingChanged: Bool = false,
        isSameInMeaning: Bool = false, isMappingChanged: Bool = false, strays: [Stray] = []
    ) {
        self.row = row
        self.aggregate = aggregate
        self.production = production
        self.god = god
        self.parked = parked
        self.isSignalledSince = isSignalledSince
        self.isEncodingChanged = isEncodingChanged
        self.isSameInMeaning = isSameInMeaning
        self.isMappingChanged = isMappingChanged
        self.strays = strays
    }
}

/// A live record of a user under another key, or in another partition, than the pipeline would choose. Compaction keeps both
/// for ever, and no signal can reach it.
public struct Stray: Sendable, Equatable {
    public var stage: Stage
    /// ``Cause/wrongPartition`` or ``Cause/twoLiveKeys``.
    public var cause: Cause
    public var record: LiveRecord
    /// The record's key, byte for byte.
    public var key: [UInt8]

    public init(stage: Stage, cause: Cause, record: LiveRecord, key: [UInt8]) {
        self.stage = stage
        self.cause = cause
        self.record = record
        self.key = key
    }
}
