import Domain
import Source

/// A source that asks another one, and says only where it differs. What the port has a default for is asked, too: a wrapper that forgot to
/// would silently know nothing of it.
public protocol ForwardingSource: SourcePort {
    /// The source that is asked.
    var base: any SourcePort { get }
}

extension ForwardingSource {
    public func serverFacts() throws -> SourceFacts { try base.serverFacts() }
    public func fields() throws -> [RowEncoder.Column] { try base.fields() }
    public func tables() throws -> [String: String] { try base.tables() }
    public func encodingID() throws -> String? { try base.encodingID() }
    public func secondReading(of users: [UserID]) throws -> [UserID: SecondReading] { try base.secondReading(of: users) }
    public func boundary(after lower: UserID?, rows: Int) throws -> UserID? { try base.boundary(after: lower, rows: rows) }
    public func scanDigests(
        after lower: UserID?, through upper: UserID?, _ body: (RawSpan, ScannedRow) throws -> Void
    ) throws -> SourcePosition? {
        try base.scanDigests(after: lower, through: upper, body)
    }
    public func rows(of users: [UserID]) throws -> SnapshotRows { try base.rows(of: users) }
    public func binlogEnd() throws -> SourcePosition? { try base.binlogEnd() }
    public func writeNonce(_ nonce: String) throws { try base.writeNonce(nonce) }
    public var hasFenceTable: Bool { base.hasFenceTable }
    public func load() throws -> SourceLoad { try base.load() }
    public func estimate() throws -> SourceEstimate { try base.estimate() }
    public func close() { base.close() }
}
