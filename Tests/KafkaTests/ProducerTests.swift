import Kafka
import Testing

@Suite("Delivery reports")
struct ProducerTests {
    let broker: MockBroker

    init() throws {
        broker = try MockBroker()
        try broker.createTopic("t", partitions: 3)
    }

    @Test("Reports come in the order of the tickets, though partitions are acknowledged in any order")
    func ticketOrder() throws {
        let producer = try Producer(properties: broker.properties)
        var tickets: [UInt64] = []
        for record in numbered(0..<1000, topic: "t", partition: nil) { tickets.append(try producer.send(record)) }
        let deliveries = try producer.flush(timeoutMs: 30_000)
        #expect(deliveries.map(\.ticket) == tickets)
        #expect(tickets == Array(tickets[0]..<tickets[0] + 1000))
        let positions = try deliveries.map { try $0.result.get() }
        #expect(Set(positions.map(\.partition)) == [0, 1, 2])
        #expect(Set(positions).count == 1000)
        #expect(producer.outstandingCount == 0)

        // The next flush covers only what came after.
        let next = try producer.send(OutgoingRecord(topic: "t", key: nil, value: [1]))
        #expect(next == tickets[999] + 1)
        #expect(try producer.flush(timeoutMs: 30_000).map(\.ticket) == [next])
        #expect(try producer.flush(timeoutMs: 30_000).isEmpty)
    }

    @Test("One record that fails is reported as such, and the others of the flush as delivered")
    func partialFailure() throws {
        let producer = try Producer(properties: broker.properties)
        var records = numbered(0..<10, topic: "t")
        records[4].partition = 17
        var refused: [Int: KafkaError] = [:]
        for (index, record) in records.enumerated() {
            do { _ = try producer.send(record) } catch let error as KafkaError { refused[index] = error }
        }
        let deliveries = try producer.flush(timeoutMs: 30_000)
        let failures = deliveries.compactMap { delivery in
            if case .failure(let error) = delivery.result { error } else { nil }
        }
        // librdkafka refuses at once where it knows the partitions already, else in the report.
        let error = try #require(refused[4] ?? failures.first)
        #expect(refused.count + failures.count == 1)
        #expect(error.name == "_UNKNOWN_PARTITION")
        #expect(error.message.contains("t"))
        #expect(try Consumer(properties: broker.properties).readWhole("t", partitions: 3).count == 9)
    }

    @Test("A broker's refusal is the record's result")
    func refusedByBroker() throws {
        let producer = try Producer(properties: broker.properties.merging(["enable.idempotence": "false"]) { $1 })
        try producer.write(numbered(0..<1, topic: "t"))
        try broker.push([.messageTooLarge], for: .produce)
        _ = try producer.send(OutgoingRecord(topic: "t", partition: 0, key: nil, value: [1]))
        let deliveries = try producer.flush(timeoutMs: 30_000)
        #expect(throws: KafkaError.self) { try deliveries[0].result.get() }
        _ = try producer.send(OutgoingRecord(topic: "t", partition: 0, key: nil, value: [1]))
        #expect(try producer.flush(timeoutMs: 30_000)[0].result.get().offset == 1)
    }

    @Test("A fault that passes is overcome without the caller noticing")
    func retriedByItself() throws {
        let producer = try Producer(properties: broker.properties)
        try broker.push([.notLeaderForPartition, .requestTimedOut, .notEnoughReplicas], for: .produce)
        try producer.write(numbered(0..<5, topic: "t"))
        #expect(try Consumer(properties: broker.properties).readWhole("t", partitions: 3).map(\.offset) == [0, 1, 2, 3, 4])
    }

    @Test("Records without an acknowledgement in time are reported so, and the caller gets a turn while it waits")
    func flushTimesOut() throws {
        let producer = try Producer(properties: broker.properties)
        try producer.write(numbered(0..<1, topic: "t"))
        try broker.setDown(broker: 1)
        let ticket = try producer.send(OutgoingRecord(topic: "t", partition: 0, key: nil, value: [1]))
        var turns = 0
        let deliveries = try producer.flush(timeoutMs: 500) { turns += 1 }
        #expect(turns > 0)
        #expect(deliveries.map(\.ticket) == [ticket])
        let error = try #require(throws: KafkaError.self) { try deliveries[0].result.get() }
        #expect(error.name == "_TIMED_OUT" && error.isRetriable)
        #expect(error.message.contains(broker.bootstrap))

        // Purged records do not turn up later, nor does their report disturb the next flush.
        try producer.purge()
        try broker.setUp(broker: 1)
        try producer.write(numbered(5..<6, topic: "t", partition: 1))
        let read = try Consumer(properties: broker.properties).readWhole("t", partitions: 3)
        #expect(read.filter { $0.partition == 1 }.count == 1)
    }

    @Test("A wait that throws leaves the records to the next flush")
    func waitThrows() throws {
        struct Revoked: Error {}
        let producer = try Producer(properties: broker.properties)
        try producer.write(numbered(0..<1, topic: "t"))
        try broker.setRoundTrip(broker: 1, milliseconds: 1500)
        let ticket = try producer.send(OutgoingRecord(topic: "t", partition: 0, key: nil, value: [1]))
        #expect(throws: Revoked.self) { try producer.flush(timeoutMs: 30_000) { throw Revoked() } }
        #expect(producer.outstandingCount == 1)
        let deliveries = try producer.flush(timeoutMs: 30_000)
        #expect(deliveries.map(\.ticket) == [ticket])
        #expect(try deliveries[0].result.get().partition == 0)
    }

    @Test("A full local queue makes send wait, and its hook can give up")
    func fullQueue() throws {
        struct GaveUp: Error {}
        let properties = broker.properties.merging(["queue.buffering.max.messages": "10"]) { $1 }
        let producer = try Producer(properties: properties)
        try producer.write(numbered(0..<100, topic: "t"))
        try broker.setDown(broker: 1)
        #expect(throws: GaveUp.self) {
            for record in numbered(0..<11, topic: "t") { _ = try producer.send(record) { throw GaveUp() } }
        }
        #expect(producer.outstandingCount == 10)
    }

    @Test("A closed producer says so, and closing twice is fine")
    func useAfterClose() throws {
        let producer = try Producer(properties: broker.properties)
        _ = try producer.send(OutgoingRecord(topic: "t", key: nil, value: [1]))
        producer.close()
        producer.close()
        let error = try #require(throws: KafkaError.self) {
            try producer.send(OutgoingRecord(topic: "t", key: nil, value: [1]))
        }
        #expect(error.message == "the producer is closed")
        #expect(throws: KafkaError.self) { try producer.flush(timeoutMs: 10) }
        #expect(throws: KafkaError.self) { try producer.purge() }
    }
}
