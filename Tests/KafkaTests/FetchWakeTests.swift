import Testing

@testable import Kafka

@Suite("A consumer whose queue was full")
struct FetchWakeTests {
    private let batches = 40
    /// A queue that is full with its first message.
    private let smallQueue: Properties = ["queued.min.messages": "1", "fetch.wait.max.ms": "10"]

    /// A broker whose topic `t` holds records in batches of fifty.
    private func brokerWithBatches() throws -> MockBroker {
        let broker = try MockBroker()
        try broker.createTopic("t", partitions: 1)
        let producer = try Producer(properties: broker.properties)
        // One flush, one batch; and the mock broker answers with one batch at a time.
        for batch in 0..<batches { try producer.write(numbered(batch * 50..<(batch + 1) * 50, topic: "t")) }
        return broker
    }

    @Test("does not stand still while it scans: the broker is asked for more as soon as there is room")
    func keepsFetching() throws {
        let broker = try brokerWithBatches()
        let consumer = try Consumer(properties: broker.properties.merging(smallQueue) { $1 })
        try consumer.assign([TopicPartition("t", 0): Offset.beginning])
        var records = 0
        // Left alone, librdkafka looks at a queue that was full once a second, so each batch would take several scans that see nothing.
        // A busy machine may make it wait now and then.
        var emptyScans = 0
        let deadline = ContinuousClock.now + .seconds(300)
        while records < batches * 50, emptyScans < 2 * batches, ContinuousClock.now < deadline {
            let progress = try consumer.scan(timeoutMs: 200, maxRecords: 10_000) { _, _, _ in records += 1 }
            if progress.records == 0, records > 0 { emptyScans += 1 }
        }
        #expect(records == batches * 50)
    }

    @Test("does not stand still while it follows a topic in a group, batch by batch")
    func keepsFollowing() throws {
        let broker = try brokerWithBatches()
        let following: Properties = ["group.id": "g", "auto.offset.reset": "earliest"]
        let consumer = try Consumer(
            properties: broker.properties.merging(MockBroker.recommendedConsumerProperties) { $1 }.merging(following) { $1 }
                .merging(smallQueue) { $1 })
        defer { consumer.close() }
        try consumer.subscribe(["t"])
        var records = 0
        var emptyPolls = 0
        let deadline = ContinuousClock.now + .seconds(300)
        while records < batches * 50, emptyPolls < 2 * batches, ContinuousClock.now < deadline {
            let read = try consumer.poll(maxRecords: 10_000, timeoutMs: 200).records.count
            records += read
            if read == 0, records > 0 { emptyPolls += 1 }
        }
        #expect(records == batches * 50)
    }

    @Test("asks for nothing on a quiet topic, where the queue cannot have been full")
    func quiet() {
        var notice = DrainNotice(["queued.max.messages.kbytes": "16384"])
        let looks: [(taken: Int, left: Int)] = [(5, 0), (900, 0), (1_000, 9_000), (5_000, 4_000), (0, 4_000), (4_000, 0), (3, 0)]
        var dues: [Bool] = []
        for look in looks { dues.append(notice.isDue(afterBatchOf: look.taken, bytes: look.taken * 500, left: look.left)) }
        #expect(dues == [false, false, false, true, false, true, false])
        // A few large ones fill it, too.
        let isDue = notice.isDue(afterBatchOf: 10, bytes: 10_000_000, left: 2)
        #expect(isDue)
    }

    /// What each look says: how many messages were taken, and how many still wait.
    private func notices(_ looks: [(taken: Int, left: Int)], bytesEach: Int) -> [Bool] {
        var notice = DrainNotice(["queued.min.messages": "1000", "queued.max.messages.kbytes": "1024"])
        return looks.map { notice.isDue(taken: $0.taken, takenBytes: $0.taken * bytesEach, left: $0.left) }
    }

    @Test("asks once, as soon as fewer wait than may, where records are small")
    func small() {
        #expect(notices([(0, 0), (100, 800), (800, 0)], bytesEach: 100) == [false, false, false])
        #expect(
            notices([(500, 2_500), (1_500, 1_000), (1, 999), (999, 0)], bytesEach: 100) == [false, false, true, false])
        // The last look waited in vain: nothing had been there that could have been too much.
        #expect(notices([(1_200, 0), (0, 0)], bytesEach: 100) == [true, false])
    }

    @Test("asks at half of what waited, and again at each half of the rest, where records are large")
    func large() {
        #expect(
            notices([(100, 900), (399, 501), (1, 500), (100, 400), (150, 250)], bytesEach: 5_000)
                == [false, false, true, false, true])
        #expect(
            notices([(100, 3_000), (2_000, 1_000), (1_000, 0), (0, 0)], bytesEach: 5_000) == [false, true, true, false])
    }

    @Test("asks after waiting in vain, if something that waited went away without being taken")
    func vanished() {
        #expect(notices([(10, 500), (0, 0), (0, 0)], bytesEach: 100) == [false, true, false])
    }
}
