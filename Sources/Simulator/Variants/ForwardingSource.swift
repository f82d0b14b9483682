import Domain
import Reconcile
import Source

/// A source that asks another one, so that a variant says only where it differs.
protocol ForwardingSource: SourcePort {
    var base: any SourcePort { get }
}

extension ForwardingSource {
    func serverFacts() throws -> SourceFacts { try base.serverFacts() }
    func fields() throws -> [RowEncoder.Column] { try base.fields() }
    func tables() throws -> [String: String] { try base.tables() }
    func encodingID() throws -> String? { try base.encodingID() }
    func secondReading(of users: [UserID]) throws -> [UserID: SecondReading] { try base.secondReading(of: users) }
    func boundary(after lower: UserID?, rows: Int) throws -> UserID? { try base.boundary(after: lower, rows: rows) }
    func scanDigests(
        after lower: UserID?, through upper: UserID?, _ body: (RawSpan, ScannedRow) throws -> Void
    ) throws -> SourcePosition? {
        try base.scanDigests(after: lower, through: upper, body)
    }
    func rows(of users: [UserID]) throws -> SnapshotRows { try base.rows(of: users) }
    func binlogEnd() throws -> SourcePosition? { try base.binlogEnd() }
    func writeNonce(_ nonce: String) throws { try base.writeNonce(nonce) }
    var hasFenceTable: Bool { base.hasFenceTable }
    func load() throws -> SourceLoad { try base.load() }
    func estimate() throws -> SourceEstimate { try base.estimate() }
    func close() { base.close() }
}
