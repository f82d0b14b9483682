import Domain
import MySQL

/// Up to where a consistent snapshot is known to see at least.
///
/// Some of it has to be read before the snapshot is opened (what was visible then, the snapshot shows), some can only be read inside
/// of it.
///
/// | server | place in the log | transactions |
/// |---|---|---|
/// | MariaDB, Percona Server | `Binlog_snapshot_*`, kept together with the snapshot | |
/// | MySQL with GTIDs | | `gtid_executed`, before: a transaction is added to it once it is committed |
/// | a replica, of its primary | how far it has applied, before | as above; on MariaDB `gtid_slave_pos`, inside: replication writes it in the transactions themselves |
///
/// Never `SHOW MASTER STATUS` or `gtid_binlog_pos`: those run ahead of what is visible.
struct SnapshotBounds {
    private let connection: Connection
    private let facts: SourceFacts
    private let origin: BinlogOrigin
    private var applied: BinlogPlace?
    private var executed: GTIDSet?

    /// Reads what has to be read before the snapshot is opened.
    init(before connection: Connection, _ facts: SourceFacts, _ origin: BinlogOrigin) throws {
        self.connection = connection
        self.facts = facts
        self.origin = origin
        if facts.hasGTIDs {
            executed = try connection.query("SELECT @@GLOBAL.gtid_executed").text(0, 0).flatMap { GTIDSet(executed: $0) }
        }
        guard origin == .primary else { return }
        do {
            applied = try ReplicationStatus(reading: connection, facts).applied.place
        } catch let error as MySQLError where error.code == MySQLError.accessDenied {
            // The transactions, where they can be read, say as much.
        }
    }

    /// Reads the rest, in the snapshot.
    ///
    /// - Returns: Nil where the server cannot say, or this account may not know.
    func position() throws -> SourcePosition? {
        switch origin {
        case .own: try SourcePosition(place: executed == nil ? snapshotPlace() : nil, gtids: executed)
        case .primary: try SourcePosition(place: applied, gtids: executed ?? appliedByMariaDB())
        }
    }

    /// MariaDB and Percona keep the binary log's position together with the snapshot:
    /// https://mariadb.com/kb/en/enhancements-for-start-transaction-with-consistent-snapshot/
    private func snapshotPlace() throws -> BinlogPlace? {
        let result = try connection.query("SHOW STATUS LIKE 'binlog_snapshot_%'")
        var values: [String: String] = [:]
        for row in 0..<result.rowCount { values[result.text(row, 0)?.lowercased() ?? ""] = result.text(row, 1) }
        guard let file = values["binlog_snapshot_file"], let offset = values["binlog_snapshot_position"].flatMap({ UInt64($0) })
        else { return nil }
        return BinlogPlace(server: facts.serverOfEvents, file: file, offset: offset)
    }

    /// What the snapshot shows of `mysql.gtid_slave_pos`, into which each replicated transaction writes itself. Of a domain's rows the
    /// one with the highest `sub_id` is current: https://mariadb.com/kb/en/mysqlgtid_slave_pos-table/
    ///
    /// - Returns: Nil on MySQL, where the account may not read the table, and where its engine knows no snapshots.
    private func appliedByMariaDB() throws -> GTIDSet? {
        guard facts.isMariaDB, facts.isSlavePositionTransactional else { return nil }
        let rows: ResultSet
        do throws(MySQLError) {
            rows = try connection.query(
                "SELECT domain_id, server_id, seq_no FROM mysql.gtid_slave_pos ORDER BY domain_id, sub_id")
        } catch {
            guard error.isAccessRefusal else { throw error }
            return nil
        }
        return GTIDSet(
            newest: (0..<rows.rowCount).compactMap { row in
                guard let domain = rows.text(row, 0).flatMap({ UInt64($0) }),
                    let server = rows.text(row, 1).flatMap({ UInt64($0) }),
                    let sequence = rows.text(row, 2).flatMap({ UInt64($0) })
                else { return nil }
                return (domain, server, sequence)
            })
    }
}
