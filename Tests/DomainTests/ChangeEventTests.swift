import Domain
import Testing

@Suite("Change events that cannot be used, or only just")
struct ChangeEventTests {
    private func decode(
        _ key: String?, _ value: String?, headers: [String: String] = [:], kind: UserIDKind = .integer
    ) throws(ChangeEventError) -> ChangeEvent {
        try ChangeEventDecoder(userField: "user_id", kind: kind)
            .decode(key: key.map(utf8), value: value.map(utf8)) { headers[$0].map(utf8) }
    }

    private func error(
        _ key: String?, _ value: String?, headers: [String: String] = [:], kind: UserIDKind = .integer
    ) -> ChangeEventError? {
        do throws(ChangeEventError) {
            let event = try decode(key, value, headers: headers, kind: kind)
            Issue.record("decoded as \(event)")
            return nil
        } catch {
            return error
        }
    }

    private let key = #"{"user_id":7}"#
    private let source = #""source":{"server_id":1,"file":"binlog.000002","pos":40,"table":"users","ts_ms":5}"#

    struct Bad: Sendable, CustomTestStringConvertible {
        var key: String? = #"{"user_id":7}"#
        var value: String?
        var reason: ParkReason
        var users = ["7"]
        var testDescription: String { "\(reason.rawValue): \((value ?? "null").prefix(60))" }
    }

    static let bad: [Bad] = [
        Bad(value: "", reason: .notJSON),
        Bad(value: "not json", reason: .notJSON),
        Bad(value: #"{"user_id":"#, reason: .notJSON),
        Bad(value: #"{"user_id":7}{}"#, reason: .notJSON),
        Bad(value: "\u{FEFF}{}", reason: .notJSON),
        Bad(value: #"{"user_id":7,"email":"\ud800"}"#, reason: .notJSON),
        Bad(value: #"{"user_id":7,"email":"\udc00\ud800"}"#, reason: .notJSON),
        Bad(value: String(repeating: "[", count: 100_000), reason: .notJSON),
        Bad(value: String(repeating: #"{"a":"#, count: 100_000), reason: .notJSON),
        Bad(value: "\u{0}\u{0}\u{0}\u{0}\u{1}abc", reason: .confluentEncoded),
        Bad(key: "\u{0}\u{0}\u{0}\u{0}\u{1}\u{E}", value: #"{"user_id":8}"#, reason: .confluentEncoded, users: ["8"]),
        Bad(value: "7", reason: .unknownShape),
        Bad(value: "null", reason: .unknownShape),
        Bad(value: #""text""#, reason: .unknownShape),
        Bad(value: #"[{"user_id":7}]"#, reason: .unknownShape),
        Bad(value: #"{"schema":{},"payload":null}"#, reason: .unknownShape),
        Bad(key: #"{"id":1}"#, value: #"{"email":"x"}"#, reason: .noUserID, users: []),
        Bad(key: #"{"id":1}"#, value: #"{"user_id":null}"#, reason: .noUserID, users: []),
        Bad(key: "7", value: #"{"email":"x"}"#, reason: .noUserID, users: []),
        Bad(key: nil, value: nil, reason: .nullKey, users: []),
        Bad(key: nil, value: #"{"user_id":7}"#, reason: .nullKey),
        Bad(key: nil, value: "garbage", reason: .notJSON, users: []),
        Bad(value: #"{"user_id":true}"#, reason: .badUserID),
        Bad(value: #"{"user_id":{}}"#, reason: .badUserID),
        Bad(value: #"{"user_id":[7]}"#, reason: .badUserID),
        Bad(value: #"{"user_id":"seven"}"#, reason: .badUserID),
        Bad(value: #"{"user_id":""}"#, reason: .badUserID),
        Bad(value: #"{"user_id":" 7"}"#, reason: .badUserID),
        Bad(value: #"{"user_id":7.0}"#, reason: .badUserID),
        Bad(value: #"{"user_id":7e0}"#, reason: .badUserID),
        Bad(value: #"{"user_id":9223372036854775808}"#, reason: .badUserID),
        Bad(value: #"{"user_id":1e400}"#, reason: .badUserID),
    ]

    @Test("are parked under the reason that fits, and name whom they can", arguments: bad)
    func parked(_ bad: Bad) {
        let error = error(bad.key, bad.value)
        #expect(error?.reason == bad.reason)
        #expect(error?.users == bad.users.map { UserID($0) })
    }

    @Test("a key that cannot be read does not hide the users of the value")
    func brokenKey() {
        let value = #"{"op":"u","before":{"user_id":8},"after":{"user_id":9},\#(source)}"#
        let structText = error("Struct{user_id=7}", value)
        #expect(structText?.reason == .notJSON)
        #expect(structText?.users == ["8", "9"].map { UserID($0) })
        let wrongType = error(#"{"user_id":"x"}"#, value)
        #expect(wrongType?.reason == .badUserID)
        #expect(wrongType?.users == ["8", "9"].map { UserID($0) })
        #expect(error("Struct{user_id=7}", nil)?.reason == .notJSON, "a tombstone is not taken for a readable one")
    }

    @Test("a bad `before` does not hide the user of `after`")
    func brokenBefore() {
        let error = error(key, #"{"op":"u","before":{"user_id":"x"},"after":{"user_id":9},\#(source)}"#)
        #expect(error?.reason == .badUserID)
        #expect(error?.users == ["7", "9"].map { UserID($0) })
    }

    @Test("a bad re-key header parks the event and hides nobody")
    func brokenHeader() {
        let error = error(key, #"{"user_id":8}"#, headers: ["__debezium.newkey": "?", "__debezium.oldkey": #"{"user_id":6}"#])
        #expect(error?.reason == .notJSON)
        #expect(error?.users == ["7", "6", "8"].map { UserID($0) })
    }

    @Test("invalid UTF-8 anywhere is not JSON")
    func invalidUTF8() {
        for bytes: [UInt8] in [[0xFF], [0xC0, 0xAF], [0xED, 0xA0, 0x80], [0xF5, 0x80, 0x80, 0x80], [0xE2, 0x82]] {
            let value = utf8(#"{"user_id":7,"email":""#) + bytes + utf8(#""}"#)
            let error = #expect(throws: ChangeEventError.self) {
                try ChangeEventDecoder(userField: "user_id", kind: .integer).decode(key: utf8(key), value: value) { _ in nil }
            }
            #expect(error?.reason == .notJSON)
            #expect(error?.users == [UserID("7")])
        }
    }

    @Test("two megabytes of value decode, and of garbage do not")
    func large() throws {
        let long = String(repeating: "ab🦊", count: 400_000)
        #expect(try decode(key, #"{"user_id":7,"email":"\#(long)"}"#).users == [UserID("7")])
        #expect(error(key, long)?.reason == .notJSON)
        #expect((error(key, #"{"user_id":"\#(long)"}"#)?.detail.utf8.count ?? .max) < 1000, "a message stays readable")
    }

    @Test("operations that are not known are parked, in both shapes", arguments: ["m", "x", "", "C"])
    func unknownOperation(_ code: String) {
        let envelope = error(key, #"{"op":"\#(code)","before":null,"after":{"user_id":8},\#(source)}"#)
        #expect(envelope?.reason == .unknownOperation)
        #expect(envelope?.users == ["7", "8"].map { UserID($0) })
        #expect(error(key, #"{"user_id":8,"__op":"\#(code)"}"#)?.reason == .unknownOperation)
    }

    @Test("a truncate is one in both shapes, and a column named `op` makes none")
    func truncate() throws {
        #expect(error(nil, #"{"op":"t","before":null,"after":null,\#(source)}"#)?.reason == .truncate)
        #expect(error(nil, #"{"op":"t","before":null,"after":null,\#(source)}"#)?.detail == "table `users`")
        #expect(error(nil, #"{"__op":"t"}"#)?.reason == .truncate)
        #expect(try decode(key, #"{"user_id":7,"op":"t"}"#).operation == .update)
        #expect(try decode(key, #"{"user_id":8,"op":"x","source":"web"}"#).users == ["7", "8"].map { UserID($0) })
    }

    @Test("an envelope without its source block still names both users")
    func noSource() throws {
        let event = try decode(key, #"{"op":"u","before":{"user_id":8},"after":{"user_id":9}}"#)
        #expect(event.users == ["7", "8", "9"].map { UserID($0) })
        #expect(event.position == nil)
    }

    @Test("a row that moves between users concerns both, each once")
    func moved() throws {
        let event = try decode(#"{"id":1}"#, #"{"op":"u","before":{"user_id":8},"after":{"user_id":9},\#(source)}"#)
        #expect(event.users == ["8", "9"].map { UserID($0) })
        let same = try decode(#"{"user_id":"8"}"#, #"{"op":"u","before":{"user_id":8},"after":{"user_id":"8"},\#(source)}"#)
        #expect(same.users == [UserID("8")])
    }

    @Test("a deleted row that only `before` describes is found; its tombstone names nobody and is no error")
    func foreignKeyDelete() throws {
        #expect(
            try decode(#"{"id":1}"#, #"{"op":"d","before":{"user_id":8},"after":null,\#(source)}"#).users == [UserID("8")])
        let tombstone = try decode(#"{"id":1}"#, nil)
        #expect(tombstone.users.isEmpty)
        #expect(tombstone.operation == .tombstone)
    }

    @Test("unsigned ids above the signed range, as Debezium's `long` mode writes them, are the numbers that they are in MySQL")
    func unsigned() throws {
        #expect(try decode(#"{"user_id":-1}"#, nil, kind: .unsigned).users == [UserID("18446744073709551615")])
        #expect(
            try decode(#"{"user_id":-9223372036854775808}"#, nil, kind: .unsigned).users == [UserID("9223372036854775808")])
        #expect(
            try decode(#"{"user_id":"18446744073709551615"}"#, nil, kind: .unsigned).users == [UserID("18446744073709551615")])
        #expect(error(#"{"user_id":18446744073709551616}"#, nil, kind: .unsigned)?.reason == .badUserID)
        #expect(error(#"{"user_id":-9223372036854775809}"#, nil, kind: .unsigned)?.reason == .badUserID)
    }

    @Test("string ids keep every byte")
    func strings() throws {
        for id in ["a b", " a", "é", "e\u{301}", "🦊", "a\u{0}b", "'", "\"", "007"] {
            let key = text(JSONValue.object([.init("user_id", .string(id))]).bytes)
            #expect(try decode(key, nil, kind: .string).users.map(\.keyBytes) == [utf8(id)])
        }
        #expect(try decode(#"{"user_id":7}"#, nil, kind: .string).users == [UserID("7")])
        #expect(error(#"{"user_id":""}"#, nil, kind: .string)?.reason == .badUserID)
        #expect(error(#"{"user_id":false}"#, nil, kind: .string)?.reason == .badUserID)
    }

    @Test("positions are left out rather than guessed")
    func positions() throws {
        func position(_ source: String) throws -> SourcePosition? {
            try decode(key, #"{"op":"u","before":null,"after":{"user_id":7},"source":{\#(source)}}"#).position
        }
        #expect(try position(#""server_id":3,"file":"b.000002","pos":40"#)?.description == "3@b.000002:40")
        #expect(try position(#""server_id":0,"file":"b.000002","pos":40"#)?.description == "b.000002:40")
        #expect(try position(#""file":"b","pos":40"#) == nil)
        #expect(try position(#""file":"b.000002","pos":-1"#) == nil)
        #expect(try position(#""file":null,"pos":40"#) == nil)
        #expect(try position("") == nil)
    }
}
