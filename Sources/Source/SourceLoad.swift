import Domain
import MySQL

/// How much a server has to do.
public struct SourceLoad: Sendable, Equatable {
    /// How far a server is behind the one that it replicates from.
    public enum ReplicaLag: Sendable, Equatable {
        case notReplicating
        /// It is a replica, and does not replicate.
        case stopped
        case seconds(Int)
    }

    /// Statements that are being executed; nil where the server does not say.
    public var threadsRunning: Int?
    public var replicaLag: ReplicaLag

    public init(threadsRunning: Int? = nil, replicaLag: ReplicaLag = .notReplicating) {
        self.threadsRunning = threadsRunning
        self.replicaLag = replicaLag
    }
}

/// How much a scan of everyone would read. Statistics, and so a guess.
public struct SourceEstimate: Sendable, Equatable {
    /// Rows of the users table; nil where that is not known.
    public var rows: Int?
    /// Bytes of the tables' rows; nil where that is not known.
    public var bytes: Int?

    public init(rows: Int? = nil, bytes: Int? = nil) {
        self.rows = rows
        self.bytes = bytes
    }
}

extension SourceReader {
    /// How much the server has to do now.
    ///
    /// - Throws: `MySQLError`; for a replica's lag the account needs SLAVE MONITOR (MariaDB) or REPLICATION CLIENT (MySQL).
    public func load() throws -> SourceLoad {
        try guarded {
            let threads = try connection.query("SHOW GLOBAL STATUS LIKE 'Threads_running'")
            var load = SourceLoad(threadsRunning: threads.rowCount > 0 ? threads.text(0, 1).flatMap { Int($0) } : nil)
            let facts = try knownFacts()
            guard facts.isReplica != false else { return load }
            let status = try connection.query(facts.replicationStatement)
            guard status.rowCount > 0 else { return load }
            // With several primaries, the one that is furthest behind counts.
            load.replicaLag = (0..<status.rowCount).map { row -> SourceLoad.ReplicaLag in
                let text = status.text(row, "Seconds_Behind_Master") ?? status.text(row, "Seconds_Behind_Source")
                return text.flatMap { Int($0) }.map { .seconds($0) } ?? .stopped
            }.reduce(.notReplicating) { $0.worse($1) }
            return load
        }
    }

    /// What the server's statistics say of the users table.
    public func estimate() throws -> SourceEstimate {
        guard let table = settings.usersTable else { return SourceEstimate() }
        return try guarded {
            let parts = table.split(separator: ".").map(String.init)
            let schema = parts.count > 1 ? SQLLiteral.text(parts[0]) : "DATABASE()"
            let result = try connection.query(
                "SELECT TABLE_ROWS, DATA_LENGTH FROM information_schema.TABLES WHERE TABLE_SCHEMA = \(schema) "
                    + "AND TABLE_NAME = \(SQLLiteral.text(parts.last ?? table))")
            guard result.rowCount > 0 else { return SourceEstimate() }
            return SourceEstimate(
                rows: result.text(0, 0).flatMap { Int($0) }, bytes: result.text(0, 1).flatMap { Int($0) })
        }
    }
}

extension SourceLoad.ReplicaLag {
    fileprivate func worse(_ other: Self) -> Self {
        switch (self, other) {
        case (.stopped, _), (_, .stopped): .stopped
        case (.seconds(let mine), .seconds(let theirs)): .seconds(max(mine, theirs))
        case (.seconds, .notReplicating): self
        case (.notReplicating, _): other
        }
    }
}
