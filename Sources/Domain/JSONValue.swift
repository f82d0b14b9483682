/// A JSON value that loses nothing: numbers keep their text, objects their order.
///
/// Foundation's decoder would turn 64-bit unsigned ids and decimals into floating point; here a number is only ever text
/// until someone who knows its type asks.
public enum JSONValue: Equatable, Sendable {
    case null
    case bool(Bool)
    /// The number exactly as it was written.
    case number(String)
    case string(String)
    case array([JSONValue])
    case object([Member])

    /// One name and value of an object, in the order of the text.
    public struct Member: Equatable, Sendable {
        public var name: String
        public var value: JSONValue

        public init(_ name: String, _ value: JSONValue) {
            self.name = name
            self.value = value
        }
    }

    /// Strings are equal when their bytes are: Swift's own comparison would hold `é` as one scalar and as two for the same text.
    public static func == (left: JSONValue, right: JSONValue) -> Bool {
        switch (left, right) {
        case (.null, .null): true
        case (.bool(let a), .bool(let b)): a == b
        case (.number(let a), .number(let b)), (.string(let a), .string(let b)): a.isSameBytes(as: b)
        case (.array(let a), .array(let b)): a == b
        case (.object(let a), .object(let b)):
            a.count == b.count
                && zip(a, b).allSatisfy { $0.name.isSameBytes(as: $1.name) && $0.value == $1.value }
        default: false
        }
    }

    /// The member of that name; nil when this is not an object or has none. Of several with one name, the last one, as most
    /// parsers have it.
    public subscript(name: String) -> JSONValue? {
        guard case .object(let members) = self else { return nil }
        return members.last { $0.name.isSameBytes(as: name) }?.value
    }

    public var isNull: Bool { self == .null }

    public var text: String? {
        if case .string(let text) = self { text } else { nil }
    }

    public var unsignedInteger: UInt64? {
        if case .number(let text) = self { UInt64(text) } else { nil }
    }

    public var integer: Int64? {
        if case .number(let text) = self { Int64(text) } else { nil }
    }

    public var members: [Member]? {
        if case .object(let members) = self { members } else { nil }
    }
}

extension JSONValue: ExpressibleByStringLiteral, ExpressibleByIntegerLiteral, ExpressibleByBooleanLiteral,
    ExpressibleByDictionaryLiteral, ExpressibleByArrayLiteral, ExpressibleByNilLiteral
{
    public init(stringLiteral value: String) { self = .string(value) }
    public init(integerLiteral value: Int64) { self = .number(String(value)) }
    public init(booleanLiteral value: Bool) { self = .bool(value) }
    public init(dictionaryLiteral elements: (String, JSONValue)...) { self = .object(elements.map { Member($0, $1) }) }
    public init(arrayLiteral elements: JSONValue...) { self = .array(elements) }
    public init(nilLiteral: ()) { self = .null }

    public static func number(_ value: some BinaryInteger) -> JSONValue { .number(String(value)) }
    /// The string, or null where there is none.
    public static func string(_ value: String?) -> JSONValue { value.map { .string($0) } ?? .null }
    /// The number, or null where there is none.
    public static func number(_ value: (some BinaryInteger)?) -> JSONValue { value.map { .number(String($0)) } ?? .null }
}
