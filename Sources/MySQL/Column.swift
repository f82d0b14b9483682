internal import CMySQL

/// One column of a result, as the server describes it.
public struct Column: Sendable, Equatable {
    /// The column's name or alias in the result.
    public let name: String
    /// The column's name in its table; empty for an expression.
    public let originalName: String
    /// The table that the column comes from, not its alias; empty for an expression.
    public let originalTable: String
    /// Whether the value is computed, and not read from a table's column as it is.
    ///
    /// MariaDB gives the columns of a merged derived table, or of a view, that one's name for their table, computed or not; but only a
    /// column of a table has a database.
    public let isComputed: Bool
    /// The column's type.
    public let type: ColumnType
    /// Whether a numeric column is `UNSIGNED`.
    public let isUnsigned: Bool
    /// Whether the values are bytes without a character set, as those of `BLOB` and `VARBINARY`. All others are UTF-8 text,
    /// numbers and dates included.
    public let isBinary: Bool
    /// Whether the column is declared `NOT NULL`.
    public let isNotNull: Bool
    /// The declared width in bytes, in the connection's character set.
    public let length: Int
    /// The digits after the decimal point, or of a time's fraction; 31 or 39 for a floating-point column without a fixed number.
    public let decimals: Int

    init(_ field: MYSQL_FIELD) {
        name = Self.text(field.name, field.name_length)
        originalName = Self.text(field.org_name, field.org_name_length)
        originalTable = Self.text(field.org_table, field.org_table_length)
        isComputed =
            originalName.isEmpty || originalTable.isEmpty
            || (field.db_length == 0 && originalTable == Self.text(field.table, field.table_length))
        isUnsigned = field.flags & UInt32(UNSIGNED_FLAG) != 0
        isNotNull = field.flags & UInt32(NOT_NULL_FLAG) != 0
        length = Int(field.length)
        decimals = Int(field.decimals)
        let type = ColumnType(field)
        self.type = type
        isBinary = field.charsetnr == ColumnType.binaryCharset && type.isBytes
    }

    /// Copies a name that the library holds, which is UTF-8 because the connection is.
    private static func text(_ pointer: UnsafeMutablePointer<CChar>?, _ count: UInt32) -> String {
        guard let pointer else { return "" }
        return String(decoding: UnsafeRawBufferPointer(start: pointer, count: Int(count)), as: UTF8.self)
    }
}
