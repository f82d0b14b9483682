/// The one text that stands for a number, whatever server, protocol or column option printed it: `1e20`, `1e+20` and
/// `100000000000000000000` are the same number.
///
/// The form is that of ECMAScript, which RFC 8785 section 3.2.2.3 made JSON's canonical one, with two differences: no digit is
/// rounded away, and -0 keeps its sign.
struct CanonicalNumber {
    private var isNegative = false
    /// Without leading and trailing zeros; empty for zero.
    private var digits: [UInt8] = []
    /// Where the decimal point stands, counted from the first digit: 1 for `1.5`, -1 for `0.015`.
    private var point = 0

    /// Reads a number; nil when the bytes are none. Leading zeros, as ZEROFILL prints them, are allowed.
    init?(_ text: UnsafeRawBufferPointer) {
        var rest = text[...]
        isNegative = Self.takeSign(&rest, allowsPlus: false)
        let whole = Self.takeDigits(&rest)
        guard !whole.isEmpty else { return nil }
        var fraction = text[text.endIndex...]
        if rest.first == UInt8(ascii: ".") {
            rest.removeFirst()
            fraction = Self.takeDigits(&rest)
            guard !fraction.isEmpty else { return nil }
        }
        guard let exponent = Self.takeExponent(&rest), rest.isEmpty else { return nil }
        digits = Array(whole) + Array(fraction)
        let leadingZeros = digits.prefix { $0 == UInt8(ascii: "0") }.count
        point = whole.count + exponent - leadingZeros
        digits.removeFirst(leadingZeros)
        while digits.last == UInt8(ascii: "0") { digits.removeLast() }
    }

    private static func takeSign(_ rest: inout Slice<UnsafeRawBufferPointer>, allowsPlus: Bool) -> Bool {
        let isNegative = rest.first == UInt8(ascii: "-")
        if isNegative || (allowsPlus && rest.first == UInt8(ascii: "+")) { rest.removeFirst() }
        return isNegative
    }

    private static func takeDigits(_ rest: inout Slice<UnsafeRawBufferPointer>) -> Slice<UnsafeRawBufferPointer> {
        let digits = rest.prefix { $0 >= UInt8(ascii: "0") && $0 <= UInt8(ascii: "9") }
        rest = rest[digits.endIndex...]
        return digits
    }

    /// Zero where no exponent stands; nil where a broken one does, or one that no number of MySQL has.
    private static func takeExponent(_ rest: inout Slice<UnsafeRawBufferPointer>) -> Int? {
        guard rest.first == UInt8(ascii: "e") || rest.first == UInt8(ascii: "E") else { return 0 }
        rest.removeFirst()
        let isNegative = takeSign(&rest, allowsPlus: true)
        guard let exponent = Int(String(decoding: takeDigits(&rest), as: UTF8.self)), exponent < 100_000 else { return nil }
        return isNegative ? -exponent : exponent
    }

    /// The number as JSON.
    var json: [UInt8] {
        let sign = isNegative ? [UInt8(ascii: "-")] : []
        let zero = UInt8(ascii: "0")
        guard !digits.isEmpty else { return sign + [zero] }
        // ECMAScript writes numbers from 10⁻⁶ to 10²¹ without an exponent.
        switch point {
        case 1...21 where point >= digits.count:
            return sign + digits + [UInt8](repeating: zero, count: point - digits.count)
        case 1...21:
            return sign + digits[..<point] + [UInt8(ascii: ".")] + digits[point...]
        case -5...0:
            return sign + [zero, UInt8(ascii: ".")] + [UInt8](repeating: zero, count: -point) + digits
        default:
            let fraction = digits.count > 1 ? [UInt8(ascii: ".")] + digits[1...] : []
            return sign + digits[..<1] + fraction + Array("e\(point > 0 ? "+" : "")\(point - 1)".utf8)
        }
    }
}
