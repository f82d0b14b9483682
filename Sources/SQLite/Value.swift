/// One of the five things that SQLite stores.
public enum Value: Hashable, Sendable {
    case null
    case integer(Int64)
    case real(Double)
    case text(String)
    case blob([UInt8])

    /// An integer, or null where there is none.
    public static func integer(_ value: Int64?) -> Value { value.map { .integer($0) } ?? .null }

    /// A text, or null where there is none.
    public static func text(_ value: String?) -> Value { value.map { .text($0) } ?? .null }

    /// A blob, or null where there is none. An empty blob stays an empty blob.
    public static func blob(_ value: [UInt8]?) -> Value { value.map { .blob($0) } ?? .null }

    /// The 64 bits of an unsigned number as SQLite's signed integer, or null where there is none. `Row.bits` reads it back.
    public static func bits(_ value: UInt64?) -> Value { value.map { .integer(Int64(bitPattern: $0)) } ?? .null }

    /// 1 or 0: SQLite has no boolean type.
    public static func bool(_ value: Bool) -> Value { .integer(value ? 1 : 0) }
}

extension Value: ExpressibleByIntegerLiteral, ExpressibleByStringLiteral, ExpressibleByNilLiteral {
    /// An integer, written as it is.
    public init(integerLiteral value: Int64) { self = .integer(value) }
    /// A text, written as it is.
    public init(stringLiteral value: String) { self = .text(value) }
    /// `.null`, written as nil.
    public init(nilLiteral: ()) { self = .null }
}
