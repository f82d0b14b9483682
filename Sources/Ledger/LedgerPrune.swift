import SQLite

/// What a prune did.
///
/// The rows go in one transaction. Then the file is compacted with `VACUUM`, which for a while needs about the file's size
/// again on the disk. Where there is no room for that, the rows are gone all the same and their pages are used again by later
/// productions, but the file stays as large as it was.
public struct PruneOutcome: Sendable, Hashable {
    /// How many superseded productions were deleted.
    public var deleted: Int
    /// How many are left.
    public var kept: Int
    /// The size of the file with its write-ahead log before and after, in bytes.
    public var sizeBeforeBytes: Int64
    public var sizeAfterBytes: Int64
    /// Why the file could not be compacted; nil where it was.
    public var compactionError: LedgerError?
}

/// Keeps, of each user and partition, the production with the highest offset.
///
/// The last row stays in any case: row ids go on from the highest one, and a reader that has seen up to an id relies on it
/// that later rows have higher ones.
func pruneLedger(_ database: Database, path: String) throws -> PruneOutcome {
    let sizeBefore = fileSizeBytes(path) + fileSizeBytes(path + "-wal")
    var deleted = 0
    var kept = 0
    try database.transaction {
        // "If there is exactly one min() or max() aggregate in the query, then all bare columns in the result set take values
        // from an input row which also contains the minimum or maximum" (SELECT, section 2.5).
        let delete = """
            DELETE FROM productions
            WHERE id <> (SELECT max(id) FROM productions)
              AND id NOT IN (
                SELECT newest FROM (SELECT id AS newest, max(god_offset) FROM productions GROUP BY user, god_partition))
            """
        try database.prepare(delete).run()
        deleted = database.changes
        kept = Int(try database.prepare("SELECT count(*) FROM productions").first { $0.int64(0) ?? 0 } ?? 0)
        let note = try database.prepare("INSERT OR REPLACE INTO meta (key, value) VALUES ('pruned_at_ms', ?)")
        try note.run(.text(String(currentTimeMs())))
    }
    var compactionError: LedgerError?
    do {
        // Pages may also be free because an earlier prune found no room to compact the file.
        if try deleted > 0 || database.pragma("freelist_count") != "0" { try database.execute("VACUUM") }
        try database.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    } catch let error as SQLiteError {
        compactionError = LedgerError(error)
    }
    return PruneOutcome(
        deleted: deleted, kept: kept, sizeBeforeBytes: sizeBefore,
        sizeAfterBytes: fileSizeBytes(path) + fileSizeBytes(path + "-wal"),
        compactionError: compactionError)
}
