import Domain
import SQLite

/// What a file held of one user, and holds no more.
public struct Erasure: Sendable, Hashable {
    /// The file.
    public var path: String
    /// The rows that are gone.
    public var rows: Int
}

/// Deletes rows so that their bytes leave the file, and not only its tables.
///
/// SQLite marks deleted rows as free space and keeps their bytes: `secure_delete` overwrites them with zeros, `VACUUM` writes the
/// file anew without what earlier deletions and updates left behind, and the write-ahead log, which holds old pages, is cut to
/// nothing. What the file system itself keeps of freed blocks is beyond any program's reach.
///
/// - Parameters:
///   - onlyWhereNeeded: Whether a file from which nothing was deleted is left as it is.
///   - delete: Deletes rows, and says how many.
/// - Returns: How many rows `delete` says are gone.
/// - Throws: ``LedgerError``, `busy` where a reader holds on to the log; the rows are gone by then, and the same call again ends
///   the work.
func erase(
    _ database: Database, path: String, onlyWhereNeeded: Bool = false, _ delete: () throws -> Int
) throws -> Erasure {
    try translatingErrors {
        try database.setPragma("secure_delete", to: "ON", reads: "1")
        let rows = try database.transaction { try delete() }
        if onlyWhereNeeded, rows == 0 { return Erasure(path: path, rows: 0) }
        try database.execute("VACUUM")
        guard try database.pragma("wal_checkpoint(TRUNCATE)") == "0" else {
            throw LedgerError(
                .busy, path: path,
                "another program is reading this file, so its log still holds what was deleted; run the same command again")
        }
        return Erasure(path: path, rows: rows)
    }
}

extension LedgerWriter {
    /// Deletes every production of a user, byte for byte. Appends wait meanwhile.
    ///
    /// Row ids go on from the highest one, and a reader that has seen up to an id relies on later rows having higher ones. So
    /// where the last row goes, the last one that is left moves up to its id: who has seen it before sees it twice, which no
    /// fold minds. Where none is left, the id is noted instead. The highest offsets per partition stay, for a start of the pipeline would otherwise read the user's God
    /// objects again and list them anew.
    ///
    /// - Throws: ``LedgerError``.
    public func forget(_ user: UserID) throws -> Erasure {
        try withOpenDatabase { database, path in
            try erase(database, path: path) {
                func lastID() throws -> Int64? {
                    try database.prepare("SELECT max(id) FROM productions").first { $0.int64(0) } ?? nil
                }
                let highest = try lastID()
                try database.prepare("DELETE FROM productions WHERE user = ?").run(.blob(user.keyBytes))
                let rows = database.changes
                let last = try lastID()
                if let highest, last == nil {
                    try database.prepare("INSERT OR REPLACE INTO meta (key, value) VALUES ('last_id', ?)")
                        .run(.text(String(highest)))
                }
                if let highest, let last, last < highest {
                    let columns = ProductionRow.columns.replacing("id, user", with: "user")
                    try database.prepare(
                        "INSERT INTO productions (id, \(columns)) SELECT ?, \(columns) FROM productions WHERE id = ?"
                    ).run(.integer(highest), .integer(last))
                    try database.prepare("DELETE FROM productions WHERE id = ?").run(.integer(last))
                }
                if rows > 0 {
                    try database.prepare("INSERT OR REPLACE INTO meta (key, value) VALUES ('forgot_at_ms', ?)")
                        .run(.text(String(currentTimeMs())))
                }
                return rows
            }
        }
    }
}

extension ParkedStore {
    /// Deletes every record that was parked for a user, with its bytes, in whatever state it is.
    ///
    /// - Parameter ids: Further records to delete, such as those that ``unattributed(mentioning:)`` named.
    /// - Throws: ``LedgerError``.
    public func forget(_ user: UserID, alsoIDs ids: Set<Int64> = []) throws -> Erasure {
        try withDatabase { database in
            try erase(database, path: path) {
                try database.prepare("DELETE FROM parked WHERE user = ?").run(.blob(user.keyBytes))
                var rows = database.changes
                for id in ids {
                    try database.prepare("DELETE FROM parked WHERE id = ?").run(.integer(id))
                    rows += database.changes
                }
                return rows
            }
        }
    }

    /// The parked records that name no user, because they could not be read, and in whose bytes the id stands as a word.
    ///
    /// Only a person can tell whether they are about this user: the `5` in a broken record may be anything.
    ///
    /// - Throws: ``LedgerError``.
    public func unattributed(mentioning user: UserID) throws -> [Int64] {
        try withDatabase { database in
            var ids: [Int64] = []
            let select = "SELECT id, record_key, record_value, headers, message FROM parked WHERE user IS NULL ORDER BY id"
            try database.prepare(select).forEach { row in
                let parts = [row.blob(1), row.blob(2), row.blob(3), row.text(4).map { Array($0.utf8) }]
                if parts.contains(where: { $0.map { containsWord(user.keyBytes, in: $0) } ?? false }) {
                    ids.append(row.int64(0) ?? 0)
                }
            }
            return ids
        }
    }
}

extension History {
    /// Deletes every finding ever made of a user. The counts of the runs stay: they name nobody.
    ///
    /// - Throws: ``LedgerError``.
    public func forget(_ user: UserID) throws -> Erasure {
        try erase(database, path: path) {
            var rows = 0
            for table in try userTables() {
                try database.execute("DELETE FROM \"\(table)\" WHERE user = x'\(hexadecimal(user.keyBytes))'")
                rows += database.changes
            }
            // Where a slice ended, which is one user's id. Without it, the next slice begins at the beginning.
            try database.prepare(
                """
                UPDATE runs SET baseline = json_set(baseline, '$.slice_after', NULL)
                WHERE json_valid(baseline) AND json_extract(baseline, '$.slice_after') = ?
                """
            ).run(.text(user.text))
            return rows + database.changes
        }
    }

    /// Every table that has a column for user ids: one that a later schema adds is not to be forgotten here.
    private func userTables() throws -> [String] {
        var tables: [String] = []
        let select = """
            SELECT t.name FROM sqlite_schema t WHERE t.type = 'table'
            AND EXISTS (SELECT 1 FROM pragma_table_info(t.name) c WHERE c.name = 'user') ORDER BY t.name
            """
        try database.prepare(select).forEach { tables.append($0.text(0) ?? "") }
        return tables
    }
}

private func hexadecimal(_ bytes: [UInt8]) -> String {
    bytes.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
}

/// Whether the bytes hold the word, with neither letter nor digit at either side of it.
private func containsWord(_ word: [UInt8], in bytes: [UInt8]) -> Bool {
    func isPartOfWord(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            0x80...0xFF:
            true
        default: false
        }
    }
    var rest = bytes[...]
    while let place = rest.firstRange(of: word), !word.isEmpty {
        let before = place.lowerBound > bytes.startIndex ? isPartOfWord(bytes[place.lowerBound - 1]) : false
        let after = place.upperBound < bytes.endIndex ? isPartOfWord(bytes[place.upperBound]) : false
        if !before, !after { return true }
        rest = bytes[(place.lowerBound + 1)...]
    }
    return false
}
