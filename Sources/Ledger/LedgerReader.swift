import Domain
import SQLite

/// Reads a ledger, also while its writer is at work. One thread at a time.
public final class LedgerReader {
    /// The ledger file.
    public let path: String
    /// What the ledger says of itself.
    public let identity: LedgerIdentity
    let database: Database

    /// Opens an existing ledger.
    ///
    /// - Parameter cacheBytes: What it may keep in memory of the file; nil for SQLite's own limit.
    /// - Throws: ``LedgerError``: `missing`, `notOurs`, `newerSchema`, `olderSchema`, `damaged`, `inaccessible`.
    public init(path: String, cacheBytes: Int? = nil) throws {
        let database = try FileFormat.ledger.openForReading(path, cacheBytes: cacheBytes)
        guard let identity = try translatingErrors({ try LedgerIdentity.read(from: database) }) else {
            throw LedgerError(.missing, path: path, "the ledger was created and not finished; its writer does so when it starts")
        }
        self.path = path
        self.identity = identity
        self.database = database
    }

    /// Runs `body` in one snapshot: all that it reads from this ledger is of one moment.
    ///
    /// The writer goes on meanwhile, but its log cannot be folded back into the file, and grows. Minutes are fine, days are
    /// not.
    ///
    /// - Throws: ``LedgerError``, or what `body` throws.
    public func snapshot<Result>(_ body: () throws -> Result) throws -> Result {
        try translatingErrors {
            database.isInTransaction ? try body() : try database.transaction(.deferred, body)
        }
    }

    /// The id of the last production; 0 in an empty ledger. Ids rise, with gaps where the ledger was pruned.
    public func lastID() throws -> Int64 {
        try snapshot { try database.prepare(ProductionRow.lastID).first { $0.int64(0) ?? 0 } ?? 0 }
    }

    /// Calls `body` with each production in the order of their ids, in one snapshot.
    ///
    /// - Parameters:
    ///   - after: The id after which to start: 0, or what an earlier fold returned.
    ///   - upTo: The last id to read; nil for all.
    /// - Returns: The id of the last production that was read; `after` where there was none.
    /// - Throws: ``LedgerError``, or what `body` throws.
    @discardableResult
    public func fold(
        after: Int64 = 0, upTo: Int64? = nil, _ body: (borrowing Production) throws -> Void
    ) throws -> Int64 {
        var last = after
        var decoder = ProductionRow.Decoder(path: path)
        try snapshot {
            let select = "SELECT \(ProductionRow.columns) FROM productions WHERE id > ? AND id <= ? ORDER BY id"
            try database.prepare(select).forEach(.integer(after), .integer(upTo ?? .max)) { row in
                try body(decoder.production(row))
                last = row.int64(0) ?? last
            }
        }
        return last
    }

    /// All productions of a user, in the order of their ids.
    ///
    /// This reads the whole ledger, at about a million productions a second: an index would make each append many times
    /// slower, for a question that people ask one user at a time.
    public func productions(for user: UserID) throws -> [Production] {
        var found: [Production] = []
        var decoder = ProductionRow.Decoder(path: path)
        try snapshot {
            let select = "SELECT \(ProductionRow.columns) FROM productions WHERE user = ? ORDER BY id"
            try database.prepare(select).forEach(.blob(user.keyBytes)) { row in
                found.append(try decoder.production(row))
            }
        }
        return found
    }

    /// A user's newest production in each partition of the God topic, by partition; normally one. Reads the whole ledger.
    public func newest(for user: UserID) throws -> [Production] {
        var newest = NewestProductions()
        for production in try productions(for: user) { newest.add(production) }
        return newest[user]
    }

    /// The highest God offset recorded in each partition.
    public func highestGodOffsets() throws -> [Int32: Int64] {
        try snapshot { try LedgerConnection.readHighestGodOffsets(database) }
    }
}
