/// One God object, or the tombstone of one, that the broker acknowledged: a line of the ledger.
///
/// It holds digests and positions only; no personal data but the user id.
public struct Production: Sendable, Equatable {
    public var user: UserID
    /// Where it lies in the God topic.
    public var god: RecordAddress
    /// The digest of its bytes; nil for a tombstone.
    public var godDigest: Digest?
    /// The aggregate that it was made from.
    public var aggregate: RecordAddress
    /// The digest of that aggregate's bytes; nil for a tombstone.
    public var aggregateDigest: Digest?
    /// The source position that the aggregate was read at; nil when the aggregate does not say.
    public var version: SourcePosition?
    /// The digest of the mapping; nil for a tombstone, and where the service knew no mapping.
    public var mappingDigest: Digest?
    /// Milliseconds since 1970.
    public var producedAtMs: Int64

    public init(
        user: UserID, god: RecordAddress, godDigest: Digest?, aggregate: RecordAddress, aggregateDigest: Digest?,
        version: SourcePosition?, mappingDigest: Digest?, producedAtMs: Int64
    ) {
        self.user = user
        self.god = god
        self.godDigest = godDigest
        self.aggregate = aggregate
        self.aggregateDigest = aggregateDigest
        self.version = version
        self.mappingDigest = mappingDigest
        self.producedAtMs = producedAtMs
    }

    /// Whether the user has a God object by this production.
    public var isLive: Bool { godDigest != nil }
}
