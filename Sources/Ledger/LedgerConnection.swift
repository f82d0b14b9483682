import Domain
import SQLite

/// What the ledger's writer guards with its mutex: the connection, and the outcomes of batches that another thread committed.
struct LedgerConnection {
    struct Open {
        let database: Database
        /// Held as long as the database is open.
        let lock: FileLock
        var highestGodOffsets: [Int32: Int64]
    }

    let path: String
    private(set) var commitCount = 0
    private var state: Open?
    private var outcomes: [Int: Result<Void, LedgerError>] = [:]

    init(path: String, database: Database, lock: FileLock, highestGodOffsets: [Int32: Int64]) {
        self.path = path
        state = Open(database: database, lock: lock, highestGodOffsets: highestGodOffsets)
    }

    func open() throws -> Open {
        guard let state else { throw LedgerError(.closed, path: path, "the ledger was closed") }
        return state
    }

    /// Closes the database first, and only then lets go of the lock.
    mutating func close() {
        let lock = state?.lock
        state = nil
        withExtendedLifetime(lock) {}
    }

    mutating func takeOutcome(of ticket: Int) -> Result<Void, LedgerError>? {
        outcomes.removeValue(forKey: ticket)
    }

    mutating func leave(_ outcome: Result<Void, LedgerError>, for ticket: Int) {
        outcomes[ticket] = outcome
    }

    /// One transaction: all of them or none.
    mutating func commit(_ productions: [Production]) -> Result<Void, LedgerError> {
        do {
            var open = try open()
            let raised = Self.ends(of: productions, above: open.highestGodOffsets)
            try open.database.transaction {
                var id = try open.database.prepare(ProductionRow.idAfterNothingLeft).first { $0.int64(0) } ?? nil
                let insert = try open.database.prepare(ProductionRow.insert)
                for production in productions {
                    try ProductionRow.insert(production, id: id, with: insert)
                    id = nil
                }
                let raise = try open.database.prepare("INSERT OR REPLACE INTO god_partitions VALUES (?, ?)")
                for (partition, offset) in raised {
                    try raise.run(.integer(Int64(partition)), .integer(offset))
                }
            }
            open.highestGodOffsets.merge(raised) { _, new in new }
            state = open
            commitCount += 1
            return .success(())
        } catch let error as SQLiteError {
            return .failure(LedgerError(error))
        } catch let error as LedgerError {
            return .failure(error)
        } catch {
            return .failure(LedgerError(.failed, path: path, "\(error)"))
        }
    }

    /// The partitions whose highest offset these productions raise, with the new one.
    private static func ends(of productions: [Production], above known: [Int32: Int64]) -> [Int32: Int64] {
        var raised: [Int32: Int64] = [:]
        for god in productions.lazy.map(\.god) where god.offset > raised[god.partition] ?? known[god.partition] ?? -1 {
            raised[god.partition] = god.offset
        }
        return raised
    }

    static func readHighestGodOffsets(_ database: Database) throws -> [Int32: Int64] {
        var ends: [Int32: Int64] = [:]
        try database.prepare("SELECT partition, highest_offset FROM god_partitions").forEach { row in
            guard let partition = row.int64(0).flatMap(Int32.init(exactly:)) else { return }
            ends[partition] = row.int64(1)
        }
        return ends
    }
}
