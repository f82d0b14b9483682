extension Database {
    /// The value of a pragma, as text; nil where SQLite does not know it.
    ///
    /// - Parameter name: Part of the program's text, never input: it is written into the statement.
    public func pragma(_ name: StaticString) throws -> String? {
        try Statement("PRAGMA \(name)", on: connection).first { $0.text(0) } ?? nil
    }

    /// Sets a pragma, and makes sure that the setting was taken.
    ///
    /// "No error messages are generated if an unknown pragma is issued", and some, such as `journal_mode`, stay what they
    /// were where they cannot be changed. So the value is read back.
    ///
    /// - Throws: `SQLiteError` where it reads differently afterwards.
    public func setPragma(_ name: StaticString, to value: String, reads expected: String? = nil) throws {
        try execute("PRAGMA \(name) = \(value)")
        let expected = (expected ?? value).lowercased()
        let actual = try pragma(name)
        guard actual?.lowercased() == expected else {
            throw SQLiteError.misuse(path: path, "PRAGMA \(name) is \(actual ?? "unknown"), and cannot be set to \(expected)")
        }
    }

    /// A number in the file's header that belongs to the application: the version of its schema. 0 in a new file.
    public var userVersion: Int32 {
        get throws { try pragma("user_version").flatMap(Int32.init) ?? 0 }
    }

    /// Writes `userVersion`; part of the transaction that is open.
    public func setUserVersion(_ version: Int32) throws {
        try execute("PRAGMA user_version = \(version)")
    }

    /// A number in the file's header that says which application the file belongs to. 0 in a new file.
    public var applicationID: Int32 {
        get throws { try pragma("application_id").flatMap(Int32.init) ?? 0 }
    }

    /// Writes `applicationID`; part of the transaction that is open.
    public func setApplicationID(_ id: Int32) throws {
        try execute("PRAGMA application_id = \(id)")
    }

    /// Whether the database has no table, index, view or trigger.
    public var isEmpty: Bool {
        get throws { try prepare("SELECT count(*) FROM sqlite_schema").first { $0.int64(0) == 0 } ?? true }
    }

    /// Makes every commit durable and lets readers work beside the one writer: `journal_mode=WAL`, `synchronous=FULL`.
    ///
    /// In WAL mode `synchronous=NORMAL` would keep the file consistent but "a transaction might roll back following a power
    /// loss"; with FULL the log is synced after each commit.
    public func useWriteAheadLog() throws {
        try setPragma("journal_mode", to: "WAL")
        try setPragma("synchronous", to: "FULL", reads: "2")
    }

    /// Bounds what the connection keeps in memory of the file's pages, of temporary tables, and of rows that are being sorted: of each so
    /// many bytes, or 64 KiB. SQLite's own limit is 2 MB of each. What does not fit goes to files.
    public func limitCache(bytes: Int) throws {
        // "If the argument N is negative, then the number of cache pages is adjusted to be a number of pages that would use
        // approximately abs(N*1024) bytes of memory."
        let kibibytes = max(64, bytes / 1_024)
        try execute("PRAGMA main.cache_size = -\(kibibytes); PRAGMA temp.cache_size = -\(kibibytes)")
    }

    /// Looks at every page and every row, and returns what is wrong; empty where all is well.
    ///
    /// - Parameter limit: The number of problems after which it stops.
    public func integrityCheck(limit: Int = 100) throws -> [String] {
        var problems: [String] = []
        do {
            try Statement("PRAGMA integrity_check(\(limit))", on: connection).forEach { row in
                problems.append(row.text(0) ?? "")
            }
        } catch let error as SQLiteError where error.isCorrupt {
            // Damage can stop the check itself; it is one more thing that is wrong, and not a failure to look.
            problems.append(error.message)
        }
        return problems == ["ok"] ? [] : problems
    }
}
