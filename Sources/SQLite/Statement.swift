import CSQLite

/// A prepared statement.
///
/// Parameters are numbered from 0, like columns; SQLite's own numbering of parameters from 1 stays inside.
///
/// ```swift
/// let insert = try database.prepare("INSERT INTO colour (name, code) VALUES (?, ?)")
/// try insert.run("red", 0xFF0000)
///
/// try database.prepare("SELECT name FROM colour WHERE code > ?").forEach(0) { row in
///     print(row.text(0) ?? "nameless")
/// }
/// ```
public final class Statement {
    private let connection: Connection
    private let handle: OpaquePointer
    /// The text it was prepared from.
    public let sql: String
    /// How many columns a row of it has; 0 for a statement that yields no rows.
    public let columnCount: Int
    /// How many parameters it takes.
    public let parameterCount: Int
    /// Whether `step` returned a row that has not been left since.
    private(set) var hasRow = false
    /// Whether it was stepped and not reset since. Such a statement holds a read transaction open.
    private(set) var isRunning = false

    init(_ sql: String, on connection: Connection) throws(SQLiteError) {
        // The text ends at its first NUL, so one with a NUL inside is refused instead of being cut short.
        guard !sql.utf8.contains(0) else { throw .misuse(path: connection.path, "a statement contains a NUL character") }
        var handle: OpaquePointer?
        let (code, tail) = sql.withCString { start -> (Int32, String) in
            var tail: UnsafePointer<CChar>?
            let code = sqlite3_prepare_v3(connection.handle, start, -1, UInt32(SQLITE_PREPARE_PERSISTENT), &handle, &tail)
            return (code, tail.map { String(cString: $0) } ?? "")
        }
        try connection.check(code, "cannot prepare \(excerpt(sql))")
        // "If the input text contains no SQL (if the input is an empty string or a comment) then *ppStmt is set to NULL."
        guard let handle else { throw .misuse(path: connection.path, "no statement in \(excerpt(sql))") }
        // "These routines only compile the first statement in zSql": a second one would be left out without a word.
        guard tail.allSatisfy(\.isWhitespace) else {
            sqlite3_finalize(handle)
            throw .misuse(path: connection.path, "more than one statement in \(excerpt(sql))")
        }
        self.connection = connection
        self.handle = handle
        self.sql = sql
        self.columnCount = Int(sqlite3_column_count(handle))
        self.parameterCount = Int(sqlite3_bind_parameter_count(handle))
    }

    deinit {
        sqlite3_finalize(handle)
    }

    // MARK: Binding

    /// Sets one parameter, counted from 0.
    public func bind(_ value: Value, at index: Int) throws(SQLiteError) {
        switch value {
        case .null: try check(sqlite3_bind_null(handle, Int32(index + 1)))
        case .integer(let number): try check(sqlite3_bind_int64(handle, Int32(index + 1), number))
        case .real(let number): try check(sqlite3_bind_double(handle, Int32(index + 1), number))
        case .text(let text): try bind(text: text, at: index)
        case .blob(let bytes): try bind(blob: bytes, at: index)
        }
    }

    /// Sets all parameters, in order.
    ///
    /// - Throws: `SQLiteError` where the number of values is not the number of parameters: a parameter that is left alone
    ///   would silently be NULL.
    public func bind(_ values: [Value]) throws(SQLiteError) {
        guard values.count == parameterCount else {
            throw .misuse(
                path: connection.path, "\(excerpt(sql)) takes \(parameterCount) parameters, not \(values.count)")
        }
        for (index, value) in values.enumerated() {
            try bind(value, at: index)
        }
    }

    /// Sets one parameter to an integer, without a detour over `Value`.
    public func bind(integer: Int64, at index: Int) throws(SQLiteError) {
        try check(sqlite3_bind_int64(handle, Int32(index + 1), integer))
    }

    /// Sets one parameter to the UTF-8 bytes of a text, stored as a BLOB.
    ///
    /// For texts that may contain NUL: "The result of expressions involving strings with embedded NULs is undefined",
    /// says the manual of `sqlite3_bind_text`. Of a BLOB every byte counts.
    public func bind(utf8Blob text: String, at index: Int) throws(SQLiteError) {
        var text = text
        let code = text.withUTF8 { bytes in
            bytes.isEmpty
                ? sqlite3_bind_zeroblob(handle, Int32(index + 1), 0)
                : rollcall_sqlite_bind_blob(handle, Int32(index + 1), bytes.baseAddress, UInt64(bytes.count))
        }
        try check(code)
    }

    private func bind(text: String, at index: Int) throws(SQLiteError) {
        var text = text
        let code = text.withUTF8 { bytes in
            bytes.withMemoryRebound(to: CChar.self) { characters in
                // A null pointer would bind NULL. The empty text gets the address of an empty C string instead.
                characters.isEmpty
                    ? rollcall_sqlite_bind_text(handle, Int32(index + 1), "", 0)
                    : rollcall_sqlite_bind_text(handle, Int32(index + 1), characters.baseAddress, UInt64(characters.count))
            }
        }
        try check(code)
    }

    private func bind(blob: [UInt8], at index: Int) throws(SQLiteError) {
        let code = blob.withUnsafeBytes { bytes in
            // "If the third parameter to sqlite3_bind_blob() is a NULL pointer then the fourth parameter is ignored and the
            // end result is the same as sqlite3_bind_null()": an empty array may have no address, and empty is not null.
            bytes.isEmpty
                ? sqlite3_bind_zeroblob(handle, Int32(index + 1), 0)
                : rollcall_sqlite_bind_blob(handle, Int32(index + 1), bytes.baseAddress, UInt64(bytes.count))
        }
        try check(code)
    }

    // MARK: Running

    /// Moves to the next row.
    ///
    /// - Returns: Whether there is one; its columns are then in `row`. After `false` the statement is reset.
    public func step() throws(SQLiteError) -> Bool {
        isRunning = true
        let code = sqlite3_step(handle)
        switch code {
        case SQLITE_ROW:
            hasRow = true
            return true
        case SQLITE_DONE:
            reset()
            return false
        default:
            // The details are read before the reset, which would overwrite them.
            let error = connection.error(code, "cannot run \(excerpt(sql))")
            reset()
            throw error
        }
    }

    /// Leaves the current row and ends the implicit read transaction. Parameters keep their values.
    public func reset() {
        // "If the most recent call to sqlite3_step(S) indicated an error, then sqlite3_reset(S) returns an appropriate
        // error code": one that `step` has thrown already.
        sqlite3_reset(handle)
        hasRow = false
        isRunning = false
    }

    /// Runs the statement to its end with these parameters; rows that it yields are skipped.
    public func run(_ values: Value...) throws(SQLiteError) {
        try run(values)
    }

    /// Runs the statement to its end with these parameters; rows that it yields are skipped.
    public func run(_ values: [Value]) throws(SQLiteError) {
        reset()
        try bind(values)
        // What was copied for the parameters can be large, and the statement is kept.
        defer { clearBindings() }
        try finish()
    }

    /// Runs the statement to its end with the parameters that are bound.
    public func runBound() throws(SQLiteError) {
        reset()
        try finish()
    }

    private func finish() throws(SQLiteError) {
        while try step() {}
    }

    /// Sets all parameters to NULL and frees what they held.
    func clearBindings() {
        sqlite3_clear_bindings(handle)
    }

    /// Calls `body` with each row. The row is valid during that call only.
    ///
    /// - Throws: `SQLiteError`, or what `body` throws, after which the statement is reset.
    public func forEach(_ values: Value..., body: (Row) throws -> Void) throws {
        try forEach(values, body: body)
    }

    /// Calls `body` with each row. The row is valid during that call only.
    ///
    /// - Throws: `SQLiteError`, or what `body` throws, after which the statement is reset.
    public func forEach(_ values: [Value], body: (Row) throws -> Void) throws {
        reset()
        try bind(values)
        defer { reset() }
        while try step() {
            try body(row)
        }
    }

    /// What `transform` makes of the first row, or nil where there is none.
    public func first<Result>(_ values: Value..., transform: (Row) throws -> Result) throws -> Result? {
        reset()
        try bind(values)
        defer { reset() }
        return try step() ? transform(row) : nil
    }

    /// The columns of the current row.
    public var row: Row { Row(self) }

    private func check(_ code: Int32) throws(SQLiteError) {
        try connection.check(code, "cannot bind a parameter of \(excerpt(sql))")
    }

    /// Gives the C handle to `body`, which may read the columns of the current row.
    ///
    /// "If the SQL statement does not currently point to a valid row, or if the column index is out of range, the result is
    /// undefined", says the manual of `sqlite3_column`. Both are mistakes of the calling code that no input can cause.
    func withColumn<Result>(_ index: Int, _ body: (OpaquePointer, Int32) -> Result) -> Result {
        precondition(hasRow, "no current row: \(sql)")
        precondition(index >= 0 && index < columnCount, "no column \(index): \(sql)")
        return body(handle, Int32(index))
    }
}

/// The beginning of a statement, on one line, for messages.
private func excerpt(_ sql: String) -> String {
    let words = sql.split(whereSeparator: \.isWhitespace).joined(separator: " ")
    return words.count <= 80 ? "\"\(words)\"" : "\"\(words.prefix(79))…\""
}
