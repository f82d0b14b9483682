import Domain
import Foundation
import Kafka
import Ledger
import Synchronization
import Testing

@testable import Pipeline
@testable import Reconcile
@testable import Simulator

/// The same calls on a real part and on the simulated one, which have to show the same: what the simulator proves rests on it.
@Suite("A simulated part behaves as the real one does", .serialized)
struct ContractTests {
    enum Part: CaseIterable { case real, simulated }

    @Test("a broker: addresses, reading in a group, commits, ends and history", arguments: Part.allCases)
    func broker(part: Part) throws {
        let seen = try part.run { try BrokerContract(broker: $0).observe() }
        #expect(seen.addresses == [0, 1, 2])
        #expect(seen.homes == (0..<8).map { Partitioner.murmur2(key: Array("\($0)".utf8), partitionCount: 2) })
        #expect(seen.firstShare == [0, 1])
        #expect(seen.read == [0, 1, 2], "from the beginning, where nothing was committed")
        #expect(seen.end == 3 && seen.partitions == 2 && seen.partitionsOfNothing == nil)
        #expect(seen.committed == 2 && seen.low == 0 && seen.high == 3)
        #expect(seen.lookedBack == [0, 1])
        #expect(seen.readOn == [2], "from where the group had committed")
    }

    @Test("a broker: a second member makes the first one give up everything, and the two share", arguments: Part.allCases)
    func rebalance(part: Part) throws {
        let seen = try part.run { try BrokerContract(broker: $0).observeRebalance() }
        #expect(seen.revoked == [0, 1])
        #expect(seen.shares.map(\.count) == [1, 1])
        #expect(Set(seen.shares.joined()) == [0, 1])
    }

    @Test("a ledger: what was appended is there for the next process, in order, and a reader goes on from where it was")
    func ledger() throws {
        let path = FileManager.default.temporaryDirectory.appendingPathComponent("contract-\(UUID().uuidString).sqlite").path
        defer { for suffix in ["", "-wal", "-shm", ".lock"] { unlink(path + suffix) } }
        // Each closure is a process of its own: nothing but the file outlives it.
        let real = try LedgerContract(
            append: { try LedgerFile(writer: LedgerWriter(path: path, godTopic: Name.god)).append($0) },
            highest: { try LedgerWriter(path: path, godTopic: Name.god).highestGodOffsets() },
            port: { try LedgerFiles(paths: [path], godTopic: Name.god) }
        ).observe()
        let simulated = try Part.inWorld { world in
            try LedgerContract(
                append: { try SimulatedLedger(world: world, machine: 0).append($0) },
                highest: { try SimulatedLedger(world: world, machine: 0).highestGodOffsets() },
                port: { try SimulatedReconcilePorts(world: world).ledger() }
            ).observe()
        }
        #expect(real.highest == [0: 5, 1: 2])
        #expect(real.firstRead == [0, 5])
        #expect(real.secondRead == [2])
        #expect(real.lastIDs == [[2], [3]])
        #expect(simulated == real)
    }

    @Test("a source: rows, ranges of a scan, what a snapshot shows, and how its position lies to the log's end")
    func source() throws {
        let real = try SourceContract(database: RealSource()).observe()
        #expect(real.facts == ["true", "true", "false", "ROW", "FULL"])
        #expect(real.columns == ["name string", "preference string", "user_id integer"])
        #expect(
            real.rows == [
                #"{"name":"v0","preference":null,"user_id":1}"#, #"{"name":"v0","preference":"v2","user_id":2}"#, nil,
                #"{"name":"v0","preference":null,"user_id":10}"#,
            ])
        #expect(real.rowsOfAggregator == real.rows)
        #expect(real.cuts == ["2", "10", nil], "where the last range is full, one more shows whoever comes behind it")
        #expect(real.ranges == [["1", "2"], ["3", "10"], []])
        #expect(real.haveDigestsOfRows)
        #expect(real.duringChange == ["1", "2", "3", "10"], "a scan is one snapshot")
        #expect(real.afterwards == ["1", "2", "10", "20"])
        #expect(real.order.filter { !$0.value }.map(\.key) == ["a scan has reached what was logged while it went on"])
        let simulated = try Part.inWorld { try SourceContract(database: SimulatedSourceOfContract(world: $0)).observe() }
        #expect(simulated == real)
    }
}

extension ContractTests.Part {
    /// Runs a contract against the part, on threads that may block.
    func run<Seen: Sendable>(_ body: @escaping @Sendable (any ContractBroker) throws -> Seen) throws -> Seen {
        switch self {
        case .real: try body(RealBroker())
        case .simulated: try Self.inWorld { try body(SimulatedBroker(world: $0)) }
        }
    }

    /// Runs as the only actor of a world in which nothing goes wrong.
    static func inWorld<Seen: Sendable>(_ body: @escaping @Sendable (World) throws -> Seen) throws -> Seen {
        var schedule = Schedule(seed: 1)
        var plan = Plan(&schedule.chance, size: .small)
        plan.signalPartitions = 2
        plan.troublesRuns = false
        // There is no MySQL here to compare with.
        plan.hasGTIDs = false
        let world = World(WorldState(plan: plan, schedule: schedule), pool: ThreadPool())
        let result = Mutex<Result<Seen, any Error>?>(nil)
        world.spawn("contract") { world in
            let outcome = Result { try body(world) }
            result.withLock { $0 = outcome }
        }
        world.run()
        return try #require(result.withLock { $0 }).get()
    }
}

/// A broker with an empty topic `aggregate` of two partitions, and the ports to it.
protocol ContractBroker {
    func sink() throws -> any RecordSink
    /// A new member of the group that reads the topic.
    func member() throws -> any RecordSource
    func leave(_ member: any RecordSource)
}

struct RealBroker: ContractBroker {
    private let broker: MockBroker
    private let members = Members()

    private final class Members {
        var consumers: [ObjectIdentifier: Consumer] = [:]
    }

    init() throws {
        broker = try MockBroker()
        try broker.createTopic(Name.aggregate, partitions: 2)
    }

    func sink() throws -> any RecordSink {
        KafkaSink(try Producer(properties: ["bootstrap.servers": broker.bootstrap, "partitioner": "murmur2_random"]))
    }

    func member() throws -> any RecordSource {
        let properties = MockBroker.recommendedConsumerProperties.merging([
            "bootstrap.servers": broker.bootstrap, "group.id": Name.enricher, "auto.offset.reset": "earliest",
        ]) { $1 }
        let consumer = try Consumer(properties: properties)
        try consumer.subscribe([Name.aggregate])
        let source = KafkaSource(consumer, properties: properties, timeoutMs: 10_000, logger: .init(label: "contract"))
        members.consumers[ObjectIdentifier(source)] = consumer
        return source
    }

    func leave(_ member: any RecordSource) { members.consumers[ObjectIdentifier(member)]?.close() }
}

struct SimulatedBroker: ContractBroker {
    let world: World

    func sink() -> any RecordSink { SimulatedProducer(world, for: nil) }
    func member() -> any RecordSource { SimulatedConsumer(world, group: Name.enricher) }
    func leave(_ member: any RecordSource) { (member as? SimulatedConsumer)?.leave() }
}
