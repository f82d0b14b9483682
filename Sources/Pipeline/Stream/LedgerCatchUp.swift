import Domain
import Kafka
import Ledger

/// Records what a crash left unrecorded: God objects that the broker had acknowledged, and the ledger never saw.
///
/// It reads the God topic past the ledger's last known offsets, before any worker starts.
struct LedgerCatchUp {
    let settings: PipelineSettings
    let ledger: LedgerWriter
    /// Looked at between two polls; a catch-up that ends early is continued by the next start.
    var isStopped: () -> Bool = { false }
    /// So many polls in a row without anything new, of a second each, mean that the broker does not deliver.
    var idlePollLimit = 10
    /// Called between two polls, with the offsets that are done and those there are.
    var onProgress: (Int64, Int64) -> Void = { _, _ in }

    /// - Returns: How many productions were recorded.
    /// - Throws: ``PipelineError`` where the topic cannot be read to its end, or is not the one that the ledger is about.
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
        try checkIdentity(known, watermarks)
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
        let total = ends.reduce(0) { $0 + $1.value - (starts[$1.key] ?? 0) }
        return try record(from: consumer, until: ends, offsets: total)
    }

    /// A topic that ends before what it once held was created anew: the ledger's productions are not in it, and new ones would get
    /// their offsets.
    private func checkIdentity(_ known: [Int32: Int64], _ watermarks: [TopicPartition: Watermarks]) throws {
        let topic = settings.topics.god
        for (number, offset) in known.sorted(by: { $0.key < $1.key }) {
            let end = watermarks[TopicPartition(topic, number)]?.high ?? 0
            guard offset >= end else { continue }
            throw PipelineError(
                .topicRecreated,
                "topic \(topic) was created anew: the ledger \(settings.ledgerPath) knows offset \(offset) of partition \(number), and the "
                    + "partition ends at \(end). Move the ledger aside, start again, and run `rollcall replay --all`")
        }
    }

    private func record(from consumer: Consumer, until ends: [TopicPartition: Int64], offsets total: Int64) throws -> Int {
        var open = ends
        var read: Int64 = 0
        var recorded = 0
        var idlePolls = 0
        while !open.isEmpty, !isStopped() {
            guard idlePolls < idlePollLimit else {
                let partitions = open.keys.map(\.description).sorted().joined(separator: ", ")
                throw PipelineError(
                    .kafkaUnreachable,
                    "the God topic could not be read past the ledger's end: nothing came of \(partitions) for \(idlePollLimit) s; "
                        + "are all its brokers up? Nothing was lost; start again")
            }
            let batch = try consumer.poll(maxRecords: 5_000, timeoutMs: 1_000)
            idlePolls = batch.records.isEmpty && batch.ends.isEmpty ? idlePolls + 1 : 0
            let productions = batch.records.compactMap { production(of: $0) }
            try ledger.append(productions)
            recorded += productions.count
            read += Int64(batch.records.count)
            onProgress(min(read, total), total)
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
