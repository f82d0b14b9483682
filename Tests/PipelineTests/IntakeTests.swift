import Domain
import Kafka
import Testing

@testable import Pipeline

@Suite("The intake turns change events into signals")
struct IntakeTests {
    let world = ScriptedWorld()
    let counters = HopCounters()

    func intake() -> Intake {
        let decoder = ChangeEventDecoder(userField: "user_id", kind: .integer)
        return Intake(
            settings: IntakeSettings(decoders: ["users": decoder, "preferences": decoder], signalsTopic: "signals"),
            ports: world.ports(counters))
    }

    /// An update as Debezium writes it without a schema.
    func update(_ user: Int, topic: String = "users", pos: Int, offset: Int64) -> Record {
        record(
            topic, offset: offset, key: #"{"user_id":\#(user)}"#,
            value: """
                {"before":{"user_id":\(user),"email":"old"},"after":{"user_id":\(user),"email":"new"},\
                "source":{"snapshot":"false","server_id":4242,"file":"binlog.000001","pos":\(pos)},"op":"u"}
                """)
    }

    func signals() throws -> [Signal] {
        try (world.topics["signals"] ?? []).map { try Signal(key: $0.key, value: $0.value, kind: .integer) }
    }

    @Test("a batch yields one signal per user, with the newest position, and is committed last")
    func deduplicates() throws {
        world.polls = [
            Poll(records: [
                update(7, pos: 100, offset: 0), update(8, pos: 150, offset: 1), update(7, pos: 300, offset: 2),
                update(7, topic: "preferences", pos: 200, offset: 9),
            ])
        ]
        let progress = try intake().step()
        #expect(
            try signals() == [
                Signal(user: UserID("7"), position: position(300), cause: .change),
                Signal(user: UserID("8"), position: position(150), cause: .change),
            ])
        #expect(world.topics["signals"]?.map(\.key.text) == ["7", "8"])
        #expect(world.committed == [partition("users"): 3, partition("preferences"): 10])
        #expect(world.effects.last == .committed(world.committed))
        #expect(progress == Progress(consumed: 4, produced: 2, parked: 0))
        #expect(counters.snapshot().deduplicated == 2)
    }

    @Test("a tombstone after its delete does not take the position away")
    func deletion() throws {
        world.polls = [
            Poll(records: [update(7, pos: 100, offset: 0), record("users", offset: 1, key: #"{"user_id":7}"#, value: nil)])
        ]
        _ = try intake().step()
        #expect(try signals().map(\.position) == [position(100)])
    }

    @Test("a user id that changes signals the old and the new user")
    func rekeyed() throws {
        world.polls = [
            Poll(records: [
                record(
                    "users", offset: 0, key: #"{"user_id":7}"#,
                    value: #"{"before":{"user_id":7},"after":null,"source":{"file":"binlog.000001","pos":5},"op":"d"}"#,
                    headers: [Header("__debezium.newkey", text: #"{"user_id":70}"#)])
            ])
        ]
        _ = try intake().step()
        #expect(try Set(signals().map(\.user.text)) == ["7", "70"])
    }

    @Test(
        "what cannot be decoded is parked with its bytes and a reason, and the stream goes on",
        arguments: [
            ("not JSON", #"{"user_id":1}"#, "hello", ParkReason.notJSON),
            ("no user id", #"{"id":1}"#, #"{"before":null,"after":{"id":1},"source":{},"op":"c"}"#, .noUserID),
            ("a null key", nil, #"{"before":null,"after":null,"source":{"table":"users"},"op":"c"}"#, .nullKey),
            ("a truncate", nil, #"{"before":null,"after":null,"source":{"table":"users"},"op":"t"}"#, .truncate),
            (
                "an unknown op", #"{"user_id":1}"#, #"{"before":null,"after":{"user_id":1},"source":{},"op":"x"}"#,
                .unknownOperation
            ),
            ("a Confluent magic byte", #"{"user_id":1}"#, "\u{0}\u{0}\u{0}\u{0}\u{7}avro", .confluentEncoded),
            ("an id that is not a number", #"{"user_id":"seven"}"#, nil, .badUserID),
        ] as [(String, String?, String?, ParkReason)])
    func parksBadInput(name: String, key: String?, value: String?, reason: ParkReason) throws {
        world.polls = [Poll(records: [record("users", offset: 0, key: key, value: value), update(2, pos: 9, offset: 1)])]
        _ = try intake().step()
        #expect(world.parkings.map(\.reason) == [reason])
        #expect(world.parkings.first?.record.value.text == value)
        #expect(world.parkings.first?.hop == .intake)
        #expect(world.topics["signals"]?.map(\.key.text).contains("2") == true)
        #expect(world.committed == [partition("users"): 2])
    }

    @Test("a value that is not UTF-8 is parked")
    func parksInvalidUTF8() throws {
        let bad = Record(
            topic: "users", partition: 0, offset: 0, key: Array(#"{"user_id":1}"#.utf8),
            value: Array(#"{"after":{"user_id":1,"email":""#.utf8) + [0xFF, 0xFE] + Array(#""}}"#.utf8))
        world.polls = [Poll(records: [bad])]
        _ = try intake().step()
        #expect(world.parkings.map(\.reason) == [.notJSON])
        #expect(world.parkings.first?.record.value == bad.value)
    }

    @Test("2 MB of a value are read like any other, and 2 MB of nonsense are parked whole")
    func largeValues() throws {
        let filler = String(repeating: "x", count: 2_000_000)
        world.polls = [
            Poll(records: [
                record(
                    "users", offset: 0, key: #"{"user_id":5}"#,
                    value: #"{"before":null,"after":{"user_id":5,"bio":"\#(filler)"},"source":{},"op":"c"}"#),
                record("users", offset: 1, key: #"{"user_id":6}"#, value: filler),
            ])
        ]
        _ = try intake().step()
        #expect(try signals().map(\.user.text) == ["5", "6"], "the bad one's key names its user")
        #expect(world.parkings.map(\.record.value?.count) == [2_000_000])
    }

    @Test("a bad event that names a user all the same is parked first, then signalled")
    func parkedAndSignalled() throws {
        world.polls = [
            Poll(records: [
                record("users", offset: 0, key: nil, value: #"{"before":null,"after":{"user_id":3},"source":{},"op":"c"}"#)
            ])
        ]
        _ = try intake().step()
        #expect(try signals().map(\.user.text) == ["3"])
        #expect(world.effects.first == .parked([.nullKey]))
        #expect(world.parkings.first?.users == [UserID("3")])
    }

    @Test("an end without records is committed, so that control records leave no lag behind")
    func commitsEnds() throws {
        world.polls = [
            Poll(ends: [partition("users"): 12]),
            Poll(records: [update(1, pos: 1, offset: 12)], ends: [partition("users"): 15]),
            Poll(ends: [partition("users"): 15]),
        ]
        let intake = intake()
        for _ in 0..<3 { _ = try intake.step() }
        #expect(
            world.effects.filter { if case .committed = $0 { true } else { false } } == [
                .committed([partition("users"): 12]), .committed([partition("users"): 15]),
            ])
    }

    // MARK: - Tombstones whose keys do not name the user

    let delete = record(
        "preferences", offset: 0, key: #"{"id":1}"#,
        value: #"{"before":{"id":1,"user_id":7},"after":null,"source":{"file":"binlog.000001","pos":5},"op":"d"}"#)
    let bareTombstone = record("preferences", offset: 1, key: #"{"id":1}"#, value: nil)

    @Test("a tombstone that names nobody is a delete of its own, and parked, unless the delete is directly before it")
    func tombstoneWithoutUser() throws {
        let other = record("preferences", offset: 1, key: #"{"id":2}"#, value: nil)
        world.polls = [
            Poll(records: [bareTombstone]),
            Poll(records: [delete, bareTombstone]),
            Poll(records: [delete, other]),
            Poll(records: [delete, update(8, topic: "preferences", pos: 9, offset: 1), bareTombstone]),
        ]
        let intake = intake()
        for parked in [1, 1, 2, 3] {
            _ = try intake.step()
            #expect(world.parkings.count == parked)
        }
        #expect(Set(world.parkings.map(\.reason)) == [.noUserID])
        #expect(world.parkings.first?.detail.contains("rewrite-with-tombstone") == true)
    }

    @Test("a batch that ends between a delete and its tombstone parks nothing")
    func tombstoneInTheNextBatch() throws {
        world.polls = [
            Poll(records: [delete, update(8, pos: 9, offset: 0)]), Poll(), Poll(records: [bareTombstone]),
            Poll(records: [bareTombstone]),
        ]
        let intake = intake()
        for _ in 0..<3 { _ = try intake.step() }
        #expect(world.parkings.isEmpty)
        _ = try intake.step()
        #expect(world.parkings.count == 1, "the delete is behind the tombstone already")
    }

    @Test("a restart or a rebalance between a delete and its tombstone: the record before the committed offset is looked up")
    func tombstoneAfterRestart() throws {
        let preferences = partition("preferences")
        world.histories = [preferences: PartitionHistory(committed: 1, low: 0, high: 2, last: [delete])]
        world.polls = [
            Poll(assigned: [preferences]), Poll(records: [bareTombstone]),
            Poll(records: [bareTombstone], revoked: [preferences]),
        ]
        world.failures = [.history: [unavailable]]
        let intake = intake()
        for _ in 0..<2 { _ = try intake.step() }
        #expect(world.parkings.isEmpty)
        world.histories = [preferences: PartitionHistory(committed: 1, low: 1, high: 2)]
        _ = try intake.step()
        #expect(world.parkings.map(\.reason) == [.noUserID], "nobody can tell any more")
    }
}
