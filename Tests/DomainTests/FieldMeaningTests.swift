import Testing

@testable import Domain

/// A value by another producer is held against the row's under the column's kind.
@Suite("A value by another producer")
struct FieldMeaningTests {
    struct Case: CustomTestStringConvertible {
        var kind: ColumnKind
        /// As the row encoder writes it.
        var row: String
        var same: [String]
        var other: [String]
        var testDescription: String { "\(kind.rawValue) \(row)" }
    }

    @Test("says the same in every form that the kind allows, and in no other", arguments: numbers + texts + times)
    func forms(_ example: Case) throws {
        let row = try JSONValue(parsing: utf8(example.row))
        for (texts, isSame) in [(example.same, true), (example.other, false)] {
            for text in texts {
                let found = try JSONValue(parsing: utf8(text))
                #expect(example.kind.means(row, found) == isSame, "\(text)")
            }
        }
        #expect(example.kind.means(row, row))
        #expect(!example.kind.means(row, .null))
        #expect(!example.kind.means(.null, row))
        #expect(example.kind.means(.null, .null))
    }

    static let numbers = [
        Case(
            kind: .integer, row: "1", same: ["\"1\"", "1.0", "true", "1e0", "\"01\""],
            other: ["0", "2", "\"\"", "\"one\"", "-1", "[1]"]),
        Case(
            kind: .integer, row: "-9223372036854775808", same: ["\"-9223372036854775808\""],
            other: ["-9223372036854775807", "9223372036854775808", "-9.223372036854776e18"]),
        Case(
            kind: .unsigned, row: "18446744073709551615", same: ["\"18446744073709551615\"", "18446744073709551615.0"],
            other: ["-1", "18446744073709551614", "1.8446744073709552e19"]),
        Case(
            kind: .decimal, row: "\"12.50\"", same: ["12.5", "\"12.5\"", "12.500", "1250e-2", "\"012.50\""],
            other: ["12.51", "-12.5", "true", "\"12,50\"", "125"]),
        Case(kind: .decimal, row: "\"0.00\"", same: ["0", "-0.0", "\"0\""], other: ["0.001", "false"]),
        Case(
            kind: .decimal, row: "\"12345678901234567890.123456789\"", same: ["12345678901234567890.123456789"],
            other: ["12345678901234567890.12345678", "12345678901234567000"]),
        Case(
            kind: .float, row: "0.1", same: ["0.1", "0.10000000149011612", "\"0.1\"", "1e-1"],
            other: ["0.2", "0.1001", "\"nan\"", "true"]),
        Case(kind: .float, row: "16777216", same: ["1.6777216e7"], other: ["16777218", "16777214"]),
        Case(
            kind: .double, row: "0.1", same: ["\"0.1\"", "0.1000000000000000055511151231257827"],
            other: ["0.10000000149011612", "0.2", "\"0x1p-4\""]),
        Case(kind: .boolean, row: "true", same: ["1", "\"1\"", "\"true\"", "1.0"], other: ["0", "false", "\"yes\"", "2"]),
        Case(kind: .boolean, row: "false", same: ["0", "\"0\"", "\"False\""], other: ["1", "true", "\"\""]),
        Case(kind: .boolean, row: "2", same: ["\"2\""], other: ["true", "1"]),
        Case(kind: .bit, row: "1", same: ["true", "\"1\"", "\"AQ==\""], other: ["false", "\"Ag==\""]),
        Case(kind: .bit, row: "258", same: ["258", "\"AgE=\""], other: ["\"AQI=\"", "513"]),
    ]

    static let texts = [
        Case(kind: .string, row: "\"41\"", same: ["\"\\u0034\\u0031\""], other: ["41", "\"41 \"", "\"041\"", "true"]),
        Case(kind: .string, row: "\"\"", same: [], other: ["0", "false", "\" \""]),
        Case(kind: .string, row: "\"é\"", same: ["\"\\u00e9\""], other: ["\"e\\u0301\"", "\"E\\u0301\""]),
        Case(kind: .string, row: "\"a,b\"", same: [], other: ["\"b,a\"", "\"A,B\""]),
        Case(
            kind: .bytes, row: "\"/wD+ww==\"", same: ["\"/wD+ww\"", "\"_wD-ww==\"", "\"_wD-ww\""],
            other: ["\"/wD+wg==\"", "\"ff00fec3\"", "\"\"", "1"]),
        Case(kind: .bytes, row: "\"\"", same: [], other: ["\"AA==\"", "\"!\""]),
        Case(
            kind: .json, row: #"{"a":[1,2.5],"b":{"x":null}}"#,
            same: [#"{"b":{"x":null},"a":[1.0,2.50]}"#, #""{\"a\": [1, 2.5], \"b\": {\"x\": null}}""#],
            other: [#"{"a":[2.5,1],"b":{"x":null}}"#, #"{"a":[1,2.5],"b":{}}"#, #"{"a":[1,2.5],"b":{"x":null},"c":1}"#, "\"no\""]),
        Case(kind: .json, row: #"{"$text":"not JSON"}"#, same: [#""not JSON""#], other: [#""not json""#]),
        Case(kind: .json, row: #"{"$json":{"$text":"x"}}"#, same: [#"{"$text":"x"}"#], other: [#""x""#]),
    ]

    static let times = [
        Case(
            kind: .date, row: "\"2026-11-22\"",
            same: ["20779", "\"2026-11-22T00:00:00Z\"", "1795305600000", "\"2026-11-22 00:00:00.000\""],
            other: ["\"2026-11-23\"", "20780", "\"2026-11-22T00:00:01Z\"", "\"22.11.2026\""]),
        // MySQL stores such a date where ALLOW_INVALID_DATES lets it.
        Case(kind: .date, row: "\"2026-02-31\"", same: ["\"2026-02-31\""], other: ["\"2026-03-03\"", "\"2026-02-30\""]),
        Case(kind: .date, row: "\"2026-03-03\"", same: ["20515"], other: ["\"2026-02-31\""]),
        Case(kind: .date, row: "\"2028-02-29\"", same: ["21243", "\"2028-02-29T00:00:00Z\""], other: ["\"2028-03-01\""]),
        Case(kind: .date, row: "\"0000-00-00\"", same: ["\"0000-00-00T00:00:00\""], other: ["0", "\"1970-01-01\""]),
        Case(
            kind: .time, row: "\"13:37:05.250000\"", same: ["\"13:37:05.25\"", "49025250", "49025250000", "49025.25"],
            other: ["\"13:37:05\"", "49025", "\"-13:37:05.25\""]),
        Case(kind: .time, row: "\"-838:59:59\"", same: ["-3020399000000"], other: ["\"838:59:59\""]),
        Case(
            kind: .datetime, row: "\"2026-11-22T13:37:05.044\"",
            same: [
                "\"2026-11-22 13:37:05.044000\"", "\"2026-11-22T13:37:05.044Z\"", "1795354625044", "1795354625044000",
                "1795354625.044", "\"1795354625044\"", "\"2026-11-22T13:37:05.044+00:00\"",
            ],
            other: ["\"2026-11-22T13:37:05\"", "1795354625", "\"2026-11-22T14:37:05.044+01:00\"", "1795354625043"]),
        Case(
            kind: .timestamp, row: "\"2026-11-22T13:37:05Z\"",
            same: [
                "\"2026-11-22T14:37:05+01:00\"", "\"2026-11-22 13:37:05\"", "\"2026-11-22T08:07:05.000-0530\"", "1795354625",
                "1795354625000", "\"2026-11-22T13:37:05.000000000Z\"",
            ],
            other: ["\"2026-11-22T13:37:05+01:00\"", "\"2026-11-22T13:37:06Z\"", "\"2026-11-22T13:37:05.000000001Z\""]),
        Case(
            kind: .datetime, row: "\"0000-00-00T00:00:00\"", same: ["\"0000-00-00 00:00:00\""],
            other: ["0", "\"1970-01-01T00:00:00Z\""]),
        Case(kind: .datetime, row: "\"1969-12-31T23:59:59\"", same: ["-1", "-1000"], other: ["1", "0"]),
    ]

    @Test("may order and add fields, leave NULLs out, and leave the user id to the key")
    func objects() {
        let comparison = FieldComparison(
            [.init(name: "user_id", kind: .unsigned), .init(name: "flag", kind: .boolean), .init(name: "note", kind: .string)],
            keyField: "user_id")
        let row = #"{"user_id":7,"flag":true,"note":null}"#
        func fields(_ found: String) -> [String]? { comparison.differingFields(utf8(row), utf8(found), isOwn: false) }
        #expect(fields(#" { "note" : null, "source" : "elsewhere", "flag" : 1, "user_id" : "7" } "#) == [])
        #expect(fields(#"{"flag":true}"#) == [])
        #expect(fields(#"{"user_id":8,"flag":true}"#) == ["user_id"])
        #expect(fields(#"{"user_id":7,"flag":0,"note":""}"#) == ["flag", "note"])
        #expect(fields(#"{"user_id":7,"note":null}"#) == ["flag"])
        #expect(fields("[]") == nil)
    }

    @Test("counts as Rollcall's own when it says so, and is held to the very form then")
    func own() {
        let comparison = FieldComparison([.init(name: "flag", kind: .boolean)])
        #expect(
            comparison.differingFields(utf8(#"{"flag":true}"#), utf8(#"{"flag":1,"more":2}"#), isOwn: true) == ["flag", "more"])
    }
}
