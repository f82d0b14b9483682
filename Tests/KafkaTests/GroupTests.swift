import Kafka
import Testing

@Suite("Consumer groups", .serialized)
struct GroupTests {
    let broker: MockBroker
    let partitions = (0..<4).map { TopicPartition("t", $0) }

    init() throws {
        broker = try MockBroker()
        try broker.createTopic("t", partitions: 4)
    }

    @Test("A second member takes half, the first one is told what it loses and reads nothing more of it")
    func rebalance() throws {
        let producer = try Producer(properties: broker.properties)
        try producer.write(partitions.flatMap { numbered(0..<10, topic: "t", partition: $0.partition) })
        // Twice the usual session: a machine that is busy elsewhere for two seconds shall not cost a member its partitions here.
        let properties = broker.properties(group: "g").merging(["session.timeout.ms": "6000"]) { $1 }
        let first = try Consumer(properties: properties)
        try first.subscribe(["t"])
        let start = try first.gather { $0.ends.count == 4 }
        #expect(Set(start.assigned) == Set(partitions))
        #expect(start.records.count == 40)
        try first.commit(start.ends)

        let second = try Consumer(properties: properties)
        try second.subscribe(["t"])
        var change = PolledBatch()
        // Who comes late to a rebalance gets its share in the next one, so what counts is what both have in the end.
        let shares: [Set<TopicPartition>] = try eventually {
            _ = try second.poll(maxRecords: 100, timeoutMs: 50)
            let batch = try first.poll(maxRecords: 100, timeoutMs: 50)
            change.revoked += batch.revoked
            change.lost = change.lost || batch.lost
            let shares = [try first.assignment(), try second.assignment()]
            return shares.allSatisfy { $0.count == 2 } ? shares : nil
        }
        #expect(Set(change.revoked) == Set(partitions))
        #expect(!change.lost)
        #expect(shares[0].union(shares[1]) == Set(partitions))

        // Each reads only what is its own now, from where the group had committed.
        try producer.write(partitions.flatMap { numbered(10..<11, topic: "t", partition: $0.partition) })
        for (consumer, own) in [(first, shares[0]), (second, shares[1])] {
            let records = try consumer.gather { $0.records.count >= 2 }.records
            #expect(Set(records.map(\.topicPartition)) == own)
            #expect(records.allSatisfy { $0.offset == 10 })
        }

        // A member that leaves hands its partitions back.
        second.close()
        let back = try first.gather { $0.assigned.count == 4 }
        #expect(Set(back.revoked) == shares[0])
    }

    @Test("Nobody's session ends while a group's first member waits for others: this broker would never answer it")
    func sessionsOutlastTheFirstWait() throws {
        let session = try #require(MockBroker.recommendedConsumerProperties["session.timeout.ms"].flatMap { Int($0) })
        #expect(session >= MockBroker.firstMemberWaitMs + 1_000)
    }

    @Test("A member that polls too late has lost its partitions, knows it before the next poll, and cannot commit")
    func lostAssignment() throws {
        let properties = broker.properties(group: "g").merging(["max.poll.interval.ms": "4000"]) { $1 }
        let consumer = try Consumer(properties: properties)
        try consumer.subscribe(["t"])
        _ = try consumer.gather { $0.assigned.count == 4 }
        #expect(!consumer.isAssignmentLost)
        let isLost: Bool = try eventually { consumer.isAssignmentLost ? true : nil }
        #expect(isLost)
        #expect(throws: KafkaError.self) { try consumer.commit([TopicPartition("t", 0): 1]) }

        let batch = try consumer.gather { !$0.revoked.isEmpty }
        #expect(batch.lost)
        #expect(Set(batch.revoked) == Set(partitions))
        #expect(batch.notices.contains { $0.name == "_MAX_POLL_EXCEEDED" })
        // It is a member again after that.
        #expect(try consumer.gather { $0.assigned.count == 4 }.assigned.count == 4)
    }

    @Test("keepAlive keeps a member that works for longer than it may go without a poll, and reports what is taken from it")
    func keepAlive() throws {
        let properties = broker.properties(group: "g").merging(["max.poll.interval.ms": "4000"]) { $1 }
        try Producer(properties: broker.properties).write(numbered(0..<300, topic: "t"))
        let first = try Consumer(properties: properties)
        try first.subscribe(["t"])
        _ = try first.gather { $0.assigned.count == 4 }
        let workEnds = ContinuousClock.now + .seconds(6)
        while ContinuousClock.now < workEnds {
            let batch = try first.keepAlive(timeoutMs: 100)
            #expect(batch.revoked.isEmpty)
        }
        #expect(!first.isAssignmentLost)

        let second = try Consumer(properties: properties)
        try second.subscribe(["t"])
        let revoked: [TopicPartition] = try eventually {
            _ = try second.poll(maxRecords: 1, timeoutMs: 50)
            let revoked = try first.keepAlive().revoked
            return revoked.isEmpty ? nil : revoked
        }
        #expect(Set(revoked) == Set(partitions))
        // What keepAlive had set aside belonged to the assignment that is gone; it is read again by whoever has the partition now.
        var offsets: [Int64] = []
        let hasAll: Bool = try eventually {
            for consumer in [first, second] {
                offsets += try consumer.poll(maxRecords: 1000, timeoutMs: 50).records.map(\.offset)
            }
            return Set(offsets).isSuperset(of: 250..<300) ? true : nil
        }
        #expect(hasAll)
    }

    @Test("Committed offsets are those of the next record, per partition, and absent where nothing was committed")
    func committed() throws {
        let consumer = try Consumer(properties: broker.properties(group: "g"))
        #expect(try consumer.committed(partitions, timeoutMs: 10_000).isEmpty)
        try consumer.commit([partitions[0]: 7, partitions[2]: 0])
        #expect(try consumer.committed(partitions, timeoutMs: 10_000) == [partitions[0]: 7, partitions[2]: 0])
        try consumer.commit([:])

        let cluster = try Cluster(properties: broker.properties)
        #expect(try cluster.committed(group: "g", partitions, timeoutMs: 10_000) == [partitions[0]: 7, partitions[2]: 0])
        #expect(try cluster.committed(group: "other", partitions, timeoutMs: 10_000).isEmpty)
    }

    @Test("A group goes on where it has committed")
    func resumesFromCommit() throws {
        try Producer(properties: broker.properties).write(numbered(0..<10, topic: "t", partition: 1))
        let before = try Consumer(properties: broker.properties(group: "g"))
        try before.commit([partitions[1]: 8])
        before.close()
        let consumer = try Consumer(properties: broker.properties(group: "g"))
        try consumer.subscribe(["t"])
        #expect(try consumer.gather { $0.ends.count == 4 }.records.map(\.offset) == [8, 9])
    }

    @Test("With its broker gone a member can neither commit nor hang: the calls fail, and closing ends")
    func brokerGone() throws {
        let consumer = try Consumer(properties: broker.properties(group: "g"))
        try consumer.subscribe(["t"])
        _ = try consumer.gather { $0.assigned.count == 4 }
        try broker.setDown(broker: 1)
        let error = try #require(throws: KafkaError.self) { try consumer.commit([partitions[0]: 1], timeoutMs: 2000) }
        #expect(error.isRetriable)
        #expect(throws: KafkaError.self) { try consumer.committed(partitions, timeoutMs: 500) }
        #expect(throws: KafkaError.self) { try consumer.partitionCount("t", timeoutMs: 500) }
        consumer.close(timeoutMs: 2000)
        #expect(throws: KafkaError.self) { try consumer.assignment() }
    }

    @Test("A member can be closed while records wait for it")
    func closeWithRecordsWaiting() throws {
        try Producer(properties: broker.properties).write(
            partitions.flatMap { numbered(0..<500, topic: "t", partition: $0.partition) })
        let consumer = try Consumer(properties: broker.properties(group: "g"))
        try consumer.subscribe(["t"])
        _ = try eventually { try consumer.poll(maxRecords: 1, timeoutMs: 100).records.first }
        consumer.close()

        // It has left: the next member need not wait until its session times out, and gets everything.
        let next = try Consumer(properties: broker.properties(group: "g"))
        try next.subscribe(["t"])
        #expect(try next.gather { $0.ends.count == 4 }.records.count == 2000)
    }

    @Test("A closed consumer says so, closing twice is fine, and a member can be dropped without being closed")
    func close() throws {
        var consumer: Consumer? = try Consumer(properties: broker.properties(group: "g"))
        try consumer?.subscribe(["t"])
        _ = try consumer?.gather { $0.assigned.count == 4 }
        // Dropping it closes it; the group's last callback must not reach an object that is on its way out.
        consumer = nil

        let closed = try Consumer(properties: broker.properties)
        closed.close()
        closed.close()
        let error = try #require(throws: KafkaError.self) { try closed.poll(maxRecords: 1, timeoutMs: 10) }
        #expect(error.message == "the consumer is closed")
        #expect(throws: KafkaError.self) { try closed.scan(timeoutMs: 10, maxRecords: 1) { _, _, _ in } }
        #expect(throws: KafkaError.self) { try closed.keepAlive() }
        #expect(throws: KafkaError.self) { try closed.subscribe(["t"]) }
        #expect(throws: KafkaError.self) { try closed.assign([:]) }
        #expect(throws: KafkaError.self) { try closed.assignment() }
        #expect(throws: KafkaError.self) { try closed.commit([partitions[0]: 1]) }
        #expect(throws: KafkaError.self) { try closed.committed(partitions, timeoutMs: 10) }
        #expect(throws: KafkaError.self) { try closed.watermarks(partitions[0], timeoutMs: 10) }
        #expect(!closed.isAssignmentLost)
    }
}
