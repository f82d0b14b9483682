import Domain
import Testing

@Suite("The JSON parser")
struct JSONParserTests {
    /// Texts that RFC 8259 allows, in the manner of https://github.com/nst/JSONTestSuite (its `y_` files).
    @Test(
        "accepts what RFC 8259 allows",
        arguments: [
            ("[]", []), (" [ ] \n", []), ("{}", [:]), ("\t\r\n {} ", [:]), ("null", nil), ("true", true), ("false", false),
            ("\"\"", ""),
            ("0", .number("0")), ("-0", .number("-0")), ("1.0", .number("1.0")), ("-0.5e-10", .number("-0.5e-10")),
            ("1E+2", .number("1E+2")), ("123456789012345678901234567890", .number("123456789012345678901234567890")),
            ("0e1", .number("0e1")), ("20e1", .number("20e1")), ("[1,2 , 3]", [1, 2, 3]), ("[null,null]", [nil, nil]),
            (#"{"a":1,"b":[{}]}"#, ["a": 1, "b": [[:]]]), (#"{"":0}"#, ["": 0]), (#"{"a":1,"a":2}"#, ["a": 1, "a": 2]),
            (#""\"\\\/\b\f\n\r\t""#, "\"\\/\u{8}\u{C}\n\r\t"), (#""\u0000\u001f""#, "\u{0}\u{1F}"), (#""\u00e9""#, "\u{E9}"),
            (#""\uD83E\uDD8A""#, "🦊"), (#""\ud83e\udd8a""#, "🦊"), (#""\udbff\udfff""#, "\u{10FFFF}"), (#""\uFFFF""#, "\u{FFFF}"),
            (#""\\u0041""#, "\\u0041"), ("\"\u{7F}\u{2028}\u{2029}é🦊\"", "\u{7F}\u{2028}\u{2029}é🦊"), (#""\u0022""#, "\""),
            ("\"e\u{301}\"", "e\u{301}"),
        ] as [(String, JSONValue)])
    func accepts(_ json: String, _ expected: JSONValue) throws {
        #expect(try JSONValue(parsing: json) == expected)
    }

    /// Texts that RFC 8259 forbids, in the manner of the same suite's `n_` files.
    @Test(
        "refuses what RFC 8259 forbids",
        arguments: [
            "", " ", "[", "]", "{", "}", "[1", "[1,", "[1,]", "[,1]", "[1 2]", "[,]", "[1]]", "[1}", "{]", "{\"a\"}", "{\"a\":}",
            "{\"a\" 1}",
            "{\"a\":1,}", "{,}", "{a:1}", "{'a':1}", "{1:1}", "{\"a\":1 \"b\":2}", "{\"a\"::1}", "{null:1}", "1 2", "[] []",
            "nul", "nulll", "NULL",
            "True", "tru", "undefined", "NaN", "Infinity", "-Infinity", "-", "+1", "01", "-01", "00", "1.", ".5", "-.5", "1.e1",
            "1e", "1e+", "1e1.5",
            "0x1", "1_000", "1,000", "１", "\"", "\"abc", "'a'", "\"\\\"", "\"\\x41\"", "\"\\a\"", "\"\\u\"", "\"\\u12\"",
            "\"\\u123g\"",
            "\"\\u 123\"", "\"\\u+123\"", "\"\\ud800\"", "\"\\ud800x\"", "\"\\ud800\\n\"", "\"\\ud800\\u0041\"", "\"\\udc00\"",
            "\"\\ud800\\ud800\"", "\"\\U0041\"", "\"\u{0}\"", "\"a\nb\"", "\"a\tb\"", "\"\u{1F}\"", "\u{FEFF}[]", "[]\u{0}",
            "\u{A0}[]", "\u{C}[]",
            "//c\n[]", "[1]/**/", "#", "{\"a\":1}x", "[\"a\" : 1]", "{\"a\",1}", "\\u0022a\"", "{\"a\":1,\"b\"", "[true", "-a",
            "--1",
        ])
    func refuses(_ json: String) {
        #expect(throws: JSONError.self) { try JSONValue(parsing: json) }
    }

    @Test("refuses every kind of invalid UTF-8")
    func invalidUTF8() {
        let invalid: [[UInt8]] = [
            [0x80], [0xBF], [0xC0, 0x80], [0xC1, 0xBF], [0xC3], [0xE0, 0x80, 0x80], [0xE2, 0x82], [0xED, 0xA0, 0x80],
            [0xED, 0xBF, 0xBF],
            [0xF0, 0x80, 0x80, 0x80], [0xF4, 0x90, 0x80, 0x80], [0xF5, 0x80, 0x80, 0x80], [0xFE], [0xFF],
        ]
        for bytes in invalid {
            #expect(throws: JSONError.self) { try JSONValue(parsing: utf8("\"") + bytes + utf8("\"")) }
            #expect(throws: JSONError.self) { try JSONValue(parsing: utf8("\"\\n") + bytes + utf8("\"")) }
            #expect(throws: JSONError.self) { try JSONValue(parsing: utf8("{\"") + bytes + utf8("\":1}")) }
            #expect(throws: JSONError.self) { try JSONValue(parsing: bytes) }
            #expect(!JSONValue.isValid(utf8("{\"x\":\"") + bytes + utf8("\"}")))
            #expect(String(utf8: utf8("a") + bytes) == nil)
        }
        #expect(JSONValue.isValid(utf8(#"{"x":"é🦊"}"#)))
        #expect(String(utf8: utf8("é🦊\u{FFFD}")) == "é🦊\u{FFFD}")
    }

    @Test("counts levels of arrays and objects, and refuses one too many")
    func depth() throws {
        func nested(_ levels: Int, around core: String) -> String {
            String(repeating: "[", count: levels) + core + String(repeating: "]", count: levels)
        }
        for core in ["", "1", "\"x\""] {
            #expect(throws: Never.self) { try JSONValue(parsing: nested(128, around: core)) }
            #expect(throws: JSONError.self) { try JSONValue(parsing: nested(129, around: core)) }
        }
        #expect(throws: Never.self) { try JSONValue(parsing: Array("[[]]".utf8), maximumDepth: 2) }
        #expect(throws: JSONError.self) { try JSONValue(parsing: Array(#"{"a":{"b":{}}}"#.utf8), maximumDepth: 2) }
        #expect(throws: JSONError.self) { try JSONValue(parsing: nested(1_000_000, around: "")) }
    }

    @Test("says where the text goes wrong")
    func place() {
        for (json, description) in [
            ("[\"é\" 1]", "not JSON: a comma or a closing bracket is missing at byte 6"),
            ("1 2", "not JSON: text follows the value at byte 2"),
        ] {
            let error = #expect(throws: JSONError.self) { try JSONValue(parsing: json) }
            #expect(error?.description == description)
        }
    }

    @Test("cut off at any byte, no object or array parses")
    func cutOff() {
        let json = utf8(#"{"a":[1,-2.5e3,"x\u00e9\ud83e\udd8aé",null,true],"b":{"c":false}}"#)
        #expect(throws: Never.self) { try JSONValue(parsing: json) }
        for length in 0..<json.count {
            #expect(throws: JSONError.self) { try JSONValue(parsing: Array(json[..<length])) }
        }
    }

    @Test("gives back whatever value is written, a thousand times at random")
    func roundTrip() throws {
        var random = SeededGenerator(seed: 2)
        for _ in 0..<1000 {
            let value = Self.randomValue(depth: 0, &random)
            #expect(try JSONValue(parsing: value.bytes) == value)
            let sorted = value.sorted
            #expect(try JSONValue(parsing: sorted.bytes) == sorted)
            #expect(sorted.sorted == sorted)
        }
    }

    private static func randomValue(depth: Int, _ random: inout SeededGenerator) -> JSONValue {
        switch Int.random(in: 0..<(depth < 4 ? 8 : 6), using: &random) {
        case 0: return .null
        case 1: return .bool(Bool.random(using: &random))
        case 2:
            return .number(["0", "-0", "1.50", "1e400", "-12E-3", "18446744073709551616"].randomElement(using: &random) ?? "")
        case 3: return .number(Int64.random(in: .min ... .max, using: &random))
        case 4, 5: return .string(randomText(&random))
        case 6: return .array((0..<Int.random(in: 0..<5, using: &random)).map { _ in randomValue(depth: depth + 1, &random) })
        default:
            return .object(
                (0..<Int.random(in: 0..<5, using: &random)).map { _ in
                    .init(randomText(&random), randomValue(depth: depth + 1, &random))
                })
        }
    }

    private static func randomText(_ random: inout SeededGenerator) -> String {
        var scalars = String.UnicodeScalarView()
        for _ in 0..<Int.random(in: 0..<6, using: &random) {
            let limit: UInt32 = [0x20, 0x80, 0x800, 0x1_0000, 0x11_0000].randomElement(using: &random) ?? 0x80
            if let scalar = Unicode.Scalar(UInt32.random(in: 0..<limit, using: &random)) { scalars.append(scalar) }
        }
        return String(scalars)
    }

    @Test("lets equal values be those with equal bytes")
    func equality() throws {
        #expect(JSONValue.string("é") != .string("e\u{301}"))
        #expect(JSONValue.object([.init("é", 1)]) != .object([.init("e\u{301}", 1)]))
        #expect(JSONValue.number("1") != .number("1.0"))
        #expect(JSONValue.number("1") != .string("1"))
        #expect(JSONValue.bool(false) != .null)
        #expect(JSONValue.object([.init("é", 1)])["e\u{301}"] == nil)
        let repeated = try JSONValue(parsing: #"{"a":1,"a":2}"#)
        #expect(repeated["a"] == 2)
    }

    @Test("sorts members by the bytes of their names, at every level, and loses none")
    func sorting() throws {
        func sorted(_ json: String) throws -> String { try JSONValue(parsing: json).sorted.description }
        #expect(
            try sorted(#"{"b":1,"a":{"d":[{"z":1,"y":2}],"c":2},"":3,"é":4,"B":5}"#)
                == #"{"":3,"B":5,"a":{"c":2,"d":[{"y":2,"z":1}]},"b":1,"é":4}"#)
        #expect(try sorted(#"[3,1,2]"#) == "[3,1,2]")
        #expect(try sorted(#"{"a":1,"b":0,"a":2}"#) == #"{"a":1,"a":2,"b":0}"#)
        #expect(try sorted(#"{"a":2,"b":0,"a":1}"#) == #"{"a":2,"a":1,"b":0}"#)
    }
}
