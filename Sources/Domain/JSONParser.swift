/// A text that is not JSON: what is wrong, and at which byte.
public struct JSONError: Error, Sendable, Equatable, CustomStringConvertible {
    public let reason: String
    public let byteOffset: Int

    public var description: String { "not JSON: \(reason) at byte \(byteOffset)" }
}

extension JSONValue {
    /// Parses one JSON text (RFC 8259) that fills the bytes; the bytes must be UTF-8.
    ///
    /// - Parameter maximumDepth: How many arrays and objects may lie within one another; more are refused, so that no input can exhaust the stack.
    /// - Throws: ``JSONError``.
    public init(parsing bytes: [UInt8], maximumDepth: Int = depthLimit) throws(JSONError) {
        self = try bytes.withUnsafeBufferPointer { buffer throws(JSONError) in
            var parser = JSONParser(bytes: buffer, maximumDepth: maximumDepth)
            return try parser.document()
        }
    }

    /// Parses one JSON text, and keeps only the values of these members, wherever they stand: all others are there under their names, as
    /// null. The text is held to the same rules, to its last byte.
    public init(parsing bytes: [UInt8], keeping names: JSONNames) throws(JSONError) {
        self = try bytes.withUnsafeBufferPointer { buffer throws(JSONError) in
            var parser = JSONParser(bytes: buffer, maximumDepth: Self.depthLimit, names: names)
            return try parser.document()
        }
    }

    /// Whether the bytes are one JSON text, which parsing them would tell too.
    public static func isValid(_ bytes: [UInt8]) -> Bool {
        bytes.withUnsafeBufferPointer { buffer in
            var parser = JSONParser(bytes: buffer, maximumDepth: depthLimit)
            return (try? parser.document(isKept: false)) != nil
        }
    }

    /// How many arrays and objects may lie within one another, unless somebody says otherwise.
    public static let depthLimit = 128

    /// Parses one JSON text.
    public init(parsing text: String) throws(JSONError) {
        try self.init(parsing: Array(text.utf8))
    }
}

/// Names of members, to tell apart quickly those that are wanted.
public struct JSONNames: Sendable {
    /// By their length, which tells nearly all others apart.
    private var byLength: [[String]] = []

    public init(_ names: some Sequence<String>) {
        for name in names {
            let length = name.utf8.count
            while byLength.count <= length { byLength.append([]) }
            byLength[length].append(name)
        }
    }

    func contains(_ name: String) -> Bool {
        let length = name.utf8.count
        guard length < byLength.count else { return false }
        return byLength[length].contains { $0.isSameBytes(as: name) }
    }
}

/// A recursive-descent parser over bytes. It lives only inside the initializers above, which lend it the buffer.
///
/// What is not kept goes through the same functions, so that it is held to the same rules; only nothing is made of it.
private struct JSONParser {
    let bytes: UnsafeBufferPointer<UInt8>
    let maximumDepth: Int
    /// The members whose values are kept; nil keeps all.
    let names: JSONNames?
    var position = 0

    init(bytes: UnsafeBufferPointer<UInt8>, maximumDepth: Int, names: JSONNames? = nil) {
        self.bytes = bytes
        self.maximumDepth = maximumDepth
        self.names = names
    }

    mutating func document(isKept: Bool = true) throws(JSONError) -> JSONValue {
        skipSpace()
        let value = try value(depth: 0, isKept)
        skipSpace()
        guard position == bytes.count else { throw error("text follows the value") }
        return value
    }

    private func error(_ reason: String) -> JSONError {
        JSONError(reason: reason, byteOffset: position)
    }

    private var current: UInt8? { position < bytes.count ? bytes[position] : nil }

    private mutating func skipSpace() {
        while let byte = current, byte == 0x20 || byte == 0x0A || byte == 0x0D || byte == 0x09 { position += 1 }
    }

    private mutating func value(depth: Int, _ isKept: Bool) throws(JSONError) -> JSONValue {
        switch current {
        case nil: throw error("the text ends where a value should stand")
        case UInt8(ascii: "{"): return try object(depth: depth, isKept)
        case UInt8(ascii: "["): return try array(depth: depth, isKept)
        case UInt8(ascii: "\""):
            let text = try string(isKept)
            return isKept ? .string(text) : .null
        case UInt8(ascii: "t"): return try literal("true", .bool(true))
        case UInt8(ascii: "f"): return try literal("false", .bool(false))
        case UInt8(ascii: "n"): return try literal("null", .null)
        default:
            let digits = try number()
            return isKept ? .number(String(decoding: UnsafeBufferPointer(rebasing: digits), as: UTF8.self)) : .null
        }
    }

    private mutating func literal(_ word: StaticString, _ value: JSONValue) throws(JSONError) -> JSONValue {
        let length = word.utf8CodeUnitCount
        guard position + length <= bytes.count,
            (0..<length).allSatisfy({ bytes[position + $0] == word.utf8Start[$0] })
        else { throw error("an unknown word") }
        position += length
        return value
    }

    private mutating func object(depth: Int, _ isKept: Bool) throws(JSONError) -> JSONValue {
        try checkDepth(depth)
        position += 1
        var members: [JSONValue.Member] = []
        skipSpace()
        if current == UInt8(ascii: "}") {
            position += 1
            return isKept ? .object(members) : .null
        }
        while true {
            skipSpace()
            guard current == UInt8(ascii: "\"") else { throw error("a member's name is missing") }
            let name = try string(isKept)
            skipSpace()
            guard current == UInt8(ascii: ":") else { throw error("a colon is missing") }
            position += 1
            skipSpace()
            if isKept {
                members.append(.init(name, try value(depth: depth + 1, names?.contains(name) ?? true)))
            } else {
                _ = try value(depth: depth + 1, false)
            }
            if try listEnds(with: UInt8(ascii: "}")) { return isKept ? .object(members) : .null }
        }
    }

    private func checkDepth(_ depth: Int) throws(JSONError) {
        guard depth < maximumDepth else { throw error("nested deeper than \(maximumDepth) levels") }
    }

    private mutating func array(depth: Int, _ isKept: Bool) throws(JSONError) -> JSONValue {
        try checkDepth(depth)
        position += 1
        var elements: [JSONValue] = []
        skipSpace()
        if current == UInt8(ascii: "]") {
            position += 1
            return isKept ? .array(elements) : .null
        }
        while true {
            skipSpace()
            let element = try value(depth: depth + 1, isKept)
            if isKept { elements.append(element) }
            if try listEnds(with: UInt8(ascii: "]")) { return isKept ? .array(elements) : .null }
        }
    }

    private mutating func listEnds(with terminator: UInt8) throws(JSONError) -> Bool {
        skipSpace()
        guard let byte = current, byte == terminator || byte == UInt8(ascii: ",") else {
            throw error("a comma or a closing bracket is missing")
        }
        position += 1
        return byte == terminator
    }

    private mutating func number() throws(JSONError) -> Slice<UnsafeBufferPointer<UInt8>> {
        let start = position
        if current == UInt8(ascii: "-") { position += 1 }
        guard let first = current, isDigit(first) else { throw error("a value cannot begin so") }
        if first == UInt8(ascii: "0") { position += 1 } else { skipDigits() }
        if current == UInt8(ascii: ".") {
            position += 1
            guard let digit = current, isDigit(digit) else { throw error("a digit is missing after the point") }
            skipDigits()
        }
        if current == UInt8(ascii: "e") || current == UInt8(ascii: "E") {
            position += 1
            if current == UInt8(ascii: "+") || current == UInt8(ascii: "-") { position += 1 }
            guard let digit = current, isDigit(digit) else { throw error("a digit is missing in the exponent") }
            skipDigits()
        }
        return bytes[start..<position]
    }

    private func isDigit(_ byte: UInt8) -> Bool { byte >= 0x30 && byte <= 0x39 }

    private mutating func skipDigits() {
        while let byte = current, isDigit(byte) { position += 1 }
    }

    /// A string; the empty one in its place where it is not kept.
    private mutating func string(_ isKept: Bool) throws(JSONError) -> String {
        position += 1
        let start = position
        var allBits: UInt8 = 0
        while position < bytes.count {
            let byte = bytes[position]
            if byte == UInt8(ascii: "\"") || byte == UInt8(ascii: "\\") || byte < 0x20 { break }
            allBits |= byte
            position += 1
        }
        if current == UInt8(ascii: "\"") {
            defer { position += 1 }
            let plain = UnsafeBufferPointer(rebasing: bytes[start..<position])
            // Nearly all strings are ASCII, which needs no second look.
            if allBits < 0x80 { return isKept ? String(decoding: plain, as: UTF8.self) : "" }
            return try utf8(plain, from: start)
        }
        return try escapedString(from: start)
    }

    /// The rest of a string in which something is escaped, or that never ends.
    private mutating func escapedString(from start: Int) throws(JSONError) -> String {
        var unescaped = Array(bytes[start..<position])
        while true {
            guard let byte = current else { throw error("a string is not closed") }
            position += 1
            switch byte {
            case UInt8(ascii: "\""):
                guard let text = String(utf8: unescaped) else {
                    throw JSONError(reason: "a string is not UTF-8", byteOffset: start)
                }
                return text
            case UInt8(ascii: "\\"): try escape(into: &unescaped)
            case 0..<0x20:
                position -= 1
                throw error("a control character stands in a string")
            default: unescaped.append(byte)
            }
        }
    }

    private func utf8(_ bytes: UnsafeBufferPointer<UInt8>, from start: Int) throws(JSONError) -> String {
        guard let text = String(utf8: bytes) else {
            throw JSONError(reason: "a string is not UTF-8", byteOffset: start)
        }
        return text
    }

    private mutating func escape(into output: inout [UInt8]) throws(JSONError) {
        guard let byte = current else { throw error("a string is not closed") }
        position += 1
        switch byte {
        case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): output.append(byte)
        case UInt8(ascii: "b"): output.append(0x08)
        case UInt8(ascii: "f"): output.append(0x0C)
        case UInt8(ascii: "n"): output.append(0x0A)
        case UInt8(ascii: "r"): output.append(0x0D)
        case UInt8(ascii: "t"): output.append(0x09)
        case UInt8(ascii: "u"): output.append(contentsOf: String(Character(try unicodeEscape())).utf8)
        default:
            position -= 1
            throw error("an unknown escape")
        }
    }

    private mutating func unicodeEscape() throws(JSONError) -> Unicode.Scalar {
        let high = try hexQuad()
        if let scalar = Unicode.Scalar(high) { return scalar }
        guard high < 0xDC00, current == UInt8(ascii: "\\"), position + 1 < bytes.count,
            bytes[position + 1] == UInt8(ascii: "u")
        else { throw error("half of a surrogate pair") }
        position += 2
        let low = try hexQuad()
        guard (0xDC00...0xDFFF).contains(low),
            let scalar = Unicode.Scalar(0x10000 + (UInt32(high) - 0xD800) << 10 + (UInt32(low) - 0xDC00))
        else { throw error("half of a surrogate pair") }
        return scalar
    }

    private mutating func hexQuad() throws(JSONError) -> UInt16 {
        guard position + 4 <= bytes.count else { throw error("four hexadecimal digits are missing") }
        var value: UInt16 = 0
        for _ in 0..<4 {
            guard let digit = Character(Unicode.Scalar(bytes[position])).hexDigitValue, bytes[position] < 0x80 else {
                throw error("four hexadecimal digits are missing")
            }
            value = value << 4 | UInt16(digit)
            position += 1
        }
        return value
    }
}
