import Domain

/// What a cell means, told by other code than the encoder's: two cells of a kind are one value exactly where their meanings are
/// equal.
enum ReferenceMeaning: Equatable {
    case nothing
    case flag(Bool)
    /// Sign, digits without zeros at either end, and the power of ten of the last digit.
    case number(isNegative: Bool, digits: [UInt8], exponent: Int)
    case bytes([UInt8])
    case document(ReferenceJSON)

    /// - Returns: Nil where the cell is no value of the kind.
    init?(_ cell: [UInt8]?, _ kind: ColumnKind) {
        guard let cell else {
            self = .nothing
            return
        }
        switch kind {
        case .string, .decimal, .date, .time, .bytes: self = .bytes(cell)
        case .bit:
            guard cell.count <= 8 else { return nil }
            self = .bytes(Array(cell.drop { $0 == 0 }))
        case .integer, .unsigned:
            guard let number = Self.number(cell, isWhole: true) else { return nil }
            self = number
        case .float, .double:
            guard let number = Self.number(cell, isWhole: false) else { return nil }
            self = number
        case .boolean:
            if cell == [0] || cell == [1] {
                self = .flag(cell == [1])
                return
            }
            guard let number = Self.number(cell, isWhole: true) else { return nil }
            switch number {
            case .number(_, [], _): self = .flag(false)
            case .number(false, [UInt8(ascii: "1")], 0): self = .flag(true)
            default: self = number
            }
        case .datetime, .timestamp:
            guard Self.isMoment(cell) else { return nil }
            self = .bytes(cell)
        case .json:
            if let document = ReferenceJSON(cell), document.depth <= 100 {
                // SQL's NULL and JSON's are one value in an aggregate: both say that there is nothing.
                self = document == .null ? .nothing : .document(document.ordered)
            } else {
                self = .bytes(cell)
            }
        }
    }

    private static func number(_ text: [UInt8], isWhole: Bool) -> ReferenceMeaning? {
        var rest = text[...]
        let isNegative = rest.first == UInt8(ascii: "-")
        if isNegative { rest.removeFirst() }
        var exponent = 0
        if !isWhole, let e = rest.firstIndex(where: { $0 | 0x20 == UInt8(ascii: "e") }) {
            var digits = rest[(e + 1)...]
            let isDown = digits.first == UInt8(ascii: "-")
            if isDown || digits.first == UInt8(ascii: "+") { digits.removeFirst() }
            guard isDigits(digits), let value = Int(String(decoding: digits, as: UTF8.self)), value < 100_000 else { return nil }
            exponent = isDown ? -value : value
            rest = rest[..<e]
        }
        if !isWhole, let point = rest.firstIndex(of: UInt8(ascii: ".")) {
            let fraction = rest[(point + 1)...]
            guard isDigits(fraction), isDigits(rest[..<point]) else { return nil }
            exponent -= fraction.count
            rest = rest[..<point] + fraction
        }
        guard isDigits(rest) else { return nil }
        var digits = Array(rest.drop { $0 == UInt8(ascii: "0") })
        while digits.last == UInt8(ascii: "0") {
            digits.removeLast()
            exponent += 1
        }
        // Zero of a whole number has no sign; a floating one keeps it.
        if digits.isEmpty { return .number(isNegative: isNegative && !isWhole, digits: [], exponent: 0) }
        return .number(isNegative: isNegative, digits: digits, exponent: exponent)
    }

    private static func isDigits(_ text: ArraySlice<UInt8>) -> Bool {
        !text.isEmpty && text.allSatisfy { (0x30...0x39).contains($0) }
    }

    /// `YYYY-MM-DD hh:mm:ss` with up to six digits of a second's fraction.
    private static func isMoment(_ text: [UInt8]) -> Bool {
        let fields = text.split(omittingEmptySubsequences: false) { "- :.".utf8.contains($0) }
        let widths = fields.map(\.count)
        let marks = text.filter { "- :.".utf8.contains($0) }
        guard fields.allSatisfy(isDigits), widths.prefix(6) == [4, 2, 2, 2, 2, 2] else { return false }
        if widths.count == 6 { return marks == Array("-- ::".utf8) }
        return widths.count == 7 && (1...6).contains(widths[6]) && marks == Array("-- ::.".utf8)
    }
}
