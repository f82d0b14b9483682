import Domain
import Kafka

/// The God topic, read by hand and outside of any group.
package protocol ProducedRecords {
    var name: String { get }
    /// Where each partition begins and ends now.
    func bounds() throws -> [Int32: Watermarks]
    /// Lets the polls begin at these offsets; partitions that are left out are not read.
    func begin(at starts: [Int32: Int64]) throws
    func poll(maxRecords: Int, timeoutMs: Int) throws -> Poll
}

/// A ledger that knows how far it goes.
package protocol RecoverableLedger {
    /// The highest God offset recorded in each partition.
    func highestGodOffsets() throws -> [Int32: Int64]
    /// Writes the productions down for good.
    func append(_ productions: [Production]) throws
}

/// Records what a crash left unrecorded: God objects that the broker had acknowledged, and the ledger never saw.
///
/// It reads the God topic past the ledger's last known offsets, before any worker starts.
package struct ProductionRecovery {
    private let topic: any ProducedRecords
    private let kind: UserIDKind
    private let ledger: any RecoverableLedger
    private let ledgerName: String
    /// Looked at between two polls; a recovery that ends early is continued by the next start.
    package var isStopped: () -> Bool = { false }
    /// So many polls in a row without anything new, of a second each, mean that the broker does not deliver.
    package var idlePollLimit = 10
    /// Called between two polls, with the offsets that are done and those there are.
    package var onProgress: (Int64, Int64) -> Void = { _, _ in }

    /// - Parameter ledgerName: How messages call the ledger: its path.
    package init(topic: any ProducedRecords, kind: UserIDKind, ledger: any RecoverableLedger, ledgerName: String) {
        self.topic = topic
        self.kind = kind
        self.ledger = ledger
        self.ledgerName = ledgerName
    }

    /// - Returns: How many productions were recorded.
    /// - Throws: ``PipelineError`` where the topic cannot be read to its end, or is not the one that the ledger is about, and what
    ///   the topic and the ledger throw.
    package func run() throws -> Int {
        let bounds = try topic.bounds()
        let known = try ledger.highestGodOffsets()
        try checkIdentity(known, bounds)
        var ends: [TopicPartition: Int64] = [:]
        var starts: [Int32: Int64] = [:]
        for (partition, marks) in bounds {
            let start = max(marks.low, known[partition].map { $0 + 1 } ?? marks.low)
            guard start < marks.high else { continue }
            starts[partition] = start
            ends[TopicPartition(topic.name, partition)] = marks.high
        }
        guard !starts.isEmpty else { return 0 }
        try topic.begin(at: starts)
        let total = ends.reduce(0) { $0 + $1.value - (starts[$1.key.partition] ?? 0) }
        return try record(until: ends, offsets: total)
    }

    /// A topic that ends before what it once held was created anew: the ledger's productions are not in it, and new ones would get
    /// their offsets.
    private func checkIdentity(_ known: [Int32: Int64], _ bounds: [Int32: Watermarks]) throws {
        for (number, offset) in known.sorted(by: { $0.key < $1.key }) {
            let end = bounds[number]?.high ?? 0
            guard offset >= end else { continue }
            throw PipelineError(
                .topicRecreated,
                "topic \(topic.name) was created anew: the ledger \(ledgerName) knows offset \(offset) of partition \(number), and the "
                    + "partition ends at \(end). Move the ledger aside, start again, and run `rollcall replay --all`")
        }
    }

    private func record(until ends: [TopicPartition: Int64], offsets total: Int64) throws -> Int {
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
            let batch = try topic.poll(maxRecords: 5_000, timeoutMs: 1_000)
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
    ///
    /// A value that does not agree with its headers was written by somebody else, who kept them. To record it would vouch for it,
    /// and no verification could tell any more.
    private func production(of record: Record) -> Production? {
        guard let key = record.key.flatMap({ String(validating: $0, as: UTF8.self) }),
            let user = try? kind.parse(key),
            let provenance = GodProvenance(header: { record.header($0) }), GodObject.isMade(record.value, by: provenance)
        else { return nil }
        return Production(
            user: user, god: RecordAddress(partition: record.partition, offset: record.offset),
            godDigest: record.value.map { Digest(of: $0) }, aggregate: provenance.aggregate,
            aggregateDigest: provenance.aggregateDigest, version: provenance.version,
            mappingDigest: provenance.mappingDigest, producedAtMs: record.timestampMs ?? 0)
    }
}
