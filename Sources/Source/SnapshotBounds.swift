import Domain
import MySQL

/// Up to where a consistent snapshot is known to see at least.
///
/// Some of it has to be read before the snapshot is opened (what was visible then, the snapshot shows), some can only be read inside
/// of it.
///
/// | server | place in the log | transactions |
/// |---|---|---|
/// | MariaDB, Percona Server | `Binlog_snapshot_*`, before and inside: the lower one; see ``earlier`` | |
/// | MySQL with GTIDs | | `gtid_executed`, before: a transaction is added to it once it is committed |
/// | a replica, of its primary | how far it has applied, before | as above; on MariaDB `gtid_slave_pos`, inside: replication writes it in the transactions themselves |
///
/// Never `SHOW MASTER STATUS` or `gtid_binlog_pos`: those run ahead of what is visible.
struct SnapshotBounds {
    private let connection: Connection
    private let facts: SourceFacts
    private let origin: BinlogOrigin
    private var applied: BinlogPlace?
    /// What `Binlog_snapshot_*` said before the snapshot was opened.
    ///
    /// Inside of a snapshot it is meant to say where that snapshot stands. But MariaDB hands these values out through variables that
    /// all sessions share, under a lock that several sessions hold at once, so that a session which asks while another one asks (a
    /// second worker, a monitor) now and then gets the other's answer. Whoever's it is, a place that MariaDB showed before this
    /// snapshot was opened is one whose commits had become visible by then, so this snapshot shows them. Percona Server is the other
    /// way round: it hands the values out one at a time, but to a session without a snapshot it names a place that has only been
    /// logged. The lower one of both readings is a lower bound on either; and a file's name and an offset that were mixed up from
    /// two answers while the log was rotated would have to be so twice.
    private var earlier: SourcePosition?
    private var executed: GTIDSet?

    /// Reads what has to be read before the snapshot is opened.
    init(before connection: Connection, _ facts: SourceFacts, _ origin: BinlogOrigin) throws {
        self.connection = connection
        self.facts = facts
        self.origin = origin
        if facts.hasGTIDs {
            executed = try connection.query("SELECT @@GLOBAL.gtid_executed").text(0, 0).flatMap { GTIDSet(executed: $0) }
        }
        guard origin == .primary else {
            if executed == nil { earlier = try snapshotPosition() }
            return
        }
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
        case .own: try executed.map { SourcePosition(place: nil, gtids: $0) } ?? lowerPosition()
        case .primary: try SourcePosition(place: applied, gtids: executed ?? appliedByMariaDB())
        }
    }

    private func lowerPosition() throws -> SourcePosition? {
        guard let earlier, let position = try snapshotPosition() else { return nil }
        return position.hasReached(earlier) ? earlier : position
    }

    /// MariaDB and Percona keep the binary log's position together with the snapshot:
    /// https://mariadb.com/kb/en/enhancements-for-start-transaction-with-consistent-snapshot/
    private func snapshotPosition() throws -> SourcePosition? {
        let result = try connection.query("SHOW STATUS LIKE 'binlog_snapshot_%'")
        var values: [String: String] = [:]
        for row in 0..<result.rowCount { values[result.text(row, 0)?.lowercased() ?? ""] = result.text(row, 1) }
        guard let file = values["binlog_snapshot_file"], let offset = values["binlog_snapshot_position"].flatMap({ UInt64($0) })
        else { return nil }
        return SourcePosition(server: facts.serverOfEvents, file: file, offset: offset)
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
