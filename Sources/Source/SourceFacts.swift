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

    public init(
        serverID: UInt64?, version: String, isMariaDB: Bool, hasBinlog: Bool, binlogFormat: String?, rowImage: String?
    ) {
        self.serverID = serverID
        self.version = version
        self.isMariaDB = isMariaDB
        self.hasBinlog = hasBinlog
        self.binlogFormat = binlogFormat
        self.rowImage = rowImage
    }

    init(reading connection: Connection) throws {
        let result = try connection.query("SELECT @@server_id, @@version, @@log_bin, @@binlog_format, @@binlog_row_image")
        serverID = result.text(0, 0).flatMap { UInt64($0) }
        version = result.text(0, 1) ?? ""
        isMariaDB = connection.isMariaDB
        hasBinlog = result.text(0, 2) == "1"
        binlogFormat = result.text(0, 3)
        rowImage = result.text(0, 4)
    }

    /// MySQL 8.4 dropped the statement's old name: https://dev.mysql.com/doc/refman/8.4/en/show-binary-log-status.html
    var binlogEndStatement: String {
        let numbers = version.split { !$0.isNumber }.prefix(2).compactMap { Int($0) }
        let isRenamed = !isMariaDB && numbers.count == 2 && (numbers[0], numbers[1]) >= (8, 4)
        return isRenamed ? "SHOW BINARY LOG STATUS" : "SHOW MASTER STATUS"
    }
}
