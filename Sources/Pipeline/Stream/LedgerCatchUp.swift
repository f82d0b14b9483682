import Domain
import Kafka
import Ledger

/// ``ProductionRecovery`` from the real topic into the real ledger, before any worker starts.
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
            // The group id is never joined: the partitions are assigned by hand.
            let consumer = try Consumer(properties: settings.consumerProperties(.enricher))
            defer { consumer.close() }
            let topic = GodTopic(consumer: consumer, name: settings.topics.god, timeoutMs: settings.startTimeoutMs)
            var recovery = ProductionRecovery(
                topic: topic, kind: settings.source.query.kind, ledger: ledger, ledgerName: settings.ledgerPath)
            recovery.isStopped = isStopped
            recovery.idlePollLimit = idlePollLimit
            recovery.onProgress = onProgress
            return try recovery.run()
        } catch let error as KafkaError {
            throw PipelineError(.kafkaUnreachable, "reading the God topic past the ledger's end: \(error.message)")
        }
    }
}

/// The God topic, read by a consumer of its own.
private struct GodTopic: ProducedRecords {
    let consumer: Consumer
    let name: String
    let timeoutMs: Int

    func bounds() throws -> [Int32: Watermarks] {
        let count = try consumer.partitionCount(name, timeoutMs: timeoutMs) ?? 0
        let partitions = (0..<Int32(count)).map { TopicPartition(name, $0) }
        let marks = try consumer.watermarks(partitions, timeoutMs: timeoutMs)
        return Dictionary(uniqueKeysWithValues: marks.map { ($0.key.partition, $0.value) })
    }

    func begin(at starts: [Int32: Int64]) throws {
        try consumer.assign(Dictionary(uniqueKeysWithValues: starts.map { (TopicPartition(name, $0.key), $0.value) }))
    }

    func poll(maxRecords: Int, timeoutMs: Int) throws -> Poll {
        let batch = try consumer.poll(maxRecords: maxRecords, timeoutMs: timeoutMs)
        return Poll(records: batch.records, ends: batch.ends)
    }
}

extension LedgerWriter: RecoverableLedger {}
