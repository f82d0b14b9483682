import Domain
import Testing

@Suite("The outline of a JSON text")
struct JSONOutlineTests {
    private let names = JSONNames(["source", "pos", "user"])
    private let source = 0
    private let pos = 1
    private let user = 2

    @Test("finds the members that are asked for in the objects where they stand, and counts all of them")
    func finds() throws {
        let outline = try JSONOutline(
            utf8(#" {"source":{"pos":4,"db":"shop"},"row":{"pos":5},"long name of a column":[{"pos":6}],"pos":[{"pos":7}]} "#),
            names)
        let inner = outline.member(source, of: outline.whole)
        #expect(outline.memberCount(of: outline.whole) == 4)
        #expect(outline.isObject(inner))
        #expect(outline.unsignedInteger(outline.member(pos, of: inner)) == 4)
        #expect(outline.member(pos, of: outline.whole).map { outline.value($0) } == [["pos": 7]])
        #expect(outline.member(user, of: outline.whole) == nil)
        #expect(outline.member(pos, of: outline.member(pos, of: inner)) == nil)
        #expect(outline.member(pos, of: nil) == nil)
    }

    @Test("takes the last of several members with one name, and knows a name however it is escaped")
    func repeated() throws {
        let outline = try JSONOutline(utf8(#"{"pos":1,"p\u006fs":2,"user":null}"#), names)
        #expect(outline.integer(outline.member(pos, of: outline.whole)) == 2)
        #expect(outline.member(user, of: outline.whole).map { outline.isNull($0) } == true)
    }

    @Test(
        "reads a value as the parser does",
        arguments: [
            "0", "-0", "-7", "7", "18446744073709551615", "18446744073709551616", "9223372036854775808", "-9223372036854775808",
            "1.0", "1e3", #""""#, #""7""#, #""é""#, #""a\"b""#, #""\u0037""#, "true", "false", "null", "[7]", "{}",
        ])
    func values(_ json: String) throws {
        let outline = try JSONOutline(utf8(json), names)
        let value = try JSONValue(parsing: json)
        let whole = outline.whole
        #expect(outline.value(whole) == value)
        #expect(outline.text(whole) == value.text)
        #expect(outline.integer(whole) == value.integer)
        #expect(outline.unsignedInteger(whole) == value.unsignedInteger)
        #expect(outline.isNull(whole) == value.isNull)
        #expect(outline.isTrue(whole) == (value == true))
        #expect(outline.isObject(whole) == (value.members != nil))
        for kind in UserIDKind.allCases {
            #expect((try? outline.user(whole, kind)) == (try? kind.parse(value)))
        }
    }

    @Test(
        "refuses in what it passes over whatever the parser would refuse, and says the same of it",
        arguments: [
            #"{"x":01}"#, #"{"x":"\u12"}"#, "{\"x\":\"\n\"}", #"{"x":[1,]}"#, #"{"x":{"y" 1}}"#, #"{"x":nul}"#, #"{"x":"#,
            #"{"source":01}"#, #"{"source":{"pos" 4}}"#, #"{"source":{"#, #"{"source":4} 4"#, #"{"source":4,}"#, "",
        ])
    func refuses(_ json: String) {
        let whole = #expect(throws: JSONError.self) { try JSONValue(parsing: json) }
        let outlined = #expect(throws: JSONError.self) { try JSONOutline(utf8(json), names) }
        #expect(whole == outlined)
        #expect(!JSONValue.isValid(utf8(json)))
    }

    @Test("refuses what is nested too deeply, in what it looks into as in what it passes over")
    func depth() {
        for name in ["source", "x"] {
            func nested(_ depth: Int) -> [UInt8] {
                utf8(String(repeating: "{\"\(name)\":", count: depth) + "1" + String(repeating: "}", count: depth))
            }
            #expect(throws: Never.self) { try JSONOutline(nested(128), names) }
            #expect(throws: JSONError.self) { try JSONOutline(nested(129), names) }
        }
    }

    @Test("tells names of one length apart, and finds the first of two that are the same")
    func tellsNamesApart() {
        let names = JSONNames(["op", "pos", "source", "row", "pos", ""])
        #expect(["op", "pos", "row", "", "source"].map { names.place(of: $0) } == [0, 1, 3, 5, 2])
        #expect(["x", "po", "sos", "source "].allSatisfy { names.place(of: $0) == nil })
    }

    private func utf8(_ text: String) -> [UInt8] { Array(text.utf8) }
}
