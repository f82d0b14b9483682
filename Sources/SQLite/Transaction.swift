import CSQLite

extension Database {
    /// When a transaction takes its locks.
    public enum TransactionKind: String, Sendable {
        /// At the first statement that needs one. Right for reading: the snapshot is taken by the first read.
        case deferred = "DEFERRED"
        /// At once, as the one writer. Right for writing: a transaction that starts by reading and finds at its first write
        /// that another connection wrote meanwhile fails with `SQLITE_BUSY`, which no timeout mends.
        case immediate = "IMMEDIATE"
    }

    /// Whether a transaction is open.
    ///
    /// "Autocommit mode is disabled by a BEGIN statement. Autocommit mode is re-enabled by a COMMIT or ROLLBACK."
    public var isInTransaction: Bool { sqlite3_get_autocommit(connection.handle) == 0 }

    /// Runs `body` in a transaction: it is committed when `body` returns, and rolled back when `body` or the commit throws.
    /// The connection is usable afterwards in either case.
    ///
    /// - Throws: What `body` throws, or `SQLiteError`. Transactions do not nest.
    public func transaction<Result>(_ kind: TransactionKind = .immediate, _ body: () throws -> Result) throws -> Result {
        guard !isInTransaction else { throw SQLiteError.misuse(path: path, "a transaction is already open") }
        try execute("BEGIN \(kind.rawValue)")
        do {
            let result = try body()
            try execute("COMMIT")
            return result
        } catch {
            rollBack()
            throw error
        }
    }

    private func rollBack() {
        // After errors such as SQLITE_FULL, SQLITE_IOERR or SQLITE_NOMEM "the transaction might be rolled back
        // automatically", and then a ROLLBACK would only fail. A ROLLBACK cannot fail otherwise, except where the file
        // itself cannot be read any more; the error that led here is the one to report.
        guard isInTransaction else { return }
        sqlite3_exec(connection.handle, "ROLLBACK", nil, nil, nil)
    }
}
