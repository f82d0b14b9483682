import Domain
import Kafka
import Ledger
import Report
import Sandbox
import Testing

@testable import Reconcile

extension EndToEnd {
    @Suite("Input that must not hurt")
    struct BadInputTests {
        @Test("values with quotes, newlines, emoji, NUL, bytes that are no text, and none at all arrive as they are")
        func oddValues() throws {
            let live = try LivePipeline.current()
            let texts = [
                #"it's "quoted" \ and \\n"#, "two\nlines\r\n\tand a tab", "zoë 😀 \u{202E}backwards", "nul\u{0}inside", "",
                "</script>{\"json\":[1]}", String(repeating: "長", count: 255),
            ]
            var statements = texts.enumerated().map { index, text in
                "INSERT INTO users (user_id, email) VALUES (\(5001 + index), X'\(hex(Array(text.utf8)))')"
            }
            statements += [
                "INSERT INTO users (user_id, email, full_name, token) VALUES (5010, 'bytes', NULL, X'FF00FEC3')",
                "INSERT INTO preferences (user_id, newsletter) VALUES (5010, NULL)",
            ]
            for statement in statements { try live.change(statement) }
            try live.expectClean()
            let gods = try live.newest(live.topics.god)
            for (index, text) in texts.enumerated() {
                let value = try #require(gods[UserID(UInt64(5001 + index))]?.value)
                #expect(try JSONValue(parsing: value)["aggregate"]?["email"]?.text == text)
            }
            let bytes = try JSONValue(parsing: try #require(gods[UserID(5010)]?.value))["aggregate"]
            #expect(bytes?["token"]?.text == "/wD+ww==")
            #expect(bytes?["full_name"]?.isNull == true)
            #expect(bytes?["newsletter"]?.isNull == true)

            try live.changeWithoutBinlog("UPDATE users SET email = CONCAT(email, '!') WHERE user_id BETWEEN 5001 AND 5006")
            let roll = try live.verify()
            #expect(roll.findings == (5001...5006).map { "\($0) aggregate stale no_change_event_seen" })
            #expect(try live.repair(roll.lines.map(\.user)).exitCode == 0)
            try live.expectClean()
        }

        @Test("ids beyond 63 bits, which Debezium delivers as negative numbers")
        func largeIDs() throws {
            let live = try LivePipeline.current()
            let ids: [UInt64] = [UInt64(Int64.max), UInt64(Int64.max) + 1, UInt64.max - 1, UInt64.max]
            for id in ids { try live.change("INSERT INTO users (user_id, email) VALUES (\(id), 'large')") }
            try live.expectClean()
            let gods = try live.newest(live.topics.god)
            for id in ids { #expect(gods[UserID(id)]?.value != nil) }

            try live.change("UPDATE users SET email = 'larger' WHERE user_id = \(UInt64.max)")
            try live.changeWithoutBinlog("UPDATE users SET email = 'unseen' WHERE user_id = \(ids[1])")
            try live.change("DELETE FROM users WHERE user_id = \(ids[2])")
            #expect(try live.verify().findings == ["\(ids[1]) aggregate stale no_change_event_seen"])
            #expect(try live.repair([UserID(ids[1])]).exitCode == 0)
            try live.expectClean()
        }

        @Test("change events that are none are parked with a reason, and hold nobody up")
        func badChangeEvents() throws {
            let live = try LivePipeline.current()
            let key = Array(#"{"user_id":5201}"#.utf8)
            let bad: [(ParkReason, key: [UInt8]?, value: [UInt8])] = [
                (.notJSON, key, Array("not JSON".utf8)),
                (.notJSON, key, Array(repeating: UInt8(ascii: "x"), count: 900_000)),
                (.nullKey, nil, Array(#"{"op":"u","before":null,"after":{"user_id":5201},"source":{}}"#.utf8)),
                (.unknownOperation, key, Array(#"{"op":"z","before":null,"after":{"user_id":5201},"source":{}}"#.utf8)),
                (.confluentEncoded, key, [0, 0, 0, 0, 7, 2, 84]),
                (.badUserID, Array(#"{"user_id":"x"}"#.utf8), Array(#"{"op":"u","after":{"user_id":"x"}}"#.utf8)),
                (.noUserID, Array(#"{"id":1}"#.utf8), Array(#"{"op":"u","after":{"id":1},"source":{}}"#.utf8)),
            ]
            let parkedBefore = try parked(live)
            for record in bad {
                try live.produce(
                    OutgoingRecord(topic: live.topics.users, partition: 0, key: record.key, value: record.value))
            }
            // The row of the user whom some of them name changed without a good event: the bad ones are signal enough.
            try live.changeWithoutBinlog("INSERT INTO users (user_id, email) VALUES (5201, 'named by bad events')")
            try live.wait(until: "all of them are parked") { try parked(live).count >= parkedBefore.count + bad.count }
            let entries = try parked(live).dropFirst(parkedBefore.count)
            #expect(entries.map(\.reason) == bad.map(\.0))
            let reader = try ParkedReader(path: live.parkedPath(of: .intake))
            #expect(try entries.map { try reader.bytes(of: $0.id)?.value } == bad.map(\.value))
            try live.expectClean()
        }

        @Test("a table that is truncated leaves users behind, whom a run names and a signal mends")
        func truncate() throws {
            let live = try LivePipeline.current()
            try live.change("CREATE TABLE saved LIKE preferences", "INSERT INTO saved SELECT * FROM preferences")
            try live.change("TRUNCATE TABLE preferences")
            let roll = try live.verify()
            #expect(Set(roll.lines.map(\.causeCode)) == ["no_change_event_seen"])
            #expect(Set(roll.lines.map(\.kind)) == [.stale])
            #expect(roll.lines.count >= LivePipeline.sampleUsers * 4 / 5)
            try live.change("INSERT INTO preferences SELECT * FROM saved", "DROP TABLE saved")
            try live.expectClean("the rows are back, and so are their change events")
        }

        /// What the intake ever parked.
        private func parked(_ live: LivePipeline) throws -> [ParkedEntry] {
            try ParkedReader(path: live.parkedPath(of: .intake)).entries(ParkedFilter(states: Set(ParkedState.allCases)))
        }

        private func hex(_ bytes: [UInt8]) -> String {
            bytes.map { String($0 >> 4, radix: 16) + String($0 & 15, radix: 16) }.joined()
        }
    }
}
