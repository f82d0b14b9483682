import SQLite

/// The figures of a ledger, all of one moment.
public struct LedgerStatistics: Sendable, Hashable {
    /// How many productions it lists, superseded ones included.
    public var productions: Int
    /// How many users have one.
    public var users: Int
    /// Of these, how many have a God object by their newest production.
    public var live: Int
    /// Of these, how many have a tombstone.
    public var tombstones: Int
    /// When the first and the last one was produced, in milliseconds since 1970; nil in an empty ledger.
    public var firstProducedAtMs: Int64?
    public var lastProducedAtMs: Int64?
    /// The highest God offset in each partition.
    public var highestGodOffsets: [Int32: Int64]
    /// The id of the last production.
    public var lastID: Int64
    /// The sizes of the file and of its write-ahead log, in bytes.
    public var fileSizeBytes: Int64
    public var logSizeBytes: Int64
}

extension LedgerReader {
    /// Counts. Reads the whole ledger, and sorts it by user in a temporary file.
    ///
    /// - Throws: ``LedgerError``.
    public func statistics() throws -> LedgerStatistics {
        try snapshot {
            let totals = try database.prepare(
                "SELECT count(*), min(produced_at_ms), max(produced_at_ms), (\(ProductionRow.lastID)) FROM productions"
            )
            .first { (Int($0.int64(0) ?? 0), $0.int64(1), $0.int64(2), $0.int64(3) ?? 0) }
            let (productions, first, last, lastID) = totals ?? (0, nil, nil, 0)
            // A user is live where the newest record of any partition is: bare columns come from the row of the maximum.
            let select = """
                SELECT count(*), coalesce(sum(live), 0) FROM (
                    SELECT max(live) AS live FROM (
                        SELECT user, god_digest IS NOT NULL AS live, max(god_offset) FROM productions
                        GROUP BY user, god_partition)
                    GROUP BY user)
                """
            let (users, live) = try database.prepare(select).first { (Int($0.int64(0) ?? 0), Int($0.int64(1) ?? 0)) } ?? (0, 0)
            return try LedgerStatistics(
                productions: productions, users: users, live: live, tombstones: users - live, firstProducedAtMs: first,
                lastProducedAtMs: last, highestGodOffsets: LedgerConnection.readHighestGodOffsets(database), lastID: lastID,
                fileSizeBytes: Ledger.fileSizeBytes(path), logSizeBytes: Ledger.fileSizeBytes(path + "-wal"))
        }
    }
}
