import MySQL

/// What a server says of itself and of its binary log.
public struct SourceFacts: Sendable, Equatable {
    public var serverID: UInt64?
    public var version: String
    public var isMariaDB: Bool
    /// Whether there is a binary log at all.
    public var hasBinlog: Bool
    /// `ROW`, `MIXED` or `STATEMENT`.
    public var binlogFormat: String?
    /// `FULL`, `NOBLOB` or `MINIMAL`.
    public var rowImage: String?
    /// Whether it replicates from another server; nil where the account may not know.
    public var isReplica: Bool?
    /// Whether the changes that it replicates go to its own binary log as well.
    public var logsReplicatedChanges: Bool
    /// MySQL: whether transactions have global ids.
    public var hasGTIDs: Bool
    /// MariaDB: whether the table in which a replica keeps its position takes part in snapshots.
    var isSlavePositionTransactional = false

    public init(
        serverID: UInt64?, version: String, isMariaDB: Bool, hasBinlog: Bool, binlogFormat: String?, rowImage: String?,
        isReplica: Bool? = false, logsReplicatedChanges: Bool = false, hasGTIDs: Bool = false
    ) {
        self.serverID = serverID
        self.version = version
        self.isMariaDB = isMariaDB
        self.hasBinlog = hasBinlog
        self.binlogFormat = binlogFormat
        self.rowImage = rowImage
        self.isReplica = isReplica
        self.logsReplicatedChanges = logsReplicatedChanges
        self.hasGTIDs = hasGTIDs
    }

    init(reading connection: Connection) throws {
        let result = try connection.query(
            """
            SELECT @@server_id, @@version, @@log_bin, @@binlog_format, @@binlog_row_image, @@log_slave_updates, @@read_only
            """)
        serverID = result.text(0, 0).flatMap { UInt64($0) }
        version = result.text(0, 1) ?? ""
        isMariaDB = connection.isMariaDB
        hasBinlog = result.text(0, 2) == "1"
        binlogFormat = result.text(0, 3)
        rowImage = result.text(0, 4)
        logsReplicatedChanges = hasBinlog && result.text(0, 5) == "1"
        hasGTIDs = try !isMariaDB && connection.query("SELECT @@GLOBAL.gtid_mode").text(0, 0) == "ON"
        isReplica = nil
        isSlavePositionTransactional = try isMariaDB && Self.hasTransactionalSlavePosition(connection)
        isReplica = try Self.isReplica(connection, replicationStatement, isReadOnly: result.text(0, 6) != "0")
    }

    /// Whether the server replicates from another one; nil where the account may not know, and the server looks as if it did: one
    /// that only its administrators may write to is one that changes come to in another way.
    private static func isReplica(_ connection: Connection, _ statement: String, isReadOnly: Bool) throws -> Bool? {
        do throws(MySQLError) {
            return try connection.query(statement).rowCount > 0
        } catch {
            guard error.code == MySQLError.accessDenied else { throw error }
            return isReadOnly ? nil : false
        }
    }

    private static func hasTransactionalSlavePosition(_ connection: Connection) throws -> Bool {
        let engine = try connection.query(
            "SELECT engine FROM information_schema.tables WHERE table_schema = 'mysql' AND table_name = 'gtid_slave_pos'")
        // An account sees only the tables that it may read.
        return engine.rowCount > 0 && engine.text(0, 0) == "InnoDB"
    }

    /// MySQL 8.4 dropped the statement's old name: https://dev.mysql.com/doc/refman/8.4/en/show-binary-log-status.html
    var binlogEndStatement: String {
        isMySQL84 ? "SHOW BINARY LOG STATUS" : "SHOW MASTER STATUS"
    }

    /// Likewise: https://dev.mysql.com/doc/refman/8.4/en/show-replica-status.html
    var replicationStatement: String { isMySQL84 ? "SHOW REPLICA STATUS" : "SHOW SLAVE STATUS" }

    private var isMySQL84: Bool {
        let numbers = version.split { !$0.isNumber }.prefix(2).compactMap { Int($0) }
        return !isMariaDB && numbers.count == 2 && (numbers[0], numbers[1]) >= (8, 4)
    }
}
