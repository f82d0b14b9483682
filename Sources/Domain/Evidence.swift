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
    /// Why a record of this user is parked and still open, by the hop that parked it.
    public var parked: [Hop: ParkReason]

    public init(
        row: Digest? = nil, aggregate: LiveRecord? = nil, production: Production? = nil, god: LiveRecord? = nil,
        parked: [Hop: ParkReason] = [:]
    ) {
        self.row = row
        self.aggregate = aggregate
        self.production = production
        self.god = god
        self.parked = parked
    }
}
