import Domain
import Kafka
import Testing

@testable import Pipeline

@Suite("An aggregate that is not where its user's aggregates are")
struct StrayAggregateTests {
    private let world = ScriptedWorld()
    private let replays = ScriptedReplays()
    private let counters = HopCounters()
    private let home = Partitioner.murmur2(key: Array("7".utf8), partitionCount: 3)
    private var elsewhere: Int32 { (home + 1) % 3 }

    init() {
        world.partitionCounts = ["aggregate": 3]
        world.answers = [UserID("7"): .notFound, UserID("8"): .notFound]
    }

    private func enricher(warnings: Warnings = Warnings()) -> Enricher {
        Enricher(
            settings: EnricherSettings(
                signalsTopic: "signals", aggregateTopic: "aggregate", godTopic: "god", userIDKind: .integer),
            mappings: world, ledger: world, ports: world.ports(counters, logger: warnings.logger), replays: replays)
    }

    @Test("is never taken for the newest one: it is parked, counted and said, and the user's own counts")
    func live() throws {
        world.polls = [
            Poll(records: [
                record("aggregate", partition: home, offset: 0, key: "7", value: #"{"v":1}"#),
                record("aggregate", partition: elsewhere, offset: 9, key: "7", value: #"{"v":0}"#),
            ])
        ]
        let warnings = Warnings()
        _ = try enricher(warnings: warnings).step()
        #expect(world.topics["god"]?.map { $0.value.text } == [#"{"aggregate":{"v":1},"mapping":null}"#])
        let parking = try #require(world.parkings.first)
        #expect(parking.reason == .wrongPartition)
        #expect(parking.users == [UserID("7")])
        #expect(parking.detail == "the partition of 7 is \(home), and this is \(elsewhere)")
        #expect(counters.snapshot().strays == 1)
        #expect(warnings.texts.count == 1)
        #expect(world.committed == [partition("aggregate", home): 1, partition("aggregate", elsewhere): 10])
    }

    @Test("does not end the user by its tombstone, and is not parked for it: so that a stray can be removed from the topic")
    func tombstone() throws {
        world.polls = [
            Poll(records: [record("aggregate", partition: home, offset: 0, key: "7", value: "{}")]),
            Poll(records: [record("aggregate", partition: elsewhere, offset: 9, key: "7", value: nil)]),
        ]
        let enricher = enricher()
        _ = try enricher.step()
        _ = try enricher.step()
        #expect(world.compacted("god") == ["7": #"{"aggregate":{},"mapping":null}"#])
        #expect(world.productions.map(\.isLive) == [true])
        #expect(world.parkings.isEmpty)
        #expect(counters.snapshot().strays == 1)
        #expect(world.committed[partition("aggregate", elsewhere)] == 10)
    }

    @Test("neither is one under another spelling of the user's key")
    func spelling() throws {
        world.partitionCounts = ["aggregate": 1]
        world.polls = [
            Poll(records: [
                record("aggregate", offset: 0, key: "7", value: #"{"v":1}"#),
                record("aggregate", offset: 1, key: "007", value: #"{"v":0}"#),
                record("aggregate", offset: 2, key: "+7", value: nil),
            ])
        ]
        _ = try enricher().step()
        #expect(world.compacted("god") == ["7": #"{"aggregate":{"v":1},"mapping":null}"#])
        #expect(world.parkings.map(\.detail) == ["the key is another spelling of 7"])
        #expect(counters.snapshot().strays == 2)
    }

    @Test("is told by the number of partitions that the topic has now, not by the one that it had")
    func morePartitions() throws {
        world.partitionCounts = ["aggregate": 1]
        world.histories = [partition("aggregate"): PartitionHistory(committed: 0, low: 0, high: 1)]
        world.polls = [
            Poll(
                records: [record("aggregate", offset: 0, key: "7", value: #"{"v":1}"#)], assigned: [partition("aggregate")])
        ]
        let enricher = enricher()
        _ = try enricher.step()
        let count = try #require((2...9).first { Partitioner.murmur2(key: Array("7".utf8), partitionCount: $0) != 0 })
        world.partitionCounts = ["aggregate": count]
        let number = Partitioner.murmur2(key: Array("7".utf8), partitionCount: count)
        world.polls = [
            Poll(records: [record("aggregate", partition: number, offset: 0, key: "7", value: #"{"v":2}"#)]),
            Poll(records: [record("aggregate", partition: 0, offset: 5, key: "7", value: #"{"v":0}"#)]),
        ]
        _ = try enricher.step()
        _ = try enricher.step()
        #expect(world.compacted("god") == ["7": #"{"aggregate":{"v":2},"mapping":null}"#])
        #expect(world.parkings.map(\.reason) == [.wrongPartition])
    }

    @Test("is left out of a replay")
    func replay() throws {
        let stranger = try #require(
            (8...30).map { "\($0)" }.first { Partitioner.murmur2(key: Array($0.utf8), partitionCount: 3) != home })
        let lane = partition("aggregate", home)
        world.histories = [lane: PartitionHistory(committed: 0, low: 0, high: 2)]
        world.polls = [
            Poll(
                records: [
                    record("aggregate", partition: home, offset: 0, key: "7", value: #"{"v":1}"#),
                    record("aggregate", partition: home, offset: 1, key: stranger, value: #"{"v":0}"#),
                ], assigned: [lane])
        ]
        let enricher = enricher()
        _ = try enricher.step()
        replays.log = [
            record("aggregate", partition: home, offset: 0, key: "7", value: #"{"v":1}"#),
            record("aggregate", partition: home, offset: 1, key: stranger, value: #"{"v":0}"#),
        ]
        replays.lane = lane
        replays.requests = [
            ReplayRequest(id: "r", requestedAtMs: 1, sinceMs: nil, users: nil, ranges: [home: .init(start: 0, end: 2)])
        ]
        for _ in 0..<5 { _ = try enricher.step() }
        #expect(replays.progress["r"] == 2)
        #expect(world.topics["god"]?.map { $0.key.text } == ["7", "7"])
        #expect(counters.snapshot().replayed == 1)
    }
}
