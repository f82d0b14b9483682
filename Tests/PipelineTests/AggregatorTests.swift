import Domain
import Kafka
import Testing

@testable import Pipeline

@Suite("The aggregator turns signals into aggregates")
struct AggregatorTests {
    let world = ScriptedWorld()
    let counters = HopCounters()
    let warnings = Warnings()

    func aggregator(_ kind: UserIDKind = .integer) -> Aggregator {
        Aggregator(
            settings: AggregatorSettings(
                signalsTopic: "signals", aggregateTopic: "aggregate", userIDKind: kind, encodingID: "e1"), reader: world,
            ports: world.ports(counters, logger: warnings.logger))
    }

    @Test("one query serves the batch; a user without a row gets a tombstone; headers say where it comes from")
    func aggregates() throws {
        world.rows = [UserID("7"): Array(#"{"user_id":7}"#.utf8)]
        world.positions = [position(900)]
        world.polls = [
            Poll(records: [signal("7", at: position(100), offset: 3), signal("8", at: position(200), partition: 1, offset: 5)])
        ]
        _ = try aggregator().step()
        #expect(world.readUsers == [[UserID("7"), UserID("8")]])
        #expect(world.compacted("aggregate") == ["7": #"{"user_id":7}"#, "8": tombstone])
        let headers = AggregateProvenance { name in world.topics["aggregate"]?.first?.headers.last { $0.name == name }?.value }
        #expect(
            headers
                == AggregateProvenance(
                    version: position(900), signal: RecordAddress(partition: 0, offset: 3), encoding: "e1"))
        #expect(world.committed == [partition("signals"): 4, partition("signals", 1): 6])
        #expect(counters.snapshot().tombstones == 1)
    }

    @Test("the newest signal of a user counts, and aggregates leave in the order of their signals")
    func newestSignal() throws {
        world.polls = [
            Poll(records: [signal("7", offset: 0), signal("8", offset: 1), signal("9", offset: 2), signal("7", offset: 3)])
        ]
        _ = try aggregator().step()
        #expect(world.topics["aggregate"]?.map(\.key.text) == ["8", "9", "7"])
        #expect(counters.snapshot().deduplicated == 1)
    }

    @Test("a snapshot that is older than a signal is read again until it is not")
    func waitsForVisibility() throws {
        world.rows = [UserID("7"): Array("{}".utf8)]
        world.positions = [position(100), position(400), position(500)]
        world.polls = [Poll(records: [signal("7", at: position(500), offset: 0), signal("8", at: position(50), offset: 1)])]
        _ = try aggregator().step()
        #expect(world.readUsers.count == 3)
        #expect(counters.snapshot().rereads == 2)
        #expect(world.topics["aggregate"]?.count == 2)
        #expect(warnings.texts.isEmpty)
    }

    @Test("a repair without a position does not excuse from the change before it")
    func repairKeepsThePosition() throws {
        world.positions = [position(100), position(500)]
        let repair = Signal(user: UserID("7"), position: nil, cause: .repair)
        world.polls = [
            Poll(records: [
                signal("7", at: position(500), offset: 0),
                Record(topic: "signals", partition: 0, offset: 1, key: repair.key, value: repair.value),
            ])
        ]
        _ = try aggregator().step()
        #expect(world.readUsers.count == 2)
    }

    @Test(
        "an aggregate says that somebody asked for it, whatever else was signalled in the same batch",
        arguments: Signal.Cause.allCases)
    func saysWhoAsked(cause: Signal.Cause) throws {
        let asked = Signal(user: UserID("7"), position: nil, cause: cause)
        world.polls = [
            Poll(records: [
                signal("8", offset: 0), Record(topic: "signals", partition: 0, offset: 1, key: asked.key, value: asked.value),
                signal("7", offset: 2),
            ])
        ]
        _ = try aggregator().step()
        let causes = world.topics["aggregate"]?.map { record in
            AggregateProvenance { name in record.headers.last { $0.name == name }?.value }.cause
        }
        #expect(causes == [nil, cause == .repair || cause == .retry ? cause : nil])
    }

    @Test("a long lag is said once, its end too, and the group is kept alive meanwhile")
    func lagIsSaidOnce() throws {
        world.positions = Array(repeating: position(1), count: 40) + [position(500)]
        world.keepAlives = [Poll()]
        world.polls = [Poll(records: [signal("7", at: position(500), offset: 0)])]
        _ = try aggregator().step()
        #expect(world.readUsers.count == 41)
        #expect(warnings.texts.count == 2)
        #expect(warnings.texts.first?.contains("binlog.000001:500") == true)
        #expect(world.keepAlives.isEmpty)
    }

    @Test("a position of another server is said once, and the rows are taken")
    func failover() throws {
        world.positions = [position(10, server: 1), position(10, server: 1)]
        world.polls = [
            Poll(records: [signal("7", at: position(500, server: 2), offset: 0)]),
            Poll(records: [signal("7", at: position(600, server: 2), offset: 1)]),
        ]
        let aggregator = aggregator()
        _ = try aggregator.step()
        _ = try aggregator.step()
        #expect(world.readUsers.count == 2)
        #expect(warnings.texts.count == 1)
    }

    @Test(
        "a position beyond the end of the server's log is void: that is said once, and the end is waited for instead",
        arguments: [4242, nil] as [UInt64?])
    func voidPosition(server: UInt64?) throws {
        world.positions = Array(repeating: position(250), count: 100) + [position(300)]
        world.binlogEnds = [position(300)]
        world.polls = [
            Poll(records: [
                signal("7", at: position(9_000, server: server), offset: 0), signal("8", at: position(260), offset: 1),
            ]),
            Poll(records: [signal("7", at: position(9_500, server: server), offset: 2)]),
        ]
        let aggregator = aggregator()
        _ = try aggregator.step()
        #expect(world.readUsers.count > 100, "the end of the log is waited for")
        #expect(world.slept.reduce(0, +) >= 30_000)
        let sleptMs = world.slept.reduce(0, +)
        _ = try aggregator.step()
        #expect(world.slept.reduce(0, +) == sleptMs, "the second one is known at once")
        #expect(world.topics["aggregate"]?.count == 3)
        #expect(warnings.texts.filter { $0.contains("binlog.000001:9000") && $0.contains("rollcall verify") }.count == 1)
        #expect(!warnings.texts.contains { $0.hasPrefix("a signal asks") && $0.contains(":9500") })
    }

    @Test("a replica that lags for longer than that is waited for all the same", arguments: [600, nil] as [UInt64?])
    func longLag(end: UInt64?) throws {
        world.positions = Array(repeating: position(1), count: 200) + [position(500)]
        world.binlogEnds = [end.flatMap { position($0) }]
        world.polls = [Poll(records: [signal("7", at: position(500), offset: 0)])]
        _ = try aggregator().step()
        #expect(world.readUsers.count == 201)
        #expect(warnings.texts.count { $0.contains("BINLOG MONITOR") } == (end == nil ? 1 : 0))
    }

    @Test("two rows for one user park that user's signal, and spare the others")
    func duplicateRow() throws {
        world.rows = [UserID("8"): Array("{}".utf8)]
        world.rowFailures = [UserID("7"): RowFailure(.duplicateRow, "2 rows")]
        world.polls = [Poll(records: [signal("7", offset: 0), signal("8", offset: 1)])]
        _ = try aggregator().step()
        #expect(world.parkings.map(\.reason) == [.duplicateRow])
        #expect(world.parkings.first?.users == [UserID("7")])
        #expect(world.compacted("aggregate") == ["8": "{}"])
        #expect(world.effects.contains(.closed(["8"])))
    }

    @Test("a signal that cannot be read is parked, and the batch goes on")
    func badSignal() throws {
        world.polls = [
            Poll(records: [record("signals", offset: 0, key: "x", value: "{}"), signal("8", offset: 1)]),
            Poll(records: [record("signals", offset: 2, key: "9", value: "junk")]),
        ]
        let aggregator = aggregator()
        _ = try aggregator.step()
        _ = try aggregator.step()
        #expect(world.parkings.map(\.reason) == [.badSignal, .badSignal])
        #expect(world.committed == [partition("signals"): 3])
    }

    @Test("an unreadable signal whose key names a user is parked with the user, who is looked at all the same")
    func badSignalOfKnownUser() throws {
        world.rows = [UserID("9"): Array("{}".utf8)]
        world.positions = [position(100), position(500)]
        world.polls = [
            Poll(records: [signal("9", at: position(500), offset: 0), record("signals", offset: 1, key: "9", value: "junk")])
        ]
        _ = try aggregator().step()
        #expect(world.parkings.map(\.users) == [[UserID("9")]])
        #expect(world.readUsers == [[UserID("9")], [UserID("9")]], "and the position of the signal before it is waited for")
        #expect(world.compacted("aggregate") == ["9": "{}"])
        #expect(world.committed == [partition("signals"): 2])
    }

    @Test("an aggregate that is too large for the broker is parked; the others of its batch are not")
    func tooLarge() throws {
        let refusal = Receipt.Outcome.failed(PortFailure(.tooLarge, "message size too large"))
        world.rows = [UserID("7"): Array("{}".utf8), UserID("8"): Array("{}".utf8)]
        // The broker refuses the batch of both; then each is tried alone, and only the first is refused again.
        world.outcomes = [refusal, refusal, refusal, nil]
        world.polls = [Poll(records: [signal("7", offset: 0), signal("8", offset: 1)])]
        _ = try aggregator().step()
        #expect(world.parkings.map(\.reason) == [.recordTooLarge])
        #expect(world.parkings.first?.users == [UserID("7")])
        #expect(world.compacted("aggregate") == ["8": "{}"])
        #expect(world.committed == [partition("signals"): 2])
    }

    @Test("a lost assignment is noticed before anything is produced")
    func lostAssignment() throws {
        world.isAssignmentLost = true
        world.polls = [Poll(records: [signal("7", offset: 0)])]
        _ = try aggregator().step()
        #expect(world.topics.isEmpty)
        #expect(world.committed.isEmpty)
    }

    // MARK: - Rows under other ids

    @Test("a row under another spelling of the id deletes nobody: the asked one is parked, the other one signalled")
    func caseInsensitiveCollation() throws {
        world.aliases = [UserID("bob"): UserID("Bob")]
        world.rows = [UserID("Bob"): Array(#"{"id":"Bob"}"#.utf8), UserID("eve"): Array("{}".utf8)]
        world.polls = [
            Poll(records: [
                signal("bob", at: position(5), offset: 0), signal("eve", offset: 1), signal("gone", offset: 2),
            ])
        ]
        let progress = try aggregator(.string).step()
        #expect(world.compacted("aggregate") == ["eve": "{}", "gone": tombstone], "who is really gone is not parked")
        #expect(world.parkings.map(\.users) == [[UserID("bob")]])
        #expect(world.parkings.map(\.reason) == [.badUserID])
        #expect(world.parkings.first?.detail.contains("`Bob`") == true)
        let signalled = try #require(world.topics["signals"]?.first)
        #expect(
            try Signal(key: signalled.key, value: signalled.value, kind: .string)
                == Signal(user: UserID("Bob"), position: position(5), cause: .change))
        #expect(progress == Progress(consumed: 3, produced: 2, parked: 1))
    }

    @Test("a row whose key is NULL deletes nobody")
    func nullKey() throws {
        world.aliases = [UserID("7"): UserID("NULL")]
        world.rowFailures = [UserID("NULL"): RowFailure(.badUserID, "`NULL` is not a user id of type integer")]
        world.polls = [Poll(records: [signal("7", offset: 0), signal("8", offset: 1)])]
        _ = try aggregator().step()
        #expect(world.compacted("aggregate") == ["8": tombstone])
        #expect(world.parkings.map(\.users) == [[UserID("7")]])
        #expect(world.parkings.first?.detail.contains("`NULL` is not a user id") == true)
        #expect(world.topics["signals"] == nil)
    }

    @Test("who answers for another id and was asked for too is not signalled again")
    func bothSpellingsAsked() throws {
        world.aliases = [UserID("bob"): UserID("Bob"), UserID("ann"): UserID("Ann")]
        world.rows = [UserID("Bob"): Array("{}".utf8), UserID("Ann"): Array("{}".utf8)]
        world.polls = [Poll(records: [signal("bob", offset: 0), signal("Bob", offset: 1), signal("ann", offset: 2)])]
        _ = try aggregator(.string).step()
        #expect(world.compacted("aggregate") == ["Bob": "{}"])
        #expect(world.topics["signals"]?.map(\.key.text) == ["Ann"])
        #expect(world.parkings.count == 2)
    }

    @Test("a revoke while such users are asked for one by one ends the batch")
    func revokeWhileAskingAlone() throws {
        world.aliases = [UserID("bob"): UserID("Bob")]
        world.rows = [UserID("Bob"): Array("{}".utf8)]
        world.polls = [Poll(records: [signal("bob", offset: 0)])]
        world.failures = [.read: [nil, unavailable, unavailable, unavailable]]
        world.keepAlives = [Poll(revoked: [partition("signals")])]
        _ = try aggregator(.string).step()
        #expect(world.effects.isEmpty)
    }
}
