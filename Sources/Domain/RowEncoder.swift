/// Turns a row of the aggregate query into the one sequence of bytes that stands for it: a JSON object with the columns in
/// the query's order.
///
/// Two rows have equal bytes only if all their values are equal: nothing is rounded, trimmed or replaced on the way. A text
/// that is not UTF-8 becomes `{"$base64":"…"}`, which no text can be taken for; a document that is not JSON becomes
/// `{"$text":"…"}`, and a document that looks like one of the two stands in `{"$json":…}`.
public struct RowEncoder: Sendable {
    /// Raised when the rules change, because values written under other rules may then differ without reason.
    public static let formatVersion = 1

    /// A column of the query.
    public struct Column: Sendable, Equatable {
        public var name: String
        public var kind: ColumnKind

        public init(name: String, kind: ColumnKind) {
            self.name = name
            self.kind = kind
        }
    }

    private let kinds: [ColumnKind]
    /// `{"first":` and `,"next":`, one for each column, one behind the other.
    private let prefixes: [UInt8]
    /// Where each of them begins, and where the last one ends.
    private let prefixBounds: [Int]
    private var writer = JSONWriter()
    private var next = 0

    public init(columns: [Column]) {
        kinds = columns.map(\.kind)
        var writer = JSONWriter()
        var bounds = [0]
        for (index, column) in columns.enumerated() {
            if index == 0 { writer.raw("{") } else { writer.raw(",") }
            writer.string(column.name)
            writer.raw(":")
            bounds.append(writer.bytes.count)
        }
        prefixes = writer.bytes
        prefixBounds = bounds
    }

    /// Begins a row; whatever was written of an unfinished one is forgotten.
    public mutating func beginRow() {
        writer.removeAll()
        next = 0
    }

    /// Appends the next column's value as MySQL's text protocol gives it; nil is NULL.
    ///
    /// - Throws: ``RowEncodingError`` when the text is no value of the column's kind.
    public mutating func append(_ cell: RawSpan?) throws(RowEncodingError) {
        guard next < kinds.count else { throw RowEncodingError(column: next, reason: "the row has more columns than the query") }
        prefixes.withUnsafeBytes { writer.raw(UnsafeRawBufferPointer(rebasing: $0[prefixBounds[next]..<prefixBounds[next + 1]])) }
        if let cell {
            try cell.withUnsafeBytes { bytes throws(RowEncodingError) in try appendValue(bytes) }
        } else {
            writer.raw("null")
        }
        next += 1
    }

    /// Closes the row and lends its bytes.
    public mutating func endRow() throws(RowEncodingError) -> [UInt8] {
        guard next == kinds.count, next > 0 else {
            throw RowEncodingError(column: next, reason: "the row has fewer columns than the query")
        }
        writer.raw("}")
        return writer.bytes
    }

    /// One whole row.
    public mutating func encode(_ cells: [[UInt8]?]) throws(RowEncodingError) -> [UInt8] {
        beginRow()
        for cell in cells {
            if let cell { try append(cell.span.bytes) } else { try append(nil) }
        }
        return try endRow()
    }

    private mutating func appendValue(_ bytes: UnsafeRawBufferPointer) throws(RowEncodingError) {
        switch kinds[next] {
        case .integer, .unsigned: try integer(bytes)
        case .float, .double: try number(bytes)
        case .boolean: try boolean(bytes)
        case .decimal, .date, .time, .string: text(bytes)
        case .datetime: try dateTime(bytes, zone: "")
        case .timestamp: try dateTime(bytes, zone: "Z")
        case .bytes: base64(bytes)
        case .json: json(bytes)
        case .bit:
            guard bytes.count <= 8 else { throw error("a BIT of more than 64 bits") }
            writer.raw(String(bytes.reduce(UInt64(0)) { $0 << 8 | UInt64($1) }).utf8)
        }
    }

    private func error(_ reason: String) -> RowEncodingError {
        RowEncodingError(column: next, reason: reason)
    }

    /// ZEROFILL prints leading zeros, which JSON forbids and which carry no value.
    private mutating func integer(_ bytes: UnsafeRawBufferPointer) throws(RowEncodingError) {
        let (isNegative, digits) = try significantDigits(bytes)
        if isNegative { writer.raw("-") }
        if digits.isEmpty { writer.raw("0") } else { writer.raw(UnsafeRawBufferPointer(rebasing: digits)) }
    }

    /// Sign and digits of an integer, without leading zeros: none at all for zero.
    private func significantDigits(
        _ bytes: UnsafeRawBufferPointer
    ) throws(RowEncodingError) -> (isNegative: Bool, digits: Slice<UnsafeRawBufferPointer>) {
        let isNegative = bytes.first == UInt8(ascii: "-")
        let digits = bytes.dropFirst(isNegative ? 1 : 0)
        guard !digits.isEmpty, digits.allSatisfy(Self.isDigit) else { throw error("not an integer") }
        let significant = digits.drop { $0 == 0x30 }
        return (isNegative && !significant.isEmpty, significant)
    }

    private static func isDigit(_ byte: UInt8) -> Bool { byte >= 0x30 && byte <= 0x39 }

    private mutating func number(_ bytes: UnsafeRawBufferPointer) throws(RowEncodingError) {
        guard let number = CanonicalNumber(bytes) else { throw error("not a number") }
        writer.raw(number.json)
    }

    private mutating func boolean(_ bytes: UnsafeRawBufferPointer) throws(RowEncodingError) {
        // A BIT(1) column's value is one byte, not a digit.
        if bytes.count == 1, bytes[0] <= 1 { return writer.raw(bytes[0] == 0 ? "false" : "true") }
        let (isNegative, digits) = try significantDigits(bytes)
        if digits.isEmpty {
            writer.raw("false")
        } else if digits.elementsEqual("1".utf8), !isNegative {
            writer.raw("true")
        } else {
            try integer(bytes)
        }
    }

    private mutating func text(_ bytes: UnsafeRawBufferPointer) {
        if writer.plainString(bytes) { return }
        if isUTF8(bytes) {
            writer.string(utf8: bytes)
        } else {
            writer.raw("{\"$base64\":")
            base64(bytes)
            writer.raw("}")
        }
    }

    private func isUTF8(_ bytes: UnsafeRawBufferPointer) -> Bool {
        bytes.withMemoryRebound(to: UInt8.self) { Domain.isUTF8($0) }
    }

    /// `2026-11-22 15:13:59.044` becomes `2026-11-22T15:13:59.044`; a zero date is written like any other.
    private mutating func dateTime(_ bytes: UnsafeRawBufferPointer, zone: StaticString) throws(RowEncodingError) {
        guard Self.isDateTime(bytes) else { throw error("not a date and time as MySQL prints it") }
        writer.raw("\"")
        writer.raw(UnsafeRawBufferPointer(rebasing: bytes[..<10]))
        writer.raw("T")
        writer.raw(UnsafeRawBufferPointer(rebasing: bytes[11...]))
        writer.raw(zone)
        writer.raw("\"")
    }

    /// `YYYY-MM-DD hh:mm:ss`, with up to six digits after a point.
    private static func isDateTime(_ bytes: UnsafeRawBufferPointer) -> Bool {
        let pattern: StaticString = "0000-00-00 00:00:00.000000"
        let length = bytes.count
        guard length == 19 || (21...pattern.utf8CodeUnitCount).contains(length) else { return false }
        return (0..<length).allSatisfy { index in
            let expected = pattern.utf8Start[index]
            return expected == 0x30 ? isDigit(bytes[index]) : bytes[index] == expected
        }
    }

    private mutating func base64(_ bytes: UnsafeRawBufferPointer) {
        writer.raw("\"")
        writer.raw(Base64.encode(bytes))
        writer.raw("\"")
    }

    /// MySQL's own limit (https://dev.mysql.com/doc/refman/8.0/en/json.html). A document lies within a row, which lies within a God
    /// object: taken from its column at the full depth that a reader allows, it could not be read from there any more.
    private static let deepestDocument = 100

    /// MariaDB keeps a document's text as it was written, MySQL orders it; sorting makes the two agree.
    private mutating func json(_ bytes: UnsafeRawBufferPointer) {
        if let value = try? JSONValue(parsing: Array(bytes), maximumDepth: Self.deepestDocument) {
            document(value.sorted)
        } else if isUTF8(bytes) {
            writer.raw("{\"$text\":")
            writer.string(utf8: bytes)
            writer.raw("}")
        } else {
            text(bytes)
        }
    }

    /// The names under which a document's place holds something else than the document itself.
    private static let marks = ["$base64", "$text", "$json"]

    private mutating func document(_ value: JSONValue) {
        guard let members = value.members, members.count == 1, Self.marks.contains(members[0].name) else {
            return writer.value(value)
        }
        writer.raw("{\"$json\":")
        writer.value(value)
        writer.raw("}")
    }
}

/// A cell that is no value of its column's declared kind.
public struct RowEncodingError: Error, Sendable, CustomStringConvertible {
    /// The column's place in the query, from 0.
    public let column: Int
    public let reason: String

    public var description: String { "column \(column + 1): \(reason)" }
}
