/// The key that everything shares, as plain text: `42`, `00f3-aa`.
///
/// Two ids are equal when their bytes are. Swift compares strings by canonical equivalence, under which `é` written
/// as one scalar equals `é` written as two; Kafka's compaction and a binary MySQL column tell them apart, so this does too.
public struct UserID: Hashable, Sendable, Comparable, CustomStringConvertible {
    /// The canonical text, which is also the Kafka key.
    public let text: String

    /// An id that is already in canonical form.
    public init(_ text: String) {
        self.text = text
    }

    /// The Kafka key's bytes.
    public var keyBytes: [UInt8] { Array(text.utf8) }

    public var description: String { text }

    public static func == (left: UserID, right: UserID) -> Bool {
        left.text.isSameBytes(as: right.text)
    }

    public func hash(into hasher: inout Hasher) {
        var text = text
        text.withUTF8 { hasher.combine(bytes: UnsafeRawBufferPointer($0)) }
    }

    /// Numbers in the order of numbers, and after them everything else in the order of bytes. For presentation only: no verdict
    /// depends on it.
    public static func < (left: UserID, right: UserID) -> Bool {
        if left.isPlainNumber, right.isPlainNumber {
            let (mine, theirs) = (left.text.utf8, right.text.utf8)
            return mine.count == theirs.count ? mine.lexicographicallyPrecedes(theirs) : mine.count < theirs.count
        }
        return switch (left.number, right.number) {
        case (let a?, let b?) where a != b: a < b
        case (.some, nil): true
        case (nil, .some): false
        default: left.text.utf8.lexicographicallyPrecedes(right.text.utf8)
        }
    }

    /// Whether it is nothing but digits, without a zero in front: of two such numbers the longer one is the larger.
    private var isPlainNumber: Bool {
        let bytes = text.utf8
        return bytes.first.map { $0 != UInt8(ascii: "0") } == true && bytes.count < 39
            && bytes.allSatisfy { $0 &- UInt8(ascii: "0") <= 9 }
    }

    /// Wide enough for signed and unsigned ids of 64 bits alike.
    private var number: Int128? { Int128(text) }
}

/// What user ids look like, as the settings declare it.
public enum UserIDKind: String, Sendable, CaseIterable {
    /// A signed 64-bit integer.
    case integer
    /// An unsigned 64-bit integer. Debezium's default (`bigint.unsigned.handling.mode=long`) delivers the upper half of the
    /// range as negative numbers, so a negative number is read as the same 64 bits without a sign.
    case unsigned
    /// Any text, compared byte by byte.
    case string

    /// The id that this text stands for.
    ///
    /// - Throws: ``UserIDError`` when the text is not an id of this kind.
    public func parse(_ text: String) throws(UserIDError) -> UserID {
        // Nearly every id is spelled as it is written here.
        var spelled = text
        if spelled.withUTF8({ canonicalBits(UnsafeRawBufferPointer($0).bytes) }) != nil { return UserID(spelled) }
        switch self {
        case .integer:
            guard let number = Int64(text) else { throw UserIDError(text: text, kind: self) }
            return UserID(String(number))
        case .unsigned:
            if let number = UInt64(text) { return UserID(String(number)) }
            guard let number = Int64(text) else { throw UserIDError(text: text, kind: self) }
            return UserID(String(UInt64(bitPattern: number)))
        case .string:
            guard !text.isEmpty else { throw UserIDError(text: text, kind: self) }
            return UserID(text)
        }
    }

    /// The 64 bits of an integer id that is written exactly as ``UserID`` writes it; nil for any other text, and for texts as ids.
    ///
    /// For folds of millions of records: it looks at borrowed bytes and allocates nothing. Whatever it refuses may still be an
    /// id in another spelling (`+7`, `007`), which ``parse(_:)`` knows.
    public func canonicalBits(_ text: RawSpan) -> UInt64? {
        guard self != .string, text.byteCount > 0, text.byteCount <= 20 else { return nil }
        let isNegative = text.unsafeLoad(fromByteOffset: 0, as: UInt8.self) == UInt8(ascii: "-")
        let start = isNegative ? 1 : 0
        guard start < text.byteCount, !(isNegative && self == .unsigned) else { return nil }
        let first = text.unsafeLoad(fromByteOffset: start, as: UInt8.self)
        // A zero stands alone, and has no sign.
        if first == UInt8(ascii: "0") { return text.byteCount == 1 ? 0 : nil }
        var magnitude: UInt64 = 0
        for offset in start..<text.byteCount {
            let digit = text.unsafeLoad(fromByteOffset: offset, as: UInt8.self) &- UInt8(ascii: "0")
            guard digit <= 9 else { return nil }
            let (product, tooBig) = magnitude.multipliedReportingOverflow(by: 10)
            let (sum, tooBigAfterAll) = product.addingReportingOverflow(UInt64(digit))
            guard !tooBig, !tooBigAfterAll else { return nil }
            magnitude = sum
        }
        if self == .unsigned { return magnitude }
        guard magnitude <= UInt64(Int64.max) + (isNegative ? 1 : 0) else { return nil }
        return isNegative ? 0 &- magnitude : magnitude
    }

    /// The id of which ``canonicalBits(_:)`` finds the bits; nil where it finds none.
    public func canonicalUser(_ text: RawSpan) -> UserID? {
        guard canonicalBits(text) != nil else { return nil }
        return UserID(text.withUnsafeBytes { String(decoding: $0, as: UTF8.self) })
    }

    /// The id that ``canonicalBits(_:)`` found; nil for texts as ids.
    public func user(canonicalBits bits: UInt64) -> UserID? {
        switch self {
        case .integer: UserID(String(Int64(bitPattern: bits)))
        case .unsigned: UserID(String(bits))
        case .string: nil
        }
    }

    /// The id in a field of a change event.
    ///
    /// Numeric kinds also accept the number as a JSON string, because some converters write 64-bit integers so.
    ///
    /// - Throws: ``UserIDError`` when the value is not an id of this kind.
    public func parse(_ value: JSONValue) throws(UserIDError) -> UserID {
        switch value {
        case .number(let text), .string(let text): return try parse(text)
        default: throw UserIDError(text: value.description, kind: self)
        }
    }
}

/// A value that is not a user id of the declared kind.
public struct UserIDError: Error, Sendable, CustomStringConvertible {
    /// The offending text, shortened to 80 characters.
    public let text: String
    public let kind: UserIDKind

    init(text: String, kind: UserIDKind) {
        self.text = String(text.prefix(80))
        self.kind = kind
    }

    public var description: String {
        switch kind {
        case .integer: "`\(text)` is not a signed 64-bit integer, as user_id.type: integer requires"
        case .unsigned: "`\(text)` is not an unsigned 64-bit integer, as user_id.type: unsigned requires"
        case .string: "`\(text)` cannot be a user id: it must be a text that is not empty"
        }
    }
}
