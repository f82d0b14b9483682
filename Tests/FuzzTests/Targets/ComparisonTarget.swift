import Domain

extension FuzzTarget {
    /// Parts: two values of a topic.
    ///
    /// Whatever lies on a topic, the comparison by fields says that two values mean the same exactly where other code does; and a value
    /// that another producer has written in another order, with other spaces and escapes, means what it meant.
    static let comparison = FuzzTarget(name: "comparison") { bytes in
        var input = FuzzInput(bytes)
        let left = input.next()
        let right = input.next()
        let comparison = FieldComparison()
        let told = comparison.differingFields(left, right, isOwn: true)
        guard let first = ReferenceJSON(left), let second = ReferenceJSON(right), first.depth <= 128, second.depth <= 128,
            case .object(let members) = first, case .object(let others) = second
        else { return try demand(told == nil, "\(shown(left)) and \(shown(right)) were compared") }
        guard isUnambiguous(members), isUnambiguous(others) else { return }
        var expected = members.filter { member in
            others.first { $0.name == member.name }.map { $0.value.ordered != member.value.ordered } ?? true
        }.map(\.name)
        expected += others.filter { other in !members.contains { $0.name == other.name } }.map(\.name)
        try demand(
            told?.map { Array($0.utf8) } == expected, "\(shown(left)), \(shown(right)): \(told ?? []) was told to differ")
        var other = ForeignProducer(seed: UInt64(left.count))
        let rewritten = other.write(first)
        for isOwn in [true, false] {
            try demand(
                comparison.differingFields(left, rewritten, isOwn: isOwn) == [],
                "\(shown(left)) means something else than \(shown(rewritten))")
        }
    }

    /// Which of two members with one name counts, readers do not agree on.
    private static func isUnambiguous(_ members: [(name: [UInt8], value: ReferenceJSON)]) -> Bool {
        Set(members.map(\.name)).count == members.count
    }
}

/// Writes JSON as somebody else would.
private struct ForeignProducer {
    private var state: UInt64

    init(seed: UInt64) { state = seed &+ 1 }

    private mutating func draw(_ bound: UInt64) -> Int {
        state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
        return Int((state >> 33) % bound)
    }

    mutating func write(_ value: ReferenceJSON) -> [UInt8] {
        let space = [UInt8](repeating: 0x20, count: draw(3))
        switch value {
        case .null: return space + Array("null".utf8)
        case .yes: return space + Array("true".utf8)
        case .no: return space + Array("false".utf8)
        case .number(let text): return space + text
        case .string(let text): return space + string(text)
        case .array(let elements):
            return space + Array("[".utf8) + Array(elements.map { write($0) }.joined(separator: Array(",\n".utf8)))
                + Array("]".utf8)
        case .object(let members):
            // Members of one name keep their order, since readers may count either.
            let isUnique = Set(members.map(\.name)).count == members.count
            let order = isUnique && draw(2) == 1 ? members.reversed() : members
            let written = order.map { string($0.name) + Array(" :".utf8) + write($0.value) }
            return space + Array("{".utf8) + Array(written.joined(separator: Array(",\t".utf8))) + Array("}\r\n".utf8)
        }
    }

    private mutating func string(_ bytes: [UInt8]) -> [UInt8] {
        var output = Array("\"".utf8)
        for scalar in String(decoding: bytes, as: UTF8.self).unicodeScalars {
            if scalar.value < 0x20 || scalar == "\"" || scalar == "\\" || draw(4) == 0 {
                for unit in String(scalar).utf16 {
                    let digits = String(unit, radix: 16, uppercase: draw(2) == 0)
                    output += Array(("\\u" + String(repeating: "0", count: 4 - digits.count) + digits).utf8)
                }
            } else {
                output += Array(String(scalar).utf8)
            }
        }
        return output + Array("\"".utf8)
    }
}
