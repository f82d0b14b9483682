import CSQLite

/// The columns of a statement's current row, counted from 0.
///
/// A view and not a copy: it is valid until the statement moves on. Each accessor returns nil for NULL, and otherwise
/// converts as SQLite does; in `STRICT` tables nothing is ever converted.
public struct Row {
    private let statement: Statement

    init(_ statement: Statement) {
        self.statement = statement
    }

    /// How many columns there are.
    public var count: Int { statement.columnCount }

    /// Whether the column is NULL.
    public func isNull(_ index: Int) -> Bool {
        statement.withColumn(index) { sqlite3_column_type($0, $1) == SQLITE_NULL }
    }

    /// The column as an integer.
    public func int64(_ index: Int) -> Int64? {
        statement.withColumn(index) { handle, column in
            sqlite3_column_type(handle, column) == SQLITE_NULL ? nil : sqlite3_column_int64(handle, column)
        }
    }

    /// The 64 bits of the column, as `Value.bits` wrote them.
    public func bits(_ index: Int) -> UInt64? {
        int64(index).map { UInt64(bitPattern: $0) }
    }

    /// The column as a number with a fraction.
    public func double(_ index: Int) -> Double? {
        statement.withColumn(index) { handle, column in
            sqlite3_column_type(handle, column) == SQLITE_NULL ? nil : sqlite3_column_double(handle, column)
        }
    }

    /// The column as text: all bytes of a TEXT or a BLOB, NUL included. What is not UTF-8 becomes U+FFFD.
    public func text(_ index: Int) -> String? {
        withBytes(index) { String(decoding: $0, as: UTF8.self) }
    }

    /// The bytes of the column. An empty BLOB is an empty array.
    public func blob(_ index: Int) -> [UInt8]? {
        withBytes(index) { Array($0) }
    }

    /// The column as it is stored.
    public func value(_ index: Int) -> Value {
        switch statement.withColumn(index, sqlite3_column_type) {
        case SQLITE_INTEGER: .integer(int64(index))
        case SQLITE_FLOAT: double(index).map { .real($0) } ?? .null
        case SQLITE_TEXT: .text(text(index))
        case SQLITE_BLOB: .blob(blob(index))
        default: .null
        }
    }

    private func withBytes<Result>(_ index: Int, _ body: (UnsafeRawBufferPointer) -> Result) -> Result? {
        statement.withColumn(index) { handle, column in
            let type = sqlite3_column_type(handle, column)
            guard type != SQLITE_NULL else { return nil }
            // "The safest policy is to invoke sqlite3_column_blob() followed by sqlite3_column_bytes()"; of a number,
            // sqlite3_column_blob gives its text. "The return value from sqlite3_column_blob() for a zero-length BLOB is
            // a NULL pointer", which UnsafeRawBufferPointer takes as empty.
            let start = sqlite3_column_blob(handle, column)
            let count = start == nil ? 0 : Int(sqlite3_column_bytes(handle, column))
            return body(UnsafeRawBufferPointer(start: start, count: count))
        }
    }
}
