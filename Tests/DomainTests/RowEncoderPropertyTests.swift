import Domain
import Testing

@Suite("Canonical bytes tell rows apart")
struct RowEncoderPropertyTests {
    /// Cells by kind, grouped by what they mean: cells of one group are one value, cells of two groups are two.
    private static let groups: [ColumnKind: [[[UInt8]]]] = {
        func texts(_ groups: [[String]]) -> [[[UInt8]]] { groups.map { $0.map { utf8($0) } } }
        let anyText: [[[UInt8]]] =
            texts([
                [""], ["a"], ["A"], ["a "], ["\""], ["\\"], ["\\\""], ["\n"], ["\\n"], ["\u{0}"], ["null"], ["é"], ["e\u{301}"],
                ["{}"],
            ])
            + texts([["\",\"b\":\""], ["{\"$base64\":\"/w==\"}"], ["/w=="], ["0"], ["00"], ["0.0"]])
            + [[[0xFF]], [[0xFF, 0xFF]], [[0xEF, 0xBF, 0xBD]], [[0xC3]]]
        let integers = texts([
            ["0", "00", "-0"], ["1", "01"], ["-1", "-01"], ["10"], ["9223372036854775807"], ["-9223372036854775808"],
        ])
        let numbers = texts([
            ["0", "0.0", "0e5", "00"], ["-0", "-0.0"], ["1", "1.0", "1e0", "0.1e1", "10e-1", "01"], ["-1"], ["10", "1e1"],
            ["0.1"], ["0.01"],
            ["100000000000000000000", "1e20", "1e+20"], ["1e21"], ["1e-7", "0.0000001"], ["1e-6"], ["0.3"],
            ["0.30000000000000004"],
            ["16777216", "1.6777216e7"], ["16777218"], ["12345678901234567890123"], ["12345678901234567890124"],
        ])
        let moments = texts([
            ["2026-11-22 15:13:59"], ["2026-11-22 15:13:59.0"], ["2026-11-22 15:13:59.000000"], ["2026-11-22 15:13:58"],
            ["0000-00-00 00:00:00"], ["1000-01-01 00:00:00"],
        ])
        let documents =
            texts([
                ["null"], ["\"null\""], ["nul"], ["{}", " { } "], ["[]", "[ ]"], [""], ["\"\""], ["\"abc\"", "\"\\u0061bc\""],
                ["abc"], ["1"], ["1.0"],
                [#"{"a":1,"b":2}"#, #"{"b":2,"a":1}"#], [#"{"a":1}"#], [#"{"a":1,"a":2}"#], [#"{"a":2,"a":1}"#], [#"{"a":2}"#],
                [#"{"$text":"abc"}"#], [#"{"$json":{"$text":"abc"}}"#], [#"{"$base64":"/w=="}"#], [#"{"$json":{}}"#], ["[1,2]"],
                ["[2,1]"],
                ["{\"$text\":\"abc\""],
            ]) + [[[0xFF]]]
        let bits: [[[UInt8]]] = [[[0]], [[1]], [[2]], [[0xFF]]]
        return [
            .integer: integers, .unsigned: integers, .boolean: integers, .float: numbers, .double: numbers, .decimal: anyText,
            .string: anyText,
            .bytes: anyText, .date: anyText, .time: anyText, .datetime: moments, .timestamp: moments, .json: documents,
            .bit: bits,
        ]
    }()

    @Test("cell by cell: equal bytes exactly where the values are equal", arguments: ColumnKind.allCases)
    func cells(_ kind: ColumnKind) throws {
        let groups = try #require(Self.groups[kind])
        var encoder = RowEncoder(columns: [.init(name: "v", kind: kind)])
        var groupOfBytes: [[UInt8]: Int] = [try encoder.encode([nil]): -1]
        if kind == .json { groupOfBytes = [:] }
        for (index, group) in groups.enumerated() {
            let encodings = try Set(group.map { try encoder.encode([$0]) })
            #expect(encodings.count == 1, "one value, several encodings: \(encodings.map(text))")
            for bytes in encodings {
                #expect(throws: Never.self) { try JSONValue(parsing: bytes) }
                #expect(groupOfBytes.updateValue(index, forKey: bytes) == nil, "two values, one encoding: \(text(bytes))")
            }
        }
    }

    @Test("row by row, at random: equal bytes exactly where all values are equal, and always JSON")
    func rows() throws {
        var random = SeededGenerator(seed: 3)
        for _ in 0..<300 {
            let kinds = (0..<Int.random(in: 1...6, using: &random)).map { _ in
                ColumnKind.allCases.filter { $0 != .json }.randomElement(using: &random) ?? .string
            }
            var encoder = RowEncoder(columns: kinds.enumerated().map { .init(name: "c\($0)", kind: $1) })
            var meaningOfBytes: [[UInt8]: [Int]] = [:]
            var bytesOfMeaning: [[Int]: [UInt8]] = [:]
            for _ in 0..<20 {
                var meaning: [Int] = []
                var cells: [[UInt8]?] = []
                for kind in kinds {
                    // Few values per column, so that equal rows turn up.
                    let groups = try #require(Self.groups[kind])
                    let group = Int.random(in: -1..<min(3, groups.count), using: &random)
                    meaning.append(group)
                    cells.append(group < 0 ? nil : groups[group].randomElement(using: &random))
                }
                let bytes = try encoder.encode(cells)
                #expect(throws: Never.self) { try JSONValue(parsing: bytes) }
                #expect(
                    meaningOfBytes.updateValue(meaning, forKey: bytes) ?? meaning == meaning,
                    "two rows, one encoding: \(text(bytes))")
                #expect(
                    bytesOfMeaning.updateValue(bytes, forKey: meaning) ?? bytes == bytes, "one row, two encodings: \(text(bytes))"
                )
            }
        }
    }

    @Test("whatever bytes a cell holds, it is encoded as JSON or refused", arguments: ColumnKind.allCases)
    func anyBytes(_ kind: ColumnKind) throws {
        var random = SeededGenerator(seed: 4)
        var encoder = RowEncoder(columns: [.init(name: "v", kind: kind)])
        let alphabet = Array(utf8("0123456789-+.eE:TZ \"\\{}[],$ntrufalse\u{0}é")) + [0x80, 0xFF, 0xC3]
        for _ in 0..<2000 {
            let cell = (0..<Int.random(in: 0..<24, using: &random)).compactMap { _ in alphabet.randomElement(using: &random) }
            guard let bytes = try? encoder.encode([cell]) else { continue }
            #expect(throws: Never.self, "\(cell)") { try JSONValue(parsing: bytes) }
        }
    }
}
