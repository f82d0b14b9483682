import Domain
import Testing

@Suite("Canonical bytes")
struct RowEncoderTests {
    private func encode(_ kind: ColumnKind, _ cell: [UInt8]?) throws -> String {
        var encoder = RowEncoder(columns: [.init(name: "v", kind: kind)])
        let row = text(try encoder.encode([cell]))
        return String(row.dropFirst(#"{"v":"#.count).dropLast())
    }

    private func encode(_ kind: ColumnKind, _ cell: String) throws -> String { try encode(kind, utf8(cell)) }

    struct Example: Sendable, CustomTestStringConvertible {
        let kind: ColumnKind
        let cell: [UInt8]
        let json: String
        var testDescription: String { "\(kind) \(text(cell)) → \(json)" }

        init(_ kind: ColumnKind, _ cell: String, _ json: String) { self.init(kind, utf8(cell), json) }
        init(_ kind: ColumnKind, _ cell: [UInt8], _ json: String) { (self.kind, self.cell, self.json) = (kind, cell, json) }
    }

    static let numbers: [Example] = [
        Example(.integer, "0", "0"), Example(.integer, "-0", "0"), Example(.integer, "0007", "7"),
        Example(.integer, "-0007", "-7"),
        Example(.integer, "9223372036854775807", "9223372036854775807"),
        Example(.integer, "-9223372036854775808", "-9223372036854775808"),
        Example(.unsigned, "18446744073709551615", "18446744073709551615"), Example(.unsigned, "0000", "0"),
        Example(.decimal, "0.10", #""0.10""#), Example(.decimal, "-0.00", #""-0.00""#), Example(.decimal, "007.5", #""007.5""#),
        Example(
            .decimal, "99999999999999999999999999999999999.123456789012345678901234567890",
            #""99999999999999999999999999999999999.123456789012345678901234567890""#),
        Example(.float, "0", "0"), Example(.float, "-0", "-0"), Example(.float, "0.1", "0.1"), Example(.float, "1.0", "1"),
        Example(.float, "16777216", "16777216"), Example(.float, "1.6777218e+07", "16777218"), Example(.float, "1e-45", "1e-45"),
        Example(.float, "3.40282e38", "3.40282e+38"),
        Example(.double, "1e20", "100000000000000000000"), Example(.double, "1e+20", "100000000000000000000"),
        Example(.double, "1e21", "1e+21"), Example(.double, "123e20", "1.23e+22"), Example(.double, "0.000001", "0.000001"),
        Example(.double, "0.0000001", "1e-7"), Example(.double, "-1.50e-7", "-1.5e-7"), Example(.double, "00001.50", "1.5"),
        Example(.double, "0.30000000000000004", "0.30000000000000004"),
        Example(.double, "1.7976931348623157e308", "1.7976931348623157e+308"), Example(.double, "5e-324", "5e-324"),
        Example(.double, "100", "100"), Example(.double, "1200.0", "1200"), Example(.double, "-0.0", "-0"),
        Example(.boolean, "0", "false"), Example(.boolean, "1", "true"), Example(.boolean, "01", "true"),
        Example(.boolean, "00", "false"),
        Example(.boolean, "2", "2"), Example(.boolean, "-1", "-1"), Example(.boolean, [0], "false"),
        Example(.boolean, [1], "true"),
        Example(.bit, [0], "0"), Example(.bit, [1], "1"), Example(.bit, [1, 0], "256"), Example(.bit, [], "0"),
        Example(.bit, [UInt8](repeating: 0xFF, count: 8), "18446744073709551615"),
    ]

    static let texts: [Example] = [
        Example(.string, "", #""""#), Example(.string, "a b", #""a b""#),
        Example(.string, #"say "hi" \ /"#, #""say \"hi\" \\ /""#),
        Example(.string, "a\nb\r\t\u{8}\u{C}", #""a\nb\r\t\b\f""#),
        Example(.string, "a\u{0}b\u{1F}\u{7F}", "\"a\\u0000b\\u001f\u{7F}\""),
        Example(.string, "🦊é", "\"🦊é\""), Example(.string, "e\u{301}", "\"e\u{301}\""), Example(.string, "null", #""null""#),
        Example(.string, [0xFF], #"{"$base64":"/w=="}"#), Example(.string, [0x61, 0xED, 0xA0, 0x80], #"{"$base64":"Ye2ggA=="}"#),
        Example(.string, #"{"$base64":"/w=="}"#, #""{\"$base64\":\"/w==\"}""#),
        Example(.date, "2026-11-22", #""2026-11-22""#), Example(.date, "0000-00-00", #""0000-00-00""#),
        Example(.time, "-838:59:59.000000", #""-838:59:59.000000""#),
        Example(.datetime, "2026-11-22 15:13:59", #""2026-11-22T15:13:59""#),
        Example(.datetime, "2026-11-22 15:13:59.044000", #""2026-11-22T15:13:59.044000""#),
        Example(.datetime, "0000-00-00 00:00:00", #""0000-00-00T00:00:00""#),
        Example(.timestamp, "2026-11-22 15:13:59", #""2026-11-22T15:13:59Z""#),
        Example(.timestamp, "2026-11-22 15:13:59.000001", #""2026-11-22T15:13:59.000001Z""#),
        Example(.timestamp, "0000-00-00 00:00:00", #""0000-00-00T00:00:00Z""#),
        // RFC 4648 section 10.
        Example(.bytes, "", #""""#), Example(.bytes, "f", #""Zg==""#), Example(.bytes, "fo", #""Zm8=""#),
        Example(.bytes, "foo", #""Zm9v""#),
        Example(.bytes, "foob", #""Zm9vYg==""#), Example(.bytes, "fooba", #""Zm9vYmE=""#),
        Example(.bytes, "foobar", #""Zm9vYmFy""#),
        Example(.bytes, [0xFB, 0xFF, 0xBF], #""+/+/""#), Example(.bytes, [0, 0, 0], #""AAAA""#),
    ]

    static let documents: [Example] = [
        Example(.json, #"{"b": 1, "a": [ 2, {"d":3,"c":4} ]}"#, #"{"a":[2,{"c":4,"d":3}],"b":1}"#),
        Example(.json, "null", "null"), Example(.json, "1.50", "1.50"), Example(.json, #""abc""#, #""abc""#),
        Example(.json, #""\u00e9\/""#, "\"é/\""), Example(.json, #"{"a":1,"a":2}"#, #"{"a":1,"a":2}"#),
        Example(.json, "abc", #"{"$text":"abc"}"#), Example(.json, "", #"{"$text":""}"#),
        Example(.json, [0xFF], #"{"$base64":"/w=="}"#),
        Example(.json, #"{"$text":"abc"}"#, #"{"$json":{"$text":"abc"}}"#),
        Example(.json, #"{"$base64":"/w=="}"#, #"{"$json":{"$base64":"/w=="}}"#),
        Example(.json, #"{"$json":{"$text":"abc"}}"#, #"{"$json":{"$json":{"$text":"abc"}}}"#),
        Example(.json, #"{"$text":"abc","x":1}"#, #"{"$text":"abc","x":1}"#),
    ]

    @Test("of each kind of column", arguments: numbers + texts + documents)
    func examples(_ example: Example) throws {
        #expect(try encode(example.kind, example.cell) == example.json)
    }

    @Test("of NULL are null, which no other value but JSON's own has", arguments: ColumnKind.allCases)
    func null(_ kind: ColumnKind) throws {
        #expect(try encode(kind, nil as [UInt8]?) == "null")
        let word = try? encode(kind, "null")
        #expect(kind == .json ? word == "null" : word != "null", "a JSON document may say null; nothing else can")
    }

    @Test(
        "are refused to a cell that is no value of its kind",
        arguments: [
            (.integer, ""), (.integer, "-"), (.integer, "1.0"), (.integer, "1e3"), (.integer, " 1"), (.integer, "+1"),
            (.integer, "x"),
            (.unsigned, "１"), (.boolean, ""), (.boolean, "true"), (.boolean, "\u{2}"), (.float, ""), (.float, "nan"),
            (.float, "inf"),
            (.float, "1.2.3"), (.double, "."), (.double, "-"), (.double, "1e"), (.double, "\"1\""), (.double, "1 "),
            (.double, "1e99999999999999999999"), (.bit, "123456789"),
            (.datetime, ""), (.datetime, "2026-11-22"), (.datetime, "2026-11-22T15:13:59"), (.datetime, "2026-11-22 15:13:59Z"),
            (.datetime, "2026-11-22 15:13:59."), (.datetime, "2026-11-22 15:13:59.0000001"), (.datetime, "aaaaaaaaaa \"bbbbbbb"),
            (.timestamp, "2026-11-22 15:13:59\u{0}"), (.timestamp, "2026-11-22 15-13-59"), (.timestamp, "1234567890 12345678"),
        ] as [(ColumnKind, String)])
    func refused(_ kind: ColumnKind, _ cell: String) {
        #expect(throws: RowEncodingError.self) { try encode(kind, cell) }
    }

    @Test("keep the query's order of columns, whatever their names")
    func columns() throws {
        var encoder = RowEncoder(columns: [
            .init(name: "z", kind: .integer), .init(name: #"a"b\"#, kind: .string), .init(name: "", kind: .integer),
            .init(name: "é", kind: .date),
        ])
        #expect(text(try encoder.encode([utf8("1"), nil, utf8("2"), utf8("x")])) == #"{"z":1,"a\"b\\":null,"":2,"é":"x"}"#)
    }

    @Test("of an unfinished row leave no trace, and rows with too few or too many cells are refused")
    func unfinished() throws {
        var encoder = RowEncoder(columns: [.init(name: "a", kind: .integer), .init(name: "b", kind: .integer)])
        #expect(throws: RowEncodingError.self) { try encoder.encode([utf8("1"), utf8("x")]) }
        #expect(throws: RowEncodingError.self) { try encoder.encode([utf8("1")]) }
        #expect(throws: RowEncodingError.self) { try encoder.encode([utf8("1"), utf8("2"), utf8("3")]) }
        #expect(throws: RowEncodingError.self) { try encoder.encode([]) }
        #expect(text(try encoder.encode([utf8("1"), utf8("2")])) == #"{"a":1,"b":2}"#)
    }

    @Test("name the column that cannot be encoded")
    func errorColumn() {
        var encoder = RowEncoder(columns: [.init(name: "a", kind: .integer), .init(name: "b", kind: .integer)])
        let error = #expect(throws: RowEncodingError.self) { try encoder.encode([utf8("1"), utf8("x")]) }
        #expect(error?.column == 1)
    }

    @Test("hold a document at any depth so that it can be read back from its row", arguments: [99, 100, 101, 127, 128, 129])
    func nestedDocument(_ depth: Int) throws {
        let document = Array(repeating: UInt8(ascii: "["), count: depth) + Array(repeating: UInt8(ascii: "]"), count: depth)
        var encoder = RowEncoder(columns: [.init(name: "a", kind: .json)])
        let row = try encoder.encode([document])
        #expect(FieldComparison().differingFields(row, row, isOwn: true) == [])
        #expect(throws: Never.self) { try JSONValue(parsing: GodObject.compose(aggregate: row, mapping: nil)) }
    }
}
