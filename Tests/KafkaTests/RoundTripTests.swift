import Kafka
import Testing

@Suite("Records that are written and read again")
struct RoundTripTests {
    let broker: MockBroker

    init() throws {
        broker = try MockBroker()
        try broker.createTopic("t", partitions: 2)
    }

    @Test("Null and empty stay apart, in keys, values and headers")
    func nullIsNotEmpty() throws {
        let producer = try Producer(properties: broker.properties)
        let headers = [Header("text", text: "one"), Header("null", nil), Header("empty", []), Header("text", text: "two")]
        let sent: [OutgoingRecord] = [
            OutgoingRecord(topic: "t", partition: 0, key: [1], value: [2], headers: headers),
            OutgoingRecord(topic: "t", partition: 0, key: [1], value: nil),
            OutgoingRecord(topic: "t", partition: 0, key: [1], value: []),
            OutgoingRecord(topic: "t", partition: 0, key: nil, value: [3]),
            OutgoingRecord(topic: "t", partition: 0, key: [], value: [0, 255, 0]),
        ]
        try producer.write(sent)

        let read = try Consumer(properties: broker.properties).readWhole("t", partitions: 2)
        #expect(read.map(\.key) == sent.map(\.key))
        #expect(read.map(\.value) == sent.map(\.value))
        #expect(read.map(\.headers) == sent.map(\.headers))
        #expect(read.map(\.offset) == [0, 1, 2, 3, 4])
        #expect(read.allSatisfy { $0.topicPartition == TopicPartition("t", 0) && ($0.timestampMs ?? 0) > 1_600_000_000_000 })
        #expect(read[0].header("text") == Array("two".utf8))
    }

    @Test("Each record has its own headers, however much they look like those of the record before it")
    func neighbouringHeaders() throws {
        let producer = try Producer(properties: broker.properties)
        let long = Header("a", Array(repeating: 7, count: 300))
        let rows: [[Header]] = [
            [Header("a", text: "one"), Header("b", text: "x")], [Header("a", text: "one"), Header("b", text: "y")],
            [Header("a", text: "two"), Header("b", nil)], [Header("a", []), Header("b", text: "y")],
            [Header("b", text: "y"), Header("a", text: "two")], [], [Header("a", text: "on"), Header("b", text: "y")],
            [long, Header("b", text: "x")], [long], [Header("a", text: "one")], [Header("a", nil)], [Header("a", text: "one")],
            (0..<20).map { Header("h\($0)", text: "\($0)") }, (0..<20).map { Header("h\($0)", text: "\($0 / 2)") },
        ]
        try producer.write(rows.map { OutgoingRecord(topic: "t", partition: 0, key: [1], value: [2], headers: $0) })
        #expect(try Consumer(properties: broker.properties).readWhole("t", partitions: 2).map(\.headers) == rows)
    }

    @Test("A scan shows the same records as a poll")
    func scanEqualsPoll() throws {
        let producer = try Producer(properties: broker.properties)
        var sent = numbered(0..<3000, topic: "t", partition: nil)
        sent[7].value = nil
        sent[8].value = []
        sent[9].headers = [Header("a", text: "b")]
        sent[10].key = nil
        try producer.write(sent)

        let consumer = try Consumer(properties: broker.properties)
        let polled = try consumer.readWhole("t", partitions: 2)
        var copies: [Record] = []
        var borrowed: [[UInt8]?] = []
        let whole = [TopicPartition("t", 0): Offset.beginning, TopicPartition("t", 1): Offset.beginning]
        try consumer.assign(whole)
        var ends: [TopicPartition: Int64] = [:]
        let isWhole: Bool = try eventually {
            let progress = try consumer.scan(timeoutMs: 100, maxRecords: 700) { record, key, value in
                copies.append(record.copy())
                borrowed.append(copy(key))
                borrowed.append(copy(value))
                #expect(record.isTombstone == (value == nil))
            }
            #expect(progress.records <= 700)
            ends.merge(progress.ends) { $1 }
            return ends.count == 2 ? true : nil
        }
        func byPlace(_ records: [Record]) -> [Record] {
            records.sorted { ($0.partition, $0.offset) < ($1.partition, $1.offset) }
        }
        #expect(isWhole)
        #expect(polled.count == 3000)
        #expect(byPlace(copies) == byPlace(polled))
        #expect(borrowed == copies.flatMap { [$0.key, $0.value] })
        #expect(ends.values.reduce(0, +) == 3000)
    }

    @Test("A scan whose body throws passes the error on, and the consumer can be assigned again")
    func scanBodyThrows() throws {
        struct Stop: Error {}
        try Producer(properties: broker.properties).write(numbered(0..<50, topic: "t"))
        let consumer = try Consumer(properties: broker.properties)
        try consumer.assign([TopicPartition("t", 0): 0])
        #expect(throws: Stop.self) {
            while true {
                _ = try consumer.scan(timeoutMs: 1000, maxRecords: 100) { record, _, _ in
                    if record.offset == 10 { throw Stop() }
                }
            }
        }
        #expect(try consumer.readWhole("t", partitions: 1).count == 50)
    }

    @Test("Reading starts at the assigned offset, and the end is the offset of the next record")
    func assignFromOffset() throws {
        try Producer(properties: broker.properties).write(numbered(0..<20, topic: "t"))
        let consumer = try Consumer(properties: broker.properties)
        let partition = TopicPartition("t", 0)
        try consumer.assign([partition: 15])
        let batch = try consumer.gather { !$0.ends.isEmpty }
        #expect(batch.records.map(\.offset) == [15, 16, 17, 18, 19])
        #expect(batch.ends == [partition: 20])
        #expect(try consumer.assignment() == [partition])

        try consumer.seek(partition, to: 18)
        #expect(try consumer.gather { !$0.ends.isEmpty }.records.map(\.offset) == [18, 19])
        try consumer.unassign()
        #expect(try consumer.assignment().isEmpty)
    }

    @Test("A poll returns no more than it is asked for, and nothing of a paused partition")
    func limitsAndPause() throws {
        try Producer(properties: broker.properties).write(numbered(0..<30, topic: "t"))
        let consumer = try Consumer(properties: broker.properties)
        let partition = TopicPartition("t", 0)
        try consumer.assign([partition: 0])
        let first = try eventually {
            let batch = try consumer.poll(maxRecords: 10, timeoutMs: 100)
            return batch.records.isEmpty ? nil : batch.records
        }
        #expect(first.map(\.offset) == Array(0..<Int64(first.count)) && first.count <= 10)
        try consumer.pause([partition])
        #expect(try consumer.poll(maxRecords: 100, timeoutMs: 300).records.isEmpty)
        try consumer.resume([partition])
        let rest = try consumer.gather { !$0.ends.isEmpty }.records
        #expect(rest.map(\.offset) == Array(Int64(first.count)..<30))
    }

    @Test("What keepAlive meets is not lost: the next poll returns it, in order, however long the wait was")
    func keepAliveKeepsRecords() throws {
        try Producer(properties: broker.properties).write(numbered(0..<500, topic: "t"))
        let consumer = try Consumer(properties: broker.properties)
        try consumer.assign([TopicPartition("t", 0): 0])
        _ = try eventually { try consumer.poll(maxRecords: 1, timeoutMs: 100).records.first }
        for _ in 0..<300 { #expect(try consumer.keepAlive().records.isEmpty) }
        let rest = try consumer.gather { !$0.ends.isEmpty }.records
        #expect(rest.map(\.offset) == Array(1..<500))
    }
}

private func copy(_ span: RawSpan?) -> [UInt8]? {
    guard let span else { return nil }
    return span.withUnsafeBytes { Array($0) }
}
