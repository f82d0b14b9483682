import Domain
import Testing

@Suite("Real Debezium records")
struct DebeziumSampleTests {
    struct Expectation: Sendable, CustomTestStringConvertible {
        let name: String
        let outcome: Result<ChangeEvent, ChangeEventError>

        var testDescription: String { name }

        /// An event of `users`, at `offset` of the one log file that the samples come from; `second` is the source's clock.
        static func event(
            _ name: String, _ users: [String], _ operation: ChangeEvent.Operation, at offset: UInt64?, server: UInt64? = nil,
            second: Int64? = nil, gtid: String? = nil
        ) -> Expectation {
            let place = offset.map { BinlogPlace(server: server, logName: "binlog", logNumber: 1, offset: $0) }
            let position = SourcePosition(place: place, gtids: gtid.flatMap { GTIDSet($0) })
            let event = ChangeEvent(
                users: users.map { UserID($0) }, position: position, operation: operation,
                sourceTimestampMs: second.map { $0 * 1000 })
            return Expectation(name: name, outcome: .success(event))
        }

        static func snapshot(_ name: String, _ user: String, at offset: UInt64 = 1930, second: Int64 = 1_795_360_454)
            -> Expectation
        {
            event(name, [user], .read, at: offset, second: second)
        }

        static func streamed(
            _ name: String, _ users: [String], _ operation: ChangeEvent.Operation, at offset: UInt64,
            second: Int64 = 1_795_360_469, gtid: String? = nil
        ) -> Expectation {
            event(name, users, operation, at: offset, server: 4242, second: second, gtid: gtid)
        }

        static func tombstone(_ name: String, _ users: [String]) -> Expectation {
            event(name, users, .tombstone, at: nil)
        }

        static func parked(_ name: String, _ reason: ParkReason, _ detail: String) -> Expectation {
            Expectation(name: name, outcome: .failure(ChangeEventError(reason, detail)))
        }
    }

    private static let noUserID = "no field `user_id` in key, before or after"

    /// What each file is about, read from the file by a person.
    static let expectations: [Expectation] = [
        .snapshot("01-schema-users-r-snapshot-first", "1"),
        .snapshot("02-schema-users-r-snapshot-true", "2"),
        .snapshot("03-schema-users-r-snapshot-last_in_data_collection", "3"),
        .streamed("04-schema-users-c", ["4"], .create, at: 2109),
        .streamed("05-schema-users-u", ["1"], .update, at: 2641),
        .streamed("06-schema-users-u-multirow-row0", ["3"], .update, at: 3227),
        .streamed("07-schema-users-u-multirow-row1", ["4"], .update, at: 3227),
        .streamed("08-schema-users-d", ["2"], .delete, at: 3785),
        .tombstone("09-schema-users-tombstone", ["2"]),
        .streamed("10-schema-users-pkchange-d", ["4", "40"], .delete, at: 4043),
        .tombstone("11-schema-users-pkchange-tombstone", ["4", "40"]),
        .streamed("12-schema-users-pkchange-c", ["40", "4"], .create, at: 4043),
        .streamed("13-schema-users-u-after-add-column", ["1"], .update, at: 4530),
        .snapshot("14-schema-prefs-r", "1"),
        .snapshot("15-schema-prefs-r-snapshot-last", "3"),
        .streamed("16-schema-prefs-c", ["4"], .create, at: 2383),
        .streamed("17-schema-prefs-u", ["2"], .update, at: 2948),
        .parked("18-schema-ddl-alter-table-schema-change-topic", .noUserID, noUserID),
        .snapshot("19-plain-users-r", "1"),
        .streamed("20-plain-users-c", ["4"], .create, at: 2109),
        .streamed("21-plain-users-u", ["1"], .update, at: 2641),
        .streamed("22-plain-users-d", ["2"], .delete, at: 3785),
        .tombstone("23-plain-users-tombstone", ["2"]),
        .streamed("24-plain-users-pkchange-d", ["4", "40"], .delete, at: 4043),
        .streamed("25-plain-users-pkchange-c", ["40", "4"], .create, at: 4043),
        .snapshot("26-plain-prefs-r-bool", "1"),
        .streamed("27-plain-prefs-c-bool", ["4"], .create, at: 2383),
        .streamed("28-plain-prefs-u-bool", ["2"], .update, at: 2948),
        .parked("29-plain-prefs-t-truncate", .truncate, "table `preferences`"),
        .parked("30-plain-ddl-alter-table", .noUserID, noUserID),
        .parked(
            "31-schema-history-record", .nullKey,
            "operation update; give the table a primary key, or the connector message.key.columns"),
        .event("32-unwrap-users-r", ["1"], .read, at: 1930, second: 1_795_360_454),
        .event("33-unwrap-users-c", ["4"], .create, at: 2109, second: 1_795_360_469),
        .event("34-unwrap-users-u", ["1"], .update, at: 2641, second: 1_795_360_469),
        .event("35-unwrap-users-d-rewrite", ["2"], .delete, at: 3785, second: 1_795_360_469),
        .tombstone("36-unwrap-users-tombstone", ["2"]),
        .event("37-unwrap-prefs-u", ["2"], .update, at: 2948, second: 1_795_360_469),
        .parked("38-schema-heartbeat", .noUserID, noUserID),
        .parked("39-plain-heartbeat", .noUserID, noUserID),
        .streamed("40-mariadb-prefs-c-in-txn", ["200"], .create, at: 15_524_012, second: 1_795_360_694, gtid: "0-4242-1021"),
        .snapshot("41-mariadb-users-r", "1", at: 15_523_631, second: 1_795_360_679),
        .streamed("42-mariadb-users-c-in-txn", ["200"], .create, at: 15_523_812, second: 1_795_360_694, gtid: "0-4242-1021"),
        .streamed("43-mariadb-users-u", ["200"], .update, at: 15_524_270, second: 1_795_360_694, gtid: "0-4242-1022"),
        .streamed("44-mariadb-users-d", ["200"], .delete, at: 15_524_554, second: 1_795_360_694, gtid: "0-4242-1023"),
        .tombstone("45-mariadb-users-tombstone", ["200"]),
        .parked("46-mariadb-txn-BEGIN", .noUserID, noUserID),
        .parked("47-mariadb-txn-END", .noUserID, noUserID),
    ]

    @Test("each says exactly what a person reads in it", arguments: expectations)
    func decoded(_ expectation: Expectation) throws {
        let sample = try DebeziumSample(named: expectation.name)
        for kind in [UserIDKind.integer, .unsigned, .string] {
            let decoder = ChangeEventDecoder(userField: "user_id", kind: kind)
            let outcome = Result { () throws(ChangeEventError) in
                try decoder.decode(key: sample.key, value: sample.value) { sample.headers[$0] }
            }
            #expect(outcome == expectation.outcome, "\(kind)")
        }
    }

    @Test("no record is without an expectation, and no expectation without a record")
    func complete() throws {
        #expect(try DebeziumSample.names() == Self.expectations.map(\.name))
    }

    @Test("without their keys, records are parked and still name their users", arguments: expectations)
    func withoutKey(_ expectation: Expectation) throws {
        guard case .success(let event) = expectation.outcome else { return }
        let sample = try DebeziumSample(named: expectation.name)
        let decoder = ChangeEventDecoder(userField: "user_id", kind: .integer)
        let error = #expect(throws: ChangeEventError.self) {
            try decoder.decode(key: nil, value: sample.value) { sample.headers[$0] }
        }
        #expect(error?.reason == .nullKey)
        if event.operation != .tombstone {
            #expect(Set(error?.users ?? []) == Set(event.users))
        }
    }

    @Test(
        "cut off anywhere, no record is taken for something else",
        arguments: ["05-schema-users-u", "21-plain-users-u", "34-unwrap-users-u"])
    func cutOff(_ name: String) throws {
        let sample = try DebeziumSample(named: name)
        let value = try #require(sample.value)
        let decoder = ChangeEventDecoder(userField: "user_id", kind: .integer)
        for length in stride(from: 0, to: value.count, by: 7) {
            let error = #expect(throws: ChangeEventError.self) {
                try decoder.decode(key: sample.key, value: Array(value[..<length])) { sample.headers[$0] }
            }
            #expect(error?.reason == .notJSON)
            #expect(error?.users == [UserID("1")])
        }
    }
}
