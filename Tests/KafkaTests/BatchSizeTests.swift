@testable import Kafka
import Testing

@Suite("A batch is bounded by bytes as well as by records")
struct BatchSizeTests {
    let broker: MockBroker
    let consumer: Consumer

    init() throws {
        broker = try MockBroker()
        try broker.createTopic("t", partitions: 1)
        let producer = try Producer(properties: broker.properties)
        defer { producer.close() }
        try producer.write(
            (0..<10).map { number in
                OutgoingRecord(
                    topic: "t", key: Array("\(number)".utf8), value: Array(repeating: UInt8(number), count: 100_000),
                    headers: [Header("h", text: "v")])
            })
        consumer = try Consumer(properties: broker.properties(group: "g"))
    }

    @Test("A poll ends with the record that reaches the limit, the next one goes on behind it, and nothing is lost")
    func bytes() throws {
        try consumer.assign([TopicPartition("t", 0): 0])
        var offsets: [Int64] = []
        while offsets.count < 10 {
            let batch = try consumer.poll(maxRecords: 1_000, maxBytes: 250_000, timeoutMs: 5_000)
            #expect(batch.records.count <= 3)
            #expect(batch.byteCount == batch.records.count * 100_003)
            offsets += batch.records.map(\.offset)
        }
        #expect(offsets == Array(0..<10))
    }

    @Test("A record that is larger than the limit comes alone")
    func largeRecord() throws {
        try consumer.assign([TopicPartition("t", 0): 0])
        let batch = try consumer.gather(maxRecords: 1) { !$0.records.isEmpty }
        #expect(batch.records.count == 1)
        #expect(try consumer.poll(maxRecords: 1_000, maxBytes: 1, timeoutMs: 5_000).records.count == 1)
    }

    @Test("A commit that takes long lets the caller do something else, and give up")
    func commitWhileWaiting() throws {
        struct Impatience: Error {}
        try broker.setRoundTrip(broker: 1, milliseconds: 1_000)
        var turns = 0
        #expect(throws: Impatience.self) {
            try consumer.commit([TopicPartition("t", 0): 3]) {
                turns += 1
                if turns == 2 { throw Impatience() }
            }
        }
        #expect(turns == 2)
        try broker.setRoundTrip(broker: 1, milliseconds: 0)
        try consumer.commit([TopicPartition("t", 0): 4])
    }
}
