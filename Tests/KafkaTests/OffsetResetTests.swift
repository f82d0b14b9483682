import Kafka
import Testing

@Suite("An offset that the broker no longer has")
struct OffsetResetTests {
    /// Nobody else would ever say so: reading goes on with the first record that is left.
    @Test("is reset with a line of librdkafka's log that is at least a warning")
    func logged() throws {
        let broker = try MockBroker()
        try broker.createTopic("t", partitions: 1)
        let producer = try Producer(properties: broker.properties)
        defer { producer.close() }
        try producer.write([OutgoingRecord(topic: "t", key: nil, value: [1])])
        var lines: [LogLine] = []
        let consumer = try Consumer(properties: broker.properties(group: "g")) { lines.append($0) }
        defer { consumer.close() }
        try consumer.assign([TopicPartition("t", 0): 500])
        #expect(try consumer.gather { !$0.records.isEmpty }.records.map(\.offset) == [0])
        #expect(lines.contains { $0.severity <= 4 && $0.message.contains("offset reset") })
        #expect(!lines.contains { $0.facility == "FAIL" })
    }
}
