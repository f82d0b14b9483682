import Testing

@testable import Kafka

@Suite("A batch that loses partitions while it is gathered")
struct PolledBatchTests {
    @Test("Records, ends and assignments of a revoked partition go; those of others stay")
    func revoke() {
        let gone = TopicPartition("t", 0)
        let kept = TopicPartition("t", 1)
        var batch = PolledBatch()
        batch.records = [gone, kept, gone].enumerated().map { offset, partition in
            Record(topic: partition.topic, partition: partition.partition, offset: Int64(offset), key: nil, value: nil)
        }
        batch.ends = [gone: 3, kept: 2]
        batch.assigned = [gone, kept]
        batch.revoke([gone], lost: true)
        #expect(batch.records.map(\.topicPartition) == [kept])
        #expect(batch.ends == [kept: 2])
        #expect(batch.assigned == [kept])
        #expect(batch.revoked == [gone])
        #expect(batch.lost)

        // A later hand-over does not unsay the loss.
        batch.revoke([kept], lost: false)
        #expect(batch.lost)
        #expect(batch.records.isEmpty && batch.ends.isEmpty && batch.assigned.isEmpty)
    }
}
