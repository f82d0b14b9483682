import Domain
import Kafka
import Ledger

/// Records what a crash left unrecorded: God objects that the broker had acknowledged, and the ledger never saw.
///
/// It reads the God topic past the ledger's last known offsets, before any worker starts.
struct LedgerCatchUp {
    let settings: PipelineSettings
    let ledger: LedgerWriter

    /// - Returns: How many productions were recorded.
    func run() throws -> Int {
        do {
            return try readOn()
        } catch let error as KafkaError {
            throw PipelineError(.kafkaUnreachable, "reading the God topic past the ledger's end: \(error.message)")
        }
    }

    private func readOn() throws -> Int {
        let topic = settings.topics.god
        // The group id is never joined: the partitions are assigned by hand.
        let consumer = try Consumer(properties: settings.consumerProperties(.enricher))
        defer { consumer.close() }
        let count = try consumer.partitionCount(topic, timeoutMs: settings.startTimeoutMs) ?? 0
        let partitions = (0..<Int32(count)).map { TopicPartition(topic, $0) }
        let watermarks = try consumer.watermarks(partitions, timeoutMs: settings.startTimeoutMs)
        let known = try ledger.highestGodOffsets()
        var ends: [TopicPartition: Int64] = [:]
        var starts: [TopicPartition: Int64] = [:]
        for (partition, marks) in watermarks {
            let start = max(marks.low, known[partition.partition].map { $0 + 1 } ?? marks.low)
            guard start < marks.high else { continue }
            starts[partition] = start
            ends[partition] = marks.high
        }
        guard !starts.isEmpty else { return 0 }
        try consumer.assign(starts)
        return try record(from: consumer, until: ends)
    }

    private func record(from consumer: Consumer, until ends: [TopicPartition: Int64]) throws -> Int {
        var open = ends
        var recorded = 0
        // Each empty poll lasts a second; a broker that is silent for so long will be waited for by the workers.
        var idlePolls = 0
        while !open.isEmpty, idlePolls < 10 {
            let batch = try consumer.poll(maxRecords: 5_000, timeoutMs: 1_000)
            idlePolls = batch.records.isEmpty && batch.ends.isEmpty ? idlePolls + 1 : 0
            let productions = batch.records.compactMap { production(of: $0) }
            try ledger.append(productions)
            recorded += productions.count
            for record in batch.records where record.offset + 1 >= open[record.topicPartition] ?? .max {
                open[record.topicPartition] = nil
            }
            for (partition, end) in batch.ends where end >= open[partition] ?? .max { open[partition] = nil }
        }
        return recorded
    }

    /// What a God object's headers say of its making; nil for a record that is not of ours.
    private func production(of record: Record) -> Production? {
        guard let key = record.key.flatMap({ String(validating: $0, as: UTF8.self) }),
            let user = try? settings.source.query.kind.parse(key),
            let provenance = GodProvenance(header: { record.header($0) })
        else { return nil }
        return Production(
            user: user, god: RecordAddress(partition: record.partition, offset: record.offset),
            godDigest: record.value.map { Digest(of: $0) }, aggregate: provenance.aggregate,
            aggregateDigest: provenance.aggregateDigest, version: provenance.version,
            mappingDigest: provenance.mappingDigest, producedAtMs: record.timestampMs ?? 0)
    }
}
