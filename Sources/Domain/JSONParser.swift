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

/// A recursive-descent parser over bytes. It lives only inside initializers, which lend it the buffer.
///
/// What is not kept goes through the same functions, so that it is held to the same rules; only nothing is made of it.
struct JSONParser {
    let bytes: UnsafeBufferPointer<UInt8>
    let maximumDepth: Int
    private(set) var position = 0

    init(bytes: UnsafeBufferPointer<UInt8>, maximumDepth: Int) {
        self.bytes = bytes
        self.maximumDepth = maximumDepth
    }

    mutating func document(isKept: Bool = true) throws(JSONError) -> JSONValue {
        skipSpace()
        let value = try value(depth: 0, isKept)
        try end()
        return value
    }

    /// Only space may follow.
    mutating func end() throws(JSONError) {
        skipSpace()
        guard position == bytes.count else { throw error("text follows the value") }
    }

    private func error(_ reason: String) -> JSONError {
        JSONError(reason: reason, byteOffset: position)
    }

    var current: UInt8? { position < bytes.count ? bytes[position] : nil }

    mutating func skipSpace() {
        while let byte = current, byte == 0x20 || byte == 0x0A || byte == 0x0D || byte == 0x09 { position += 1 }
    }

    mutating func value(depth: Int, _ isKept: Bool) throws(JSONError) -> JSONValue {
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
        var members: [JSONValue.Member] = []
        guard try beginObject(depth: depth) else { return isKept ? .object(members) : .null }
        repeat {
            try beginName()
            let name = try string(isKept)
            try beginValue()
            let value = try value(depth: depth + 1, isKept)
            if isKept { members.append(.init(name, value)) }
        } while try !listEnds(with: UInt8(ascii: "}"))
        return isKept ? .object(members) : .null
    }

    /// Passes over an object's first bracket, and over the last one too where nothing is between them.
    ///
    /// - Returns: Whether there is something.
    mutating func beginObject(depth: Int) throws(JSONError) -> Bool {
        try checkDepth(depth)
        position += 1
        skipSpace()
        guard current == UInt8(ascii: "}") else { return true }
        position += 1
        return false
    }

    /// Comes to a member's name.
    mutating func beginName() throws(JSONError) {
        skipSpace()
        guard current == UInt8(ascii: "\"") else { throw error("a member's name is missing") }
    }

    /// Comes from a member's name to its value.
    mutating func beginValue() throws(JSONError) {
        skipSpace()
        guard current == UInt8(ascii: ":") else { throw error("a colon is missing") }
        position += 1
        skipSpace()
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

    mutating func listEnds(with terminator: UInt8) throws(JSONError) -> Bool {
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
        let start = position + 1
        guard let plain = try plainString() else { return try escapedString(from: start) }
        return isKept ? String(decoding: plain, as: UTF8.self) : ""
    }

    /// The bytes of a string that mean themselves; nil where it goes on with something else, before which this stops.
    mutating func plainString() throws(JSONError) -> UnsafeBufferPointer<UInt8>? {
        position += 1
        let start = position
        let isASCII = skipPlainBytes()
        guard current == UInt8(ascii: "\"") else { return nil }
        let plain = UnsafeBufferPointer(rebasing: bytes[start..<position])
        guard isASCII || isUTF8(plain) else { throw JSONError(reason: "a string is not UTF-8", byteOffset: start) }
        position += 1
        return plain
    }

    /// Passes over what stands for itself in a string, and tells whether all of it was ASCII.
    ///
    /// Eight bytes at a time: of a change event nearly everything is passed over. The expressions are those of Hacker's Delight, chapter 6
    /// ("Searching Words"): the highest bit of a byte is set where the byte is zero, or smaller than another one.
    private mutating func skipPlainBytes() -> Bool {
        let ones: UInt64 = 0x0101_0101_0101_0101
        let highest: UInt64 = ones << 7
        let raw = UnsafeRawBufferPointer(bytes)
        var all: UInt64 = 0
        while position + 8 <= bytes.count {
            let word = raw.loadUnaligned(fromByteOffset: position, as: UInt64.self)
            let quotes = word ^ (ones &* UInt64(UInt8(ascii: "\"")))
            let backslashes = word ^ (ones &* UInt64(UInt8(ascii: "\\")))
            let controls = (word &- ones &* 0x20) & ~word
            let ends = ((quotes &- ones) & ~quotes) | ((backslashes &- ones) & ~backslashes) | controls
            guard ends & highest == 0 else { break }
            all |= word
            position += 8
        }
        while position < bytes.count {
            let byte = bytes[position]
            if byte == UInt8(ascii: "\"") || byte == UInt8(ascii: "\\") || byte < 0x20 { break }
            all |= UInt64(byte)
            position += 1
        }
        return all & highest == 0
    }

    /// The rest of a string in which something is escaped, or that never ends.
    mutating func escapedString(from start: Int) throws(JSONError) -> String {
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
