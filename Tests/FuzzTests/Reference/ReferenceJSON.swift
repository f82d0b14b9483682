/// JSON as RFC 8259 has it, read by other code than the product's: a loop with a stack of its own instead of recursion, bytes
/// instead of strings.
enum ReferenceJSON: Equatable {
    case null, yes, no
    /// The number's text.
    case number([UInt8])
    /// The string's bytes, unescaped.
    case string([UInt8])
    case array([ReferenceJSON])
    case object([(name: [UInt8], value: ReferenceJSON)])

    static func == (left: ReferenceJSON, right: ReferenceJSON) -> Bool {
        switch (left, right) {
        case (.null, .null), (.yes, .yes), (.no, .no): true
        case (.number(let a), .number(let b)), (.string(let a), .string(let b)): a == b
        case (.array(let a), .array(let b)): a == b
        case (.object(let a), .object(let b)):
            a.count == b.count && zip(a, b).allSatisfy { $0.name == $1.name && $0.value == $1.value }
        default: false
        }
    }

    /// The last member of that name, as most readers have it.
    subscript(name: String) -> ReferenceJSON? {
        guard case .object(let members) = self else { return nil }
        return members.last { $0.name == Array(name.utf8) }?.value
    }

    /// The same with every object's members in the order of their names; members of one name stay as they stood.
    var ordered: ReferenceJSON {
        switch self {
        case .array(let elements): return .array(elements.map(\.ordered))
        case .object(let members):
            // By insertion, which is stable by its nature.
            var result: [(name: [UInt8], value: ReferenceJSON)] = []
            for member in members {
                var place = result.count
                while place > 0, member.name.lexicographicallyPrecedes(result[place - 1].name) { place -= 1 }
                result.insert((member.name, member.value.ordered), at: place)
            }
            return .object(result)
        default: return self
        }
    }

    var depth: Int {
        switch self {
        case .array(let elements): 1 + (elements.map(\.depth).max() ?? 0)
        case .object(let members): 1 + (members.map(\.value.depth).max() ?? 0)
        default: 0
        }
    }

    /// Reads a text; nil when it is not JSON, or nested deeper than 200 levels.
    init?(_ bytes: [UInt8]) {
        guard String(validating: bytes, as: UTF8.self) != nil else { return nil }
        var reader = ReferenceReader(rest: bytes[...])
        guard let value = reader.read() else { return nil }
        self = value
    }
}

private struct ReferenceReader {
    var rest: ArraySlice<UInt8>
    /// Arrays and objects that are open.
    private var open: [Open] = []

    private struct Open {
        var isObject: Bool
        var elements: [ReferenceJSON] = []
        var names: [[UInt8]] = []
    }

    init(rest: ArraySlice<UInt8>) { self.rest = rest }

    mutating func read() -> ReferenceJSON? {
        while true {
            guard open.count <= 200, var value = start() else { return nil }
            // A value is complete: close what ends with it.
            while true {
                guard var top = open.popLast() else {
                    skipSpace()
                    return rest.isEmpty ? value : nil
                }
                top.elements.append(value)
                skipSpace()
                guard let byte = rest.popFirst() else { return nil }
                if byte == UInt8(ascii: ",") {
                    if top.isObject {
                        guard let name = name() else { return nil }
                        top.names.append(name)
                    }
                    open.append(top)
                    break
                }
                guard byte == UInt8(ascii: top.isObject ? "}" : "]") else { return nil }
                value = close(top)
            }
        }
    }

    private func close(_ top: Open) -> ReferenceJSON {
        top.isObject ? .object(Array(zip(top.names, top.elements)).map { (name: $0.0, value: $0.1) }) : .array(top.elements)
    }

    /// Opens arrays and objects until a scalar, or an empty one of them, stands complete.
    private mutating func start() -> ReferenceJSON? {
        while true {
            skipSpace()
            guard let byte = rest.first else { return nil }
            switch byte {
            case UInt8(ascii: "["), UInt8(ascii: "{"):
                rest.removeFirst()
                let isObject = byte == UInt8(ascii: "{")
                skipSpace()
                if rest.first == UInt8(ascii: isObject ? "}" : "]") {
                    rest.removeFirst()
                    return isObject ? .object([]) : .array([])
                }
                var opened = Open(isObject: isObject)
                if isObject {
                    guard let name = name() else { return nil }
                    opened.names = [name]
                }
                open.append(opened)
                guard open.count <= 200 else { return nil }
            case UInt8(ascii: "\""): return string().map { .string($0) }
            case UInt8(ascii: "t"): return take("true") ? .yes : nil
            case UInt8(ascii: "f"): return take("false") ? .no : nil
            case UInt8(ascii: "n"): return take("null") ? .null : nil
            default: return number().map { .number($0) }
            }
        }
    }

    private mutating func skipSpace() { rest = rest.drop { [0x20, 0x09, 0x0A, 0x0D].contains($0) } }

    private mutating func take(_ word: String) -> Bool {
        guard rest.starts(with: word.utf8) else { return false }
        rest = rest.dropFirst(word.utf8.count)
        return true
    }

    private mutating func name() -> [UInt8]? {
        skipSpace()
        guard rest.first == UInt8(ascii: "\""), let name = string() else { return nil }
        skipSpace()
        return rest.popFirst() == UInt8(ascii: ":") ? name : nil
    }

    private mutating func number() -> [UInt8]? {
        let text = rest.prefix { "+-.eE0123456789".utf8.contains($0) }
        rest = rest.dropFirst(text.count)
        return isNumber(text) ? Array(text) : nil
    }

    private func isNumber(_ text: ArraySlice<UInt8>) -> Bool {
        let unsigned = text.first == UInt8(ascii: "-") ? text.dropFirst() : text
        let halves = unsigned.split(maxSplits: 1, omittingEmptySubsequences: false) { $0 | 0x20 == UInt8(ascii: "e") }
        let parts = halves[0].split(separator: UInt8(ascii: "."), omittingEmptySubsequences: false)
        guard parts.count <= 2, parts.allSatisfy(isDigits), parts[0].count == 1 || parts[0].first != UInt8(ascii: "0") else {
            return false
        }
        guard halves.count == 2 else { return true }
        return isDigits([UInt8(ascii: "+"), UInt8(ascii: "-")].contains(halves[1].first) ? halves[1].dropFirst() : halves[1])
    }

    private func isDigits(_ text: ArraySlice<UInt8>) -> Bool {
        !text.isEmpty && text.allSatisfy { $0 >= UInt8(ascii: "0") && $0 <= UInt8(ascii: "9") }
    }

    private mutating func string() -> [UInt8]? {
        rest.removeFirst()
        var units: [UInt8] = []
        while let byte = rest.popFirst() {
            switch byte {
            case UInt8(ascii: "\""): return units
            case 0..<0x20: return nil
            case UInt8(ascii: "\\"):
                guard let code = rest.popFirst() else { return nil }
                if code == UInt8(ascii: "u") {
                    guard let scalar = escaped() else { return nil }
                    units += Array(String(scalar).utf8)
                } else {
                    let names: [UInt8: UInt8] = [
                        0x22: 0x22, 0x5C: 0x5C, 0x2F: 0x2F, 0x62: 8, 0x66: 12, 0x6E: 10, 0x72: 13, 0x74: 9,
                    ]
                    guard let unit = names[code] else { return nil }
                    units.append(unit)
                }
            default: units.append(byte)
            }
        }
        return nil
    }

    private mutating func escaped() -> Unicode.Scalar? {
        guard let first = hexadecimal() else { return nil }
        if first < 0xD800 || first > 0xDFFF { return Unicode.Scalar(first) }
        guard first <= 0xDBFF, take("\\u"), let second = hexadecimal(), (0xDC00...0xDFFF).contains(second) else { return nil }
        return Unicode.Scalar(0x10000 + (first & 0x3FF) * 0x400 + (second & 0x3FF))
    }

    private mutating func hexadecimal() -> UInt32? {
        let text = rest.prefix(4)
        let digits = "0123456789abcdefABCDEF".utf8
        guard text.count == 4, text.allSatisfy({ digits.contains($0) }) else { return nil }
        rest = rest.dropFirst(4)
        return UInt32(String(decoding: text, as: UTF8.self), radix: 16)
    }
}
