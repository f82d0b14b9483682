import Domain
import MySQL

/// Whose binary log the change events come from.
public enum BinlogOrigin: String, Sendable, CaseIterable {
    /// The one of the server that is read.
    case own
    /// The one of the server that it replicates from.
    case primary
}

/// Where a replica stands in the binary log of the server that it replicates from.
///
/// That log is the one in which the change events have their positions when the connector reads the primary, so these can be
/// compared with them, and with the connector's committed offset, without GTIDs: Debezium's MySQL connector writes none for a
/// MariaDB server. `gtid_slave_pos` could only be compared with GTIDs.
struct ReplicationStatus: Equatable {
    /// Every transaction before it is applied, committed and visible: it is moved on after the commit. So it is a lower bound of
    /// what a snapshot shows that is opened after it was read.
    ///
    /// With several threads MySQL keeps the lowest of them here, and MariaDB commits in order, unless the settings of the replica
    /// let different GTID domains overtake each other.
    let applied: SourcePosition
    /// How much was received: an upper bound of what is applied.
    let received: SourcePosition

    /// - Throws: ``SourceError/severalPrimaries``, ``SourceError/replicationUnknown``, and `MySQLError`.
    init(reading connection: Connection, _ facts: SourceFacts) throws {
        let result = try connection.query(facts.replicationStatement)
        guard result.rowCount > 0 else { throw SourceError.replicationUnknown }
        guard result.rowCount == 1 else { throw SourceError.severalPrimaries }
        // MySQL 8.0.22 gave the columns new names: https://dev.mysql.com/doc/refman/8.4/en/show-replica-status.html
        func field(_ names: String...) -> String? { names.lazy.compactMap { result.text(0, $0) }.first { !$0.isEmpty } }
        // 0 until the replica has once been connected.
        let server = field("Master_Server_Id", "Source_Server_Id").flatMap { UInt64($0) }.flatMap { $0 == 0 ? nil : $0 }
        func position(_ file: String?, _ offset: String?) -> SourcePosition? {
            guard let file, let offset = offset.flatMap({ UInt64($0) }) else { return nil }
            return SourcePosition(server: server, file: file, offset: offset)
        }
        guard
            let applied = position(
                field("Relay_Master_Log_File", "Relay_Source_Log_File"), field("Exec_Master_Log_Pos", "Exec_Source_Log_Pos")),
            let received = position(
                field("Master_Log_File", "Source_Log_File"), field("Read_Master_Log_Pos", "Read_Source_Log_Pos"))
        else { throw SourceError.replicationUnknown }
        self.applied = applied
        self.received = received
    }
}

extension SourceFacts {
    /// Whose binary log the change events come from, as far as that can be known.
    func binlogOrigin(stated: BinlogOrigin?) throws(SourceError) -> BinlogOrigin {
        if let stated { return stated }
        guard let isReplica else { throw .replicationHidden }
        guard isReplica else { return .own }
        guard !logsReplicatedChanges else { throw .ambiguousBinlog }
        return .primary
    }

    /// The server that the events of this server's log are of. In a replica's log they keep the ids of the servers where they
    /// arose, so that its positions have none in common.
    var serverOfEvents: UInt64? { isReplica == false ? serverID : nil }
}
