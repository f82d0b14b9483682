import Domain
import Kafka
import Testing

@testable import Pipeline

@Suite("The enricher turns aggregates into God objects")
struct EnricherTests {
    let world = ScriptedWorld()
    let counters = HopCounters()

    func enricher(notFound: NotFoundPolicy = .null) -> Enricher {
        Enricher(
            settings: EnricherSettings(
                signalsTopic: "signals", godTopic: "god", userIDKind: .integer, notFound: notFound),
            mappings: world, ledger: world, ports: world.ports(counters))
    }

    func aggregate(
        _ user: String, _ value: String?, offset: Int64, signal: Int64? = nil, version: UInt64 = 1, cause: Signal.Cause? = nil
    ) -> Record {
        let provenance = AggregateProvenance(
            version: position(version), signal: signal.map { RecordAddress(partition: 0, offset: $0) }, encoding: "e1",
            cause: cause)
        return record(
            "aggregate", offset: offset, key: user, value: value,
            headers: provenance.headers.map { Header($0.name, text: $0.text) })
    }

    @Test(
        "whatever time an aggregate claims to be of", arguments: ["-9223372036854775808", "9223372036854775807", "-1", "0", "x"])
    func claimedTime(text: String) throws {
        let records = (0..<3).map { offset in
            record(
                "aggregate", offset: Int64(offset), key: "\(offset)", value: "{}",
                headers: [Header(HeaderName.eventTime, text: text)])
        }
        world.answers = Dictionary(uniqueKeysWithValues: (0..<3).map { (UserID("\($0)"), .found(Array("{}".utf8))) })
        world.polls = [Poll(records: records)]
        _ = try enricher().step()
        #expect(world.productions.map(\.user.text) == ["0", "1", "2"])
        #expect(counters.snapshot().endToEnd.sumMs >= 0)
    }

    @Test("acknowledged, then recorded, then committed; headers and ledger say what it was made of")
    func produces() throws {
        let aggregateBytes = Array(#"{"user_id":7}"#.utf8)
        let mapping = Array(#"{"crm":"c7"}"#.utf8)
        world.answers = [UserID("7"): .found(mapping)]
        world.polls = [Poll(records: [aggregate("7", #"{"user_id":7}"#, offset: 4, version: 500)])]
        _ = try enricher().step()

        let god = #"{"aggregate":{"user_id":7},"mapping":{"crm":"c7"}}"#
        #expect(
            world.effects == [
                .sent(topic: "god", key: "7", value: god), .acknowledged(1), .recorded(["7"]), .closed(["7"]),
                .committed([partition("aggregate"): 5]),
            ])
        let production = try #require(world.productions.first)
        #expect(production.god == RecordAddress(partition: 0, offset: 0))
        #expect(production.godDigest == Digest(of: Array(god.utf8)))
        #expect(production.aggregate == RecordAddress(partition: 0, offset: 4))
        #expect(production.aggregateDigest == Digest(of: aggregateBytes))
        #expect(production.mappingDigest == Digest(of: mapping))
        #expect(production.version == position(500))
        let provenance = GodProvenance { name in world.topics["god"]?.first?.headers.last { $0.name == name }?.value }
        #expect(
            provenance
                == GodProvenance(
                    aggregate: production.aggregate, aggregateDigest: production.aggregateDigest, version: position(500),
                    mappingDigest: production.mappingDigest))
    }

    @Test(
        "what is remembered of a user is forgotten before the lookup when somebody asked for the user, in whichever record of the batch"
    )
    func asksAfresh() throws {
        world.answers = [UserID("7"): .notFound, UserID("8"): .notFound, UserID("9"): .notFound]
        world.polls = [
            Poll(records: [
                aggregate("7", "{}", offset: 0, cause: .repair), aggregate("8", "{}", offset: 1),
                aggregate("9", "{}", offset: 2, cause: .retry), aggregate("7", #"{"v":2}"#, offset: 3),
            ]), Poll(records: [aggregate("7", "{}", offset: 4, cause: .change)]),
        ]
        let enricher = enricher()
        _ = try enricher.step()
        #expect(world.forgottenUsers == [[UserID("7"), UserID("9")]])
        #expect(world.askedUsers.count == 1)
        _ = try enricher.step()
        #expect(world.forgottenUsers.count == 1)
    }

    @Test("a tombstone becomes a tombstone, is recorded, and asks nobody")
    func deletion() throws {
        world.polls = [Poll(records: [aggregate("7", nil, offset: 4)])]
        _ = try enricher().step()
        #expect(world.compacted("god") == ["7": tombstone])
        #expect(world.askedUsers.isEmpty)
        #expect(world.productions.map(\.isLive) == [false])
    }

    @Test("the newest aggregate of a user in the batch is the one that counts")
    func newestCounts() throws {
        world.answers = [UserID("7"): .notFound, UserID("8"): .notFound]
        world.polls = [
            Poll(records: [
                aggregate("7", #"{"v":1}"#, offset: 0), aggregate("8", nil, offset: 1), aggregate("7", #"{"v":2}"#, offset: 2),
                aggregate("8", #"{"v":3}"#, offset: 3),
            ])
        ]
        _ = try enricher().step()
        #expect(
            world.compacted("god") == [
                "7": #"{"aggregate":{"v":2},"mapping":null}"#, "8": #"{"aggregate":{"v":3},"mapping":null}"#,
            ])
        #expect(world.productions.map(\.aggregate.offset) == [2, 3])
    }

    @Test("a mapping that fails for good parks the aggregate and spares the others")
    func mappingFails() throws {
        world.answers = [UserID("7"): .failed("status 400"), UserID("8"): .found(Array("1".utf8))]
        world.polls = [Poll(records: [aggregate("7", "{}", offset: 0), aggregate("8", "{}", offset: 1)])]
        _ = try enricher().step()
        #expect(world.parkings.map(\.reason) == [.mappingFailed])
        #expect(world.parkings.first?.detail == "status 400")
        #expect(world.effects.suffix(3) == [.parked([.mappingFailed]), .closed(["8"]), .committed([partition("aggregate"): 2])])
    }

    @Test("whether an unknown user is parked or has no mapping is a setting", arguments: NotFoundPolicy.allCases)
    func notFound(policy: NotFoundPolicy) throws {
        world.answers = [UserID("7"): .notFound]
        world.polls = [Poll(records: [aggregate("7", "{}", offset: 0)])]
        _ = try enricher(notFound: policy).step()
        switch policy {
        case .null: #expect(world.compacted("god") == ["7": #"{"aggregate":{},"mapping":null}"#])
        case .park: #expect(world.parkings.map(\.reason) == [.mappingNotFound])
        }
    }

    @Test("an aggregate that is not JSON, or has no key, is parked")
    func badAggregate() throws {
        world.answers = [UserID("7"): .notFound]
        world.polls = [
            Poll(records: [
                aggregate("7", "", offset: 0), record("aggregate", offset: 1, key: nil, value: "{}"),
                aggregate("seven", "{}", offset: 2),
            ])
        ]
        _ = try enricher().step()
        #expect(world.parkings.map(\.reason) == [.badAggregate, .badAggregate, .badAggregate])
        #expect(world.topics["god"] == nil)
        #expect(world.committed == [partition("aggregate"): 3])
    }

    @Test("an older signal behind a newer one is a late write, and its user is signalled")
    func lateWrite() throws {
        world.answers = [UserID("7"): .notFound, UserID("8"): .notFound]
        world.polls = [
            Poll(records: [
                aggregate("7", "{}", offset: 0, signal: 10, version: 900),
                aggregate("8", "{}", offset: 1, signal: 11, version: 950),
            ]),
            Poll(records: [aggregate("7", #"{"old":1}"#, offset: 2, signal: 9, version: 800)]),
        ]
        let enricher = enricher()
        _ = try enricher.step()
        #expect(world.topics["signals"] == nil)
        _ = try enricher.step()
        let late = try #require(world.topics["signals"]?.first)
        #expect(
            try Signal(key: late.key, value: late.value, kind: .integer)
                == Signal(user: UserID("7"), position: position(950), cause: .late))
        #expect(counters.snapshot().lateWrites == 1)
    }

    @Test("a record that is delivered nobody knows where is sent again, so that the ledger can say where")
    func unknownAddress() throws {
        world.outcomes = [.delivered(nil)]
        world.polls = [Poll(records: [aggregate("7", nil, offset: 0)])]
        _ = try enricher().step()
        #expect(world.productions.count == 1)
    }

    @Test("a ledger without room is waited for")
    func ledgerFull() throws {
        world.failures = [.append: [PortFailure(.unavailable, "disk full"), PortFailure(.unavailable, "disk full")]]
        world.polls = [Poll(records: [aggregate("7", nil, offset: 0)])]
        _ = try enricher().step()
        #expect(world.productions.count == 1)
        #expect(world.effects.filter { $0 == .acknowledged(1) }.count == 1)
    }
}
