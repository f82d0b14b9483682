internal import CMySQL

/// The types that a column of a result can have.
public enum ColumnType: Sendable, Equatable {
    case tinyInt, smallInt, mediumInt, int, bigInt
    case decimal, float, double
    /// Read as big-endian bytes, unlike all other numbers.
    case bit
    case year, date, time, dateTime, timestamp
    case char, varChar, text
    case binary, varBinary, blob
    case enumeration, set
    /// MySQL's own type, or in MariaDB a text column that was declared as `JSON`.
    case json
    case geometry
    /// The type of the bare word `NULL`.
    case null
    /// A type that is newer than this program, with its number in the protocol.
    case other(Int)

    /// The number of the character set `binary` in the protocol.
    static let binaryCharset: UInt32 = 63

    /// Whether the values are bytes if their character set is `binary`. Numbers and dates carry that character set too, but are
    /// written in ASCII.
    var isBytes: Bool {
        switch self {
        case .bit, .binary, .varBinary, .blob, .geometry, .other: true
        default: false
        }
    }

    init(_ field: MYSQL_FIELD) {
        if let numberOrDate = Self.numbersAndDates[field.type.rawValue] {
            self = numberOrDate
            return
        }
        let isBinary = field.charsetnr == Self.binaryCharset
        switch field.type {
        case MYSQL_TYPE_JSON: self = .json
        case MYSQL_TYPE_GEOMETRY: self = .geometry
        case MYSQL_TYPE_ENUM: self = .enumeration
        case MYSQL_TYPE_SET: self = .set
        // Enumerations and sets travel as strings; only a flag tells.
        case MYSQL_TYPE_STRING where field.flags & UInt32(ENUM_FLAG) != 0: self = .enumeration
        case MYSQL_TYPE_STRING where field.flags & UInt32(SET_FLAG) != 0: self = .set
        case _ where Self.isDeclaredJSON(field): self = .json
        case MYSQL_TYPE_STRING: self = isBinary ? .binary : .char
        case MYSQL_TYPE_VARCHAR, MYSQL_TYPE_VAR_STRING: self = isBinary ? .varBinary : .varChar
        case MYSQL_TYPE_TINY_BLOB, MYSQL_TYPE_BLOB, MYSQL_TYPE_MEDIUM_BLOB, MYSQL_TYPE_LONG_BLOB:
            self = isBinary ? .blob : .text
        default: self = .other(Int(field.type.rawValue))
        }
    }

    private static let numbersAndDates: [UInt32: ColumnType] = [
        MYSQL_TYPE_TINY.rawValue: .tinyInt, MYSQL_TYPE_SHORT.rawValue: .smallInt, MYSQL_TYPE_INT24.rawValue: .mediumInt,
        MYSQL_TYPE_LONG.rawValue: .int, MYSQL_TYPE_LONGLONG.rawValue: .bigInt,
        MYSQL_TYPE_DECIMAL.rawValue: .decimal, MYSQL_TYPE_NEWDECIMAL.rawValue: .decimal,
        MYSQL_TYPE_FLOAT.rawValue: .float, MYSQL_TYPE_DOUBLE.rawValue: .double, MYSQL_TYPE_BIT.rawValue: .bit,
        MYSQL_TYPE_YEAR.rawValue: .year, MYSQL_TYPE_DATE.rawValue: .date, MYSQL_TYPE_NEWDATE.rawValue: .date,
        MYSQL_TYPE_TIME.rawValue: .time, MYSQL_TYPE_TIME2.rawValue: .time,
        MYSQL_TYPE_DATETIME.rawValue: .dateTime, MYSQL_TYPE_DATETIME2.rawValue: .dateTime,
        MYSQL_TYPE_TIMESTAMP.rawValue: .timestamp, MYSQL_TYPE_TIMESTAMP2.rawValue: .timestamp,
        MYSQL_TYPE_NULL.rawValue: .null,
    ]

    /// Whether MariaDB says that the column was declared as `JSON`, which it stores as `LONGTEXT` with a check: it names the
    /// format in the extended metadata of the column (MariaDB 10.5 and newer).
    private static func isDeclaredJSON(_ field: MYSQL_FIELD) -> Bool {
        var name = MARIADB_CONST_STRING()
        return withUnsafePointer(to: field) { field in
            guard mariadb_field_attr(&name, field, MARIADB_FIELD_ATTR_FORMAT_NAME) == 0, let bytes = name.str else {
                return false
            }
            return UnsafeRawBufferPointer(start: bytes, count: name.length).elementsEqual("json".utf8)
        }
    }
}
