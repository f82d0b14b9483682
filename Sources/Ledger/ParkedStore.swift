import Domain
import SQLite
import Synchronization

/// The writer of parked records, shared by all workers of a process.
///
/// As with the ledger, a mutex owns the connection. Parking is rare, so there is no group commit; `close` is called for every
/// batch, so it looks at a set in memory first, and touches the file only where one of the users has something open.
public final class ParkedStore: Sendable {
    /// Who else may write.
    public enum Access: Sendable {
        /// A pipeline: this process alone parks records here.
        case exclusive
        /// Somebody at a terminal, who drops entries beside a running pipeline. SQLite's own locks keep the writes apart. What
        /// is parked through a shared store is not closed by a pipeline that was running already.
        case shared
    }

    /// The file.
    public let path: String
    private let connection: Mutex<Connection>
    /// Whom a later success may concern: at least the users with an open entry, per hop. Changed under the connection's
    /// mutex only, so that it never lacks one; read without waiting for the disk.
    private let openUsers: Mutex<[Hop: Set<UserID>]>

    private struct Connection {
        var database: Database?
        /// Nil where the access is shared.
        var lock: FileLock?

        func open(_ path: String) throws -> Database {
            guard let database else { throw LedgerError(.closed, path: path, "the parked file was closed") }
            return database
        }
    }

    /// Opens the file, creates it where there is none, and upgrades an older one.
    ///
    /// - Throws: ``LedgerError``: `locked` by another pipeline, `notOurs`, `newerSchema`, `damaged`, `inaccessible`.
    public init(path: String, access: Access = .exclusive) throws {
        let lock = access == .exclusive ? try FileLock(guarding: path) : nil
        let database = try FileFormat.parked.openForWriting(path)
        var open: [Hop: Set<UserID>] = [:]
        try translatingErrors {
            try ParkedQueries(database: database).forEachOpenUser { open[$1.hop, default: []].insert($0) }
        }
        self.path = path
        openUsers = Mutex(open)
        connection = Mutex(Connection(database: database, lock: lock))
    }

    /// Keeps records that could not be processed, in one transaction, and returns when that is durable.
    ///
    /// A record that is parked again (the same topic, partition, offset and timestamp) is one attempt more on the same entry. A
    /// closed entry is opened again by that, a dropped one stays dropped: the same bytes deserve the same decision.
    ///
    /// - Throws: ``LedgerError``; none of them is parked then.
    public func park(_ records: [ParkedRecord], atMs: Int64? = nil) throws {
        guard !records.isEmpty else { return }
        let now = atMs ?? currentTimeMs()
        try withDatabase { database in
            // Before the commit: a user too many in the set costs a look at the file, one too few leaves an entry open.
            openUsers.withLock { open in
                for record in records {
                    if let user = record.user { open[record.hop, default: []].insert(user) }
                }
            }
            try database.transaction {
                let upsert = try database.prepare(Self.upsert)
                for record in records {
                    try upsert.run(Self.values(of: record, now: now))
                }
            }
        }
    }

    /// Closes the open entries of users who were processed successfully.
    ///
    /// - Parameter hops: Where the entries were parked. A hop's success says nothing about a record that is parked *before*
    ///   it and has not come by yet: an aggregator closes `intake` and `aggregator`, because it has read the user's row anew;
    ///   an enricher closes `enricher` only.
    /// - Returns: How many entries were closed.
    /// - Throws: ``LedgerError``.
    @discardableResult
    public func close(users: some Sequence<UserID>, hops: Set<Hop>, atMs: Int64? = nil) throws -> Int {
        let concerned = openUsers.withLock { open -> [UserID] in
            let candidates = hops.compactMap { open[$0] }.filter { !$0.isEmpty }
            return candidates.isEmpty ? [] : users.filter { user in candidates.contains { $0.contains(user) } }
        }
        guard !concerned.isEmpty else { return 0 }
        let now = atMs ?? currentTimeMs()
        let names = hops.map { "'\($0.rawValue)'" }.sorted().joined(separator: ", ")
        return try withDatabase { database in
            var closed = 0
            try database.transaction {
                let update = try database.prepare(
                    "UPDATE parked SET state = 'closed', ended_at_ms = ? WHERE state = 'open' AND user = ? AND hop IN (\(names))")
                for user in concerned {
                    try update.run(.integer(now), .blob(user.keyBytes))
                    closed += database.changes
                }
            }
            openUsers.withLock { open in
                for hop in hops { open[hop]?.subtract(concerned) }
            }
            return closed
        }
    }

    /// Marks open entries as dropped; their bytes are kept.
    ///
    /// - Returns: How many were open.
    /// - Throws: ``LedgerError``.
    @discardableResult
    public func drop(ids: some Sequence<Int64>, atMs: Int64? = nil) throws -> Int {
        let now = atMs ?? currentTimeMs()
        let ids = Array(ids)
        return try withDatabase { database in
            var dropped = 0
            try database.transaction {
                let update = try database.prepare(
                    "UPDATE parked SET state = 'dropped', ended_at_ms = ? WHERE id = ? AND state = 'open'")
                for id in ids {
                    try update.run(.integer(now), .integer(id))
                    dropped += database.changes
                }
            }
            return dropped
        }
    }

    /// How many entries are open, per reason.
    ///
    /// - Throws: ``LedgerError``.
    public func openCounts() throws -> [ParkReason: Int] {
        try withDatabase { try ParkedQueries(database: $0).openCounts() }
    }

    /// Closes the file and gives up the lock; later calls throw `closed`. Also done when the store is released.
    public func close() {
        connection.withLock { connection in
            connection.database = nil
            connection.lock = nil
        }
    }

    /// Lends the connection to `body`, which is `@Sendable` so that it captures nothing through which the connection could get
    /// out of the mutex.
    func withDatabase<Result: Sendable>(_ body: @Sendable (Database) throws -> Result) throws -> Result {
        try connection.withLock { connection in
            try translatingErrors { try body(connection.open(path)) }
        }
    }

    private static let upsert = """
        INSERT INTO parked (hop, topic, record_partition, record_offset, timestamp_ms, user, reason, message, attempts,
            first_parked_at_ms, last_parked_at_ms, state, record_key, headers, record_value)
        VALUES (?, ?, ?, ?, ?, ?, ?, ?, 1, ?, ?, 'open', ?, ?, ?)
        ON CONFLICT (topic, record_partition, record_offset, timestamp_ms) DO UPDATE SET
            hop = excluded.hop, user = excluded.user, reason = excluded.reason, message = excluded.message,
            attempts = attempts + 1, last_parked_at_ms = excluded.last_parked_at_ms,
            ended_at_ms = iif(state = 'dropped', ended_at_ms, NULL), state = iif(state = 'dropped', 'dropped', 'open')
        """

    private static func values(of record: ParkedRecord, now: Int64) -> [Value] {
        [
            .text(record.hop.rawValue), .text(record.topic), .integer(Int64(record.address.partition)),
            .integer(record.address.offset), .integer(record.timestampMs), .blob(record.user?.keyBytes),
            .text(record.reason.rawValue), .text(record.message), .integer(now), .integer(now), .blob(record.key),
            .blob(ParkedHeaderCoding.encode(record.headers)), .blob(record.value),
        ]
    }
}
