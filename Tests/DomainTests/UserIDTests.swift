import Domain
import Testing

@Suite("User ids")
struct UserIDTests {
    @Test("are equal when their bytes are, not when Swift's texts are")
    func equality() {
        let composed = UserID("é")
        let decomposed = UserID("e\u{301}")
        #expect(composed.text == decomposed.text, "otherwise this test shows nothing")
        #expect(composed != decomposed)
        #expect(Set([composed, decomposed]).count == 2)
        #expect([composed: 1, decomposed: 2][UserID("e\u{301}")] == 2)
        #expect(UserID("42") == UserID(String("042".dropFirst())))
        #expect(UserID("42").hashValue == UserID(String("042".dropFirst())).hashValue)
        #expect(UserID("a") != UserID("a "))
        #expect(UserID("a") != UserID("A"))
        #expect(UserID("a") != UserID("a\u{0}"))
    }

    @Test("have their plain text as the key", arguments: ["42", "-1", "é", "e\u{301}", "a b", "🦊", "a\u{0}"])
    func key(_ text: String) {
        #expect(UserID(text).keyBytes == Array(text.utf8))
    }

    @Test("are shown in the order of numbers, then of bytes, and that order is one")
    func order() {
        let ordered = [
            "-10", "-9", "0", "1", "9", "10", "93", "9223372036854775807", "9223372036854775808", "18446744073709551615", "", "-",
            "1a", "A",
            "a", "a ", "b", "é",
        ].map { UserID($0) }
        for (i, left) in ordered.enumerated() {
            for (j, right) in ordered.enumerated() { #expect((left < right) == (i < j), "\(left) and \(right)") }
        }
    }

    @Test(
        "of integers take one form",
        arguments: [
            ("42", "42"), ("-42", "-42"), ("0", "0"), ("-0", "0"), ("007", "7"), ("+7", "7"),
            ("9223372036854775807", "9223372036854775807"), ("-9223372036854775808", "-9223372036854775808"),
        ])
    func integers(_ text: String, _ expected: String) throws {
        #expect(try UserIDKind.integer.parse(text) == UserID(expected))
        #expect(try UserIDKind.integer.parse(JSONValue.string(text)) == UserID(expected))
    }

    @Test(
        "of integers are nothing else",
        arguments: [
            "", " ", "4 2", "42 ", "4.0", "4e1", "0x2A", "٤٢", "9223372036854775808", "-9223372036854775809", "abc", "--1",
        ])
    func notIntegers(_ text: String) {
        #expect(throws: UserIDError.self) { try UserIDKind.integer.parse(text) }
    }

    @Test(
        "of unsigned integers hold 64 bits, with or without the sign that Debezium gives them",
        arguments: [
            ("0", "0"), ("-0", "0"), ("18446744073709551615", "18446744073709551615"), ("-1", "18446744073709551615"),
            ("-9223372036854775808", "9223372036854775808"), ("9223372036854775808", "9223372036854775808"), ("007", "7"),
        ])
    func unsigned(_ text: String, _ expected: String) throws {
        #expect(try UserIDKind.unsigned.parse(text) == UserID(expected))
    }

    @Test("of unsigned integers are nothing else", arguments: ["", "18446744073709551616", "-9223372036854775809", "1.0", "x"])
    func notUnsigned(_ text: String) {
        #expect(throws: UserIDError.self) { try UserIDKind.unsigned.parse(text) }
    }

    @Test("of texts are the texts, but for the empty one")
    func strings() throws {
        for text in [" ", "007", "a\u{0}b", "é", "e\u{301}", "+7"] {
            #expect(try UserIDKind.string.parse(text).keyBytes == Array(text.utf8))
        }
        #expect(throws: UserIDError.self) { try UserIDKind.string.parse("") }
    }

    @Test("come from JSON numbers and strings only", arguments: UserIDKind.allCases)
    func json(_ kind: UserIDKind) throws {
        #expect(try kind.parse(JSONValue.number("7")) == UserID("7"))
        #expect(try kind.parse(JSONValue.string("7")) == UserID("7"))
        for value: JSONValue in [nil, true, [7], ["user_id": 7], .string("")] {
            #expect(throws: UserIDError.self) { try kind.parse(value) }
        }
    }

    @Test("that are wrong are shown, but not a megabyte of them")
    func error() {
        let error = #expect(throws: UserIDError.self) { try UserIDKind.integer.parse(String(repeating: "x", count: 1_000_000)) }
        #expect((error?.description.utf8.count ?? .max) < 300)
        #expect(error?.description.contains("user_id.type: integer") == true)
    }
}
