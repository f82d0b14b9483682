import Domain
import MySQL

/// Where the binary log ends, and how to move it on: what a run's fence needs of the source.
extension SourceReader {
    /// The end of the binary log that the change events come from: an upper bound of everything that any earlier read saw. Nil
    /// when there is no binary log.
    ///
    /// It runs ahead of what is visible (a transaction is logged before its rows can be read), so it is never a lower bound.
    public func binlogEnd() throws -> SourcePosition? {
        try guarded {
            let facts = try knownFacts()
            guard try facts.binlogOrigin(stated: settings.binlogOrigin) == .own else {
                return try ReplicationStatus(reading: connection, facts).received
            }
            let result = try connection.query(facts.binlogEndStatement)
            guard result.rowCount > 0, let file = result.text(0, 0), let offset = result.text(0, 1).flatMap({ UInt64($0) }) else {
                return nil
            }
            return SourcePosition(
                place: BinlogPlace(server: facts.serverOfEvents, file: file, offset: offset),
                gtids: facts.hasGTIDs ? result.text(0, "Executed_Gtid_Set").flatMap { GTIDSet(executed: $0) } : nil)
        }
    }

    /// The end of the server's own binary log, if that is the one that the change events come from: none of them can lie beyond. Nil
    /// for a replica of the server that they come from, because what it has received says nothing about what there is.
    public func ownBinlogEnd() throws -> SourcePosition? {
        try guarded { try knownFacts().binlogOrigin(stated: settings.binlogOrigin) == .own } ? binlogEnd() : nil
    }

    /// Writes a row that nothing reads, so that the binary log, and with it the connector's committed offset, moves on.
    public func writeNonce(_ nonce: String) throws {
        guard let table = settings.fenceTable else { throw SourceError.noFenceTable }
        try guarded {
            let table = table.split(separator: ".").map { SQLLiteral.identifier(String($0)) }.joined(separator: ".")
            _ = try connection.execute(
                "INSERT INTO \(table) (id, nonce) VALUES (1, \(SQLLiteral.text(nonce))) "
                    + "ON DUPLICATE KEY UPDATE nonce = VALUES(nonce)")
        }
    }
}
