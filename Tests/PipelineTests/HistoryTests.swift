import Domain
import Kafka
import Logging
import Testing

@testable import Pipeline

@Suite("A partition is looked at when it is assigned")
struct HistoryTests {
    let world = ScriptedWorld()
    let warnings = Warnings()

    private func step(_ history: PartitionHistory) throws {
        world.histories = [partition("signals"): history]
        world.polls = [Poll(records: [signal("7", offset: history.low)], assigned: [partition("signals")])]
        let settings = AggregatorSettings(
            signalsTopic: "signals", aggregateTopic: "aggregate", userIDKind: .integer, encodingID: "e1")
        _ = try Aggregator(settings: settings, reader: world, ports: world.ports(logger: warnings.logger)).step()
        #expect(world.committed == [partition("signals"): history.low + 1])
    }

    @Test("records that retention deleted before they were read are reported, with what to do")
    func deletedUnread() throws {
        try step(PartitionHistory(committed: 100, low: 250, high: 300))
        let warning = try #require(warnings.texts.first)
        #expect(warning.contains("signals[0]") && warning.contains("100 to 249") && warning.contains("rollcall verify"))
    }

    @Test("a first start behind deleted records is reported too")
    func neverRead() throws {
        try step(PartitionHistory(committed: nil, low: 250, high: 300))
        #expect(warnings.texts.first?.contains("before 250") == true)
    }

    @Test("nothing is said where nothing is lost", arguments: [nil, 0, 5] as [Int64?])
    func complete(committed: Int64?) throws {
        try step(PartitionHistory(committed: committed, low: 0, high: 5))
        #expect(warnings.texts.isEmpty)
    }

    @Test("on a real broker, the records before the committed offset are read again")
    func lookBack() throws {
        let broker = try MockBroker()
        try broker.createTopic("history", partitions: 3)
        let properties: Properties = [
            "bootstrap.servers": broker.bootstrap, "group.id": "g", "enable.partition.eof": "true",
            "auto.offset.reset": "earliest",
        ]
        let producer = try Producer(properties: ["bootstrap.servers": broker.bootstrap])
        defer { producer.close() }
        for number in 0..<10 {
            for partition in [0, 1] as [Int32] {
                _ = try producer.send(
                    OutgoingRecord(topic: "history", partition: partition, key: nil, value: Array("\(number)".utf8)))
            }
        }
        _ = try producer.flush(timeoutMs: 10_000)
        let consumer = try Consumer(properties: properties)
        defer { consumer.close() }
        let source = KafkaSource(consumer, properties: properties, timeoutMs: 10_000, logger: Logger(label: "test"))
        try source.commit([partition("history", 0): 7, partition("history", 1): 1]) {}

        let histories = try source.history(of: Set((0..<3).map { partition("history", $0) }), lookBack: 3)
        #expect(histories[partition("history", 0)]?.last.map(\.offset) == [4, 5, 6])
        #expect(histories[partition("history", 1)]?.last.map(\.offset) == [0])
        #expect(histories[partition("history", 1)]?.committed == 1)
        #expect(histories[partition("history", 2)]?.committed == nil)
        #expect(histories.values.map(\.high).sorted() == [0, 10, 10])
    }
}
