/// Appends JSON to a byte buffer in one fixed form: no spaces, strings escaped only where RFC 8259 demands it.
public struct JSONWriter: Sendable {
    public private(set) var bytes: [UInt8] = []

    public init() {}

    /// - Parameter capacity: How many bytes are expected.
    init(capacity: Int) {
        bytes.reserveCapacity(capacity)
    }

    public mutating func removeAll() {
        bytes.removeAll(keepingCapacity: true)
    }

    /// Text that is JSON already.
    public mutating func raw(_ text: StaticString) {
        text.withUTF8Buffer { bytes.append(contentsOf: $0) }
    }

    /// Bytes that are JSON already.
    public mutating func raw(_ json: some Sequence<UInt8>) {
        bytes.append(contentsOf: json)
    }

    public mutating func string(_ text: String) {
        var text = text
        text.withUTF8 { utf8 in
            let utf8 = UnsafeRawBufferPointer(utf8)
            if !plainString(utf8) { string(utf8: utf8) }
        }
    }

    /// Bytes that are JSON already, and only lent.
    public mutating func raw(_ json: UnsafeRawBufferPointer) {
        bytes.append(contentsOf: json)
    }

    /// A string from bytes that mean the same in JSON as outside: ASCII without quotes, backslashes and control characters, as nearly
    /// all values are.
    ///
    /// - Returns: Whether they are; if not, nothing was written.
    mutating func plainString(_ text: UnsafeRawBufferPointer) -> Bool {
        // Without a way out of the loop, so that it can look at many bytes at once.
        var others: UInt8 = 0
        for byte in text {
            others |= byte &- 0x20 >= 0x60 ? 1 : 0
            others |= byte == UInt8(ascii: "\"") ? 1 : 0
            others |= byte == UInt8(ascii: "\\") ? 1 : 0
        }
        guard others == 0 else { return false }
        bytes.append(UInt8(ascii: "\""))
        bytes.append(contentsOf: text)
        bytes.append(UInt8(ascii: "\""))
        return true
    }

    /// A string from bytes that are known to be UTF-8.
    mutating func string(utf8 text: UnsafeRawBufferPointer) {
        bytes.append(UInt8(ascii: "\""))
        // What needs no escape is appended as it is, from one escape to the next.
        var start = 0
        for (position, byte) in text.enumerated()
        where byte < 0x20 || byte == UInt8(ascii: "\"") || byte == UInt8(ascii: "\\") {
            bytes.append(contentsOf: UnsafeRawBufferPointer(rebasing: text[start..<position]))
            start = position + 1
            if byte < 0x20 {
                controlCharacter(byte)
            } else {
                bytes.append(UInt8(ascii: "\\"))
                bytes.append(byte)
            }
        }
        bytes.append(contentsOf: UnsafeRawBufferPointer(rebasing: text[start...]))
        bytes.append(UInt8(ascii: "\""))
    }

    private mutating func controlCharacter(_ byte: UInt8) {
        switch byte {
        case 0x08: raw("\\b")
        case 0x09: raw("\\t")
        case 0x0A: raw("\\n")
        case 0x0C: raw("\\f")
        case 0x0D: raw("\\r")
        default:
            raw("\\u00")
            bytes.append(byte < 0x10 ? UInt8(ascii: "0") : UInt8(ascii: "1"))
            bytes.append(contentsOf: String(byte & 0x0F, radix: 16).utf8)
        }
    }

    public mutating func value(_ value: JSONValue) {
        switch value {
        case .null: raw("null")
        case .bool(true): raw("true")
        case .bool(false): raw("false")
        case .number(let text): raw(text.utf8)
        case .string(let text): string(text)
        case .array(let elements):
            list("[", "]", elements) { writer, element in writer.value(element) }
        case .object(let members):
            list("{", "}", members) { writer, member in
                writer.string(member.name)
                writer.raw(":")
                writer.value(member.value)
            }
        }
    }

    private mutating func list<Element>(
        _ open: StaticString, _ close: StaticString, _ elements: [Element], each: (inout JSONWriter, Element) -> Void
    ) {
        raw(open)
        for (index, element) in elements.enumerated() {
            if index > 0 { raw(",") }
            each(&self, element)
        }
        raw(close)
    }
}

extension JSONValue: CustomStringConvertible {
    /// The value as compact JSON, members in their order.
    public var bytes: [UInt8] {
        // Most values that are written are a mapping, a row or a finding.
        var writer = JSONWriter(capacity: 128)
        writer.value(self)
        return writer.bytes
    }

    public var description: String { String(decoding: bytes, as: UTF8.self) }

    /// The same value with every object's members sorted by the bytes of their names, so that two texts that differ only in
    /// that order become the same bytes. Members with one name stay, in their order: which of them counts, readers do not agree
    /// on, so that none may be lost.
    public var sorted: JSONValue {
        // As most documents are, since many writers sort.
        if isSorted { return self }
        return switch self {
        case .array(let elements): .array(elements.map(\.sorted))
        case .object(let members):
            // The standard library's sort is stable.
            .object(
                members.map { Member($0.name, $0.value.sorted) }
                    .sorted { $0.name.utf8.lexicographicallyPrecedes($1.name.utf8) })
        default: self
        }
    }

    private var isSorted: Bool {
        switch self {
        case .array(let elements): elements.allSatisfy(\.isSorted)
        case .object(let members):
            members.allSatisfy(\.value.isSorted)
                && !zip(members, members.dropFirst()).contains { $1.name.utf8.lexicographicallyPrecedes($0.name.utf8) }
        default: true
        }
    }
}
