import Domain
import Foundation
import Kafka
import Synchronization
import Testing

@testable import Reconcile

@Suite("On a broker")
struct KafkaAdapterTests {
    @Test("a partition that is read to its end and goes on growing does not count against one that is waited for")
    func growingPartition() throws {
        let broker = try MockBroker()
        defer { broker.close() }
        try broker.createTopic("t", partitions: 2)
        let properties: Properties = ["bootstrap.servers": broker.bootstrap]
        try write([OutgoingRecord(topic: "t", partition: 0, key: [0], value: [0])], properties)
        let topic = try KafkaTopic("t", properties: Consumer.scanProperties.merging(properties) { $1 }, standstillSeconds: 5)
        defer { topic.close() }

        let failure = Mutex<(any Error)?>(nil)
        let writer = WorkerThread {
            do {
                for number in 1...40 {
                    try write([OutgoingRecord(topic: "t", partition: 0, key: [0], value: [UInt8(number)])], properties)
                }
                try write([OutgoingRecord(topic: "t", partition: 1, key: [1], value: [1])], properties)
            } catch {
                failure.withLock { $0 = error }
            }
        }
        var read: [RecordAddress] = []
        try topic.scan(from: [:], to: [0: 1, 1: 1]) { record, _, _ in
            read.append(RecordAddress(partition: record.partition, offset: record.offset))
        }
        writer.join()
        #expect(failure.withLock { $0 } == nil)
        // Which partition answers first is the broker's business.
        #expect(read.count == 2)
        #expect(Set(read) == [RecordAddress(partition: 0, offset: 0), RecordAddress(partition: 1, offset: 0)])
    }

    @Test("a connector's newest offset is found behind however many commits of others, and followed from there")
    func connectorOffset() throws {
        let broker = try MockBroker()
        defer { broker.close() }
        try broker.createTopic("offsets", partitions: 3)
        let properties: Properties = ["bootstrap.servers": broker.bootstrap]
        let progress = KafkaProgress(
            properties: properties, connector: ConnectorSettings(name: "shop", offsetsTopic: "offsets", server: "shop"))
        defer { progress.close() }
        #expect(try progress.connectorOffset() == nil)

        try write([commit(of: "shop", at: 4), commit(of: "shop", at: 100)], properties)
        try write((0..<700).map { commit(of: "other", at: $0) }, properties)
        #expect(try progress.connectorOffset()?.position.offset == 100)
        let late = KafkaProgress(
            properties: properties, connector: ConnectorSettings(name: "shop", offsetsTopic: "offsets", server: "shop"))
        defer { late.close() }
        #expect(try late.connectorOffset()?.position.offset == 100)

        try write([commit(of: "other", at: 900), commit(of: "shop", at: 200)], properties)
        #expect(try progress.connectorOffset()?.position.offset == 200)
        #expect(try late.connectorOffset()?.position.offset == 200)
        // Its offsets are reset.
        try write([OutgoingRecord(topic: "offsets", partition: 1, key: commit(of: "shop", at: 0).key, value: nil)], properties)
        #expect(try late.connectorOffset() == nil)
    }

    private func commit(of connector: String, at offset: Int) -> OutgoingRecord {
        OutgoingRecord(
            topic: "offsets", partition: 1, key: Array(#"["\#(connector)",{"server":"shop"}]"#.utf8),
            value: Array(#"{"file":"binlog.000001","pos":\#(offset),"server_id":1}"#.utf8))
    }
}

private func write(_ records: [OutgoingRecord], _ properties: Properties) throws {
    let producer = try Producer(properties: properties)
    defer { producer.close() }
    for record in records { _ = try producer.send(record) }
    for delivery in try producer.flush(timeoutMs: 10_000) { _ = try delivery.result.get() }
}
