extension ColumnKind {
    /// Whether a value by any producer says what a field of a row does.
    ///
    /// - Parameters:
    ///   - expected: The field's value as ``RowEncoder`` writes it.
    ///   - found: The value that some producer wrote for it.
    func means(_ expected: JSONValue, _ found: JSONValue) -> Bool {
        if expected.isNull || found.isNull { return expected.isNull && found.isNull }
        // What the source itself says in a form that its kind does not allow, such as a date of zeros, is what it is.
        if expected == found { return true }
        return switch self {
        case .integer, .unsigned, .boolean, .decimal: isSameNumber(expected, found)
        case .bit: isSameNumber(expected, found) || isSameBits(expected, found)
        case .float: isSame(expected, found) { Float($0) }
        case .double: isSame(expected, found) { Double($0) }
        case .string: expected == found
        case .bytes: isSameBytes(expected, found)
        case .date, .time, .datetime, .timestamp: isSameTime(expected, found)
        case .json: isSameDocument(expected, found)
        }
    }

    // MARK: - Numbers

    /// The text of a number, whether it is written as a number, as a string or, where a number is a truth value, as one.
    private func digits(_ value: JSONValue) -> String? {
        switch value {
        case .number(let text): text
        case .bool(let flag): self == .decimal ? nil : flag ? "1" : "0"
        case .string("true"), .string("TRUE"), .string("True"): self == .boolean ? "1" : nil
        case .string("false"), .string("FALSE"), .string("False"): self == .boolean ? "0" : nil
        case .string(let text): text
        case .null, .array, .object: nil
        }
    }

    private func isSameNumber(_ expected: JSONValue, _ found: JSONValue) -> Bool {
        guard let expected = digits(expected).flatMap({ ExactNumber($0) }), let found = digits(found).flatMap({ ExactNumber($0) })
        else { return false }
        return expected == found
    }

    /// Compares what is left of two numbers in a type that rounds.
    private func isSame<Number: BinaryFloatingPoint>(
        _ expected: JSONValue, _ found: JSONValue, _ read: (String) -> Number?
    ) -> Bool {
        func number(_ value: JSONValue) -> Number? {
            switch value {
            // The check keeps out what Swift reads and JSON does not: `nan`, `0x1p4`.
            case .number(let text), .string(let text): ExactNumber(text) == nil ? nil : read(text)
            default: nil
            }
        }
        guard let expected = number(expected), let found = number(found), expected.isFinite else { return false }
        return expected == found
    }

    /// Debezium writes a BIT of several bits as its bytes in Base64, the lowest byte first.
    private func isSameBits(_ expected: JSONValue, _ found: JSONValue) -> Bool {
        guard let expected = expected.unsignedInteger, let text = found.text, ExactNumber(text) == nil,
            let bytes = Base64.decode(text), bytes.count <= 8
        else { return false }
        return bytes.reversed().reduce(UInt64(0)) { $0 << 8 | UInt64($1) } == expected
    }

    // MARK: - Bytes and documents

    private func isSameBytes(_ expected: JSONValue, _ found: JSONValue) -> Bool {
        guard let expected = expected.text.flatMap(Base64.decode), let found = found.text.flatMap(Base64.decode) else {
            return false
        }
        return expected == found
    }

    /// A document may be written as JSON, or as a string that holds its text.
    private func isSameDocument(_ expected: JSONValue, _ found: JSONValue) -> Bool {
        if expected == found.sorted { return true }
        // The encoder sets apart what is no document, and a document that looks like that.
        if let text = expected["$text"], expected.members?.count == 1 { return text == found }
        let document = expected.members?.count == 1 ? expected["$json"] ?? expected : expected
        if found.members?.count == 1, let set = found["$json"], document.isSameDocument(as: set) { return true }
        if document.isSameDocument(as: found) { return true }
        guard let text = found.text, let parsed = try? JSONValue(parsing: Array(text.utf8)) else { return false }
        return document.isSameDocument(as: parsed)
    }

    // MARK: - Dates and times

    private func isSameTime(_ expected: JSONValue, _ found: JSONValue) -> Bool {
        guard let expectedText = expected.text else { return false }
        switch found {
        case .number(let number): return isSameTime(expectedText, countedAs: number)
        case .string(let text):
            if ExactNumber(text) != nil { return isSameTime(expectedText, countedAs: text) }
            return switch self {
            case .time: TimeOfDay(expectedText).map { $0 == TimeOfDay(text) } ?? (expectedText == text)
            default: CalendarTime(expectedText).map { $0.isSame(as: CalendarTime(text), kind: self) } ?? (expectedText == text)
            }
        default: return false
        }
    }

    /// Days, for a date, or seconds, milliseconds, microseconds or nanoseconds since 1970, or since midnight.
    private func isSameTime(_ expected: String, countedAs number: String) -> Bool {
        let microseconds: Int64?
        if self == .time {
            microseconds = TimeOfDay(expected)?.microseconds
        } else {
            microseconds = CalendarTime(expected)?.microsecondsSince1970
        }
        guard let microseconds, let expected = ExactNumber(String(microseconds)), let number = ExactNumber(number) else {
            return false
        }
        if self == .date, let days = ExactNumber(String(microseconds / 86_400_000_000)), days == number { return true }
        return [-3, 0, 3, 6].contains { number.shifted(by: $0) == expected }
    }
}

extension JSONValue {
    /// Whether two documents say the same: numbers by value, members in any order.
    fileprivate func isSameDocument(as other: JSONValue) -> Bool {
        switch (self, other) {
        case (.number(let mine), .number(let theirs)):
            if let mine = ExactNumber(mine), let theirs = ExactNumber(theirs) { return mine == theirs }
            return mine == theirs
        case (.array(let mine), .array(let theirs)):
            return mine.count == theirs.count && zip(mine, theirs).allSatisfy { $0.isSameDocument(as: $1) }
        case (.object(let mine), .object(let theirs)):
            let names = Set(mine.map { Array($0.name.utf8) })
            return names == Set(theirs.map { Array($0.name.utf8) })
                && mine.allSatisfy { member in
                    guard let value = self[member.name], let found = other[member.name] else { return false }
                    return value.isSameDocument(as: found)
                }
        default: return self == other
        }
    }
}

/// A decimal number with all of its digits, compared by value: `1.50`, `15e-1` and `001.5` are equal.
struct ExactNumber: Equatable {
    private let isNegative: Bool
    /// Without leading and trailing zeros; empty for zero.
    private let digits: [UInt8]
    /// The power of ten of the last digit; 0 for zero.
    private let exponent: Int

    init?(_ text: String) {
        var rest = text[...].utf8
        let isNegative = rest.first == UInt8(ascii: "-")
        if isNegative || rest.first == UInt8(ascii: "+") { rest.removeFirst() }
        let whole = Self.takeDigits(&rest)
        guard !whole.isEmpty else { return nil }
        var fraction: [UInt8] = []
        if rest.first == UInt8(ascii: ".") {
            rest.removeFirst()
            fraction = Self.takeDigits(&rest)
            guard !fraction.isEmpty else { return nil }
        }
        var power = 0
        if rest.first == UInt8(ascii: "e") || rest.first == UInt8(ascii: "E") {
            rest.removeFirst()
            guard let given = Int(Substring(rest)), abs(given) < 100_000 else { return nil }
            power = given
            rest = rest[rest.endIndex...]
        }
        guard rest.isEmpty else { return nil }
        self.init(isNegative: isNegative, digits: whole + fraction, exponent: power - fraction.count)
    }

    private static func takeDigits(_ rest: inout Substring.UTF8View) -> [UInt8] {
        let digits = Array(rest.prefix { $0 >= UInt8(ascii: "0") && $0 <= UInt8(ascii: "9") })
        rest = rest.dropFirst(digits.count)
        return digits
    }

    private init(isNegative: Bool, digits: [UInt8], exponent: Int) {
        var digits = Array(digits.drop { $0 == UInt8(ascii: "0") })
        var exponent = exponent
        while digits.last == UInt8(ascii: "0") {
            digits.removeLast()
            exponent += 1
        }
        self.digits = digits
        self.exponent = digits.isEmpty ? 0 : exponent
        // Neither MySQL nor arithmetic tells -0 from 0.
        self.isNegative = isNegative && !digits.isEmpty
    }

    /// The number times a power of ten.
    func shifted(by power: Int) -> ExactNumber {
        ExactNumber(isNegative: isNegative, digits: digits, exponent: exponent + power)
    }
}
