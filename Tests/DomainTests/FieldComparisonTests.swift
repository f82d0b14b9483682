import Domain
import Testing

@Suite("Fields in which a value of Rollcall's own differs")
struct FieldComparisonTests {
    private func fields(_ expected: String, _ found: String) -> [String]? {
        FieldComparison().differingFields(utf8(expected), utf8(found), isOwn: true)
    }

    @Test("are named in the order of the expected row, then those that only the other has")
    func names() {
        #expect(fields(#"{"c":1,"b":2,"a":3}"#, #"{"d":0,"a":4,"b":2,"c":5}"#) == ["c", "a", "d"])
        #expect(fields(#"{"a":1}"#, #"{}"#) == ["a"])
        #expect(fields(#"{}"#, #"{"a":null}"#) == ["a"])
        #expect(fields(#"{"a":null}"#, #"{}"#) == ["a"])
    }

    @Test("are none where only the order of members differs, at any level")
    func order() {
        #expect(fields(#"{"a":1,"b":{"x":1,"y":[{"p":1,"q":2}]}}"#, #" {"b":{"y":[{"q":2,"p":1}],"x":1},"a":1} "#) == [])
        #expect(fields(#"{"a":[1,2]}"#, #"{"a":[2,1]}"#) == ["a"])
    }

    @Test("are those whose texts differ, in type, digits or bytes")
    func values() {
        #expect(fields(#"{"a":1}"#, #"{"a":"1"}"#) == ["a"])
        #expect(fields(#"{"a":1}"#, #"{"a":1.0}"#) == ["a"])
        #expect(fields(#"{"a":16777216}"#, #"{"a":16777218}"#) == ["a"])
        #expect(fields(#"{"a":18446744073709551615}"#, #"{"a":18446744073709551614}"#) == ["a"])
        #expect(fields(#"{"a":"é"}"#, "{\"a\":\"e\u{301}\"}") == ["a"])
        #expect(fields(#"{"é":1}"#, "{\"e\u{301}\":1}") == ["é", "e\u{301}"])
        #expect(fields(#"{"a":"\u00e9"}"#, #"{"a":"é"}"#) == [])
    }

    @Test("cannot be told where one side is no object")
    func notObjects() {
        for other in ["", "null", "[]", "1", "garbage", "{"] {
            #expect(fields("{}", other) == nil)
            #expect(fields(other, "{}") == nil)
        }
        #expect(FieldComparison().differingFields(utf8("{}"), [0xFF], isOwn: true) == nil)
    }
}
