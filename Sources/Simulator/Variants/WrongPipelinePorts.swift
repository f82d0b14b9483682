import Domain
import Kafka
import Pipeline

/// A consumer that commits whatever it hands out, before anything has come of it.
final class StoringOnPoll: RecordSource {
    private let base: any RecordSource

    init(_ base: any RecordSource) { self.base = base }

    func poll(maxRecords: Int, maxBytes: Int, timeoutMs: Int) throws -> Poll {
        let poll = try base.poll(maxRecords: maxRecords, maxBytes: maxBytes, timeoutMs: timeoutMs)
        var offsets: [TopicPartition: Int64] = [:]
        for record in poll.records { offsets[record.topicPartition] = record.offset + 1 }
        // A commit that fails is none, as it is for a client that commits by itself.
        if !offsets.isEmpty {
            do { try base.commit(offsets) {} } catch is PortFailure {}
        }
        return poll
    }

    func keepAlive() throws -> Poll { try base.keepAlive() }

    func commit(_ offsets: [TopicPartition: Int64], whileWaiting: () throws -> Void) throws {
        try base.commit(offsets, whileWaiting: whileWaiting)
    }

    func history(of partitions: Set<TopicPartition>, lookBack: Int) throws -> [TopicPartition: PartitionHistory] {
        try base.history(of: partitions, lookBack: lookBack)
    }

    func end(of partition: TopicPartition) throws -> Int64 { try base.end(of: partition) }
    func partitionCount(of topic: String) throws -> Int? { try base.partitionCount(of: topic) }

    var isAssignmentLost: Bool { base.isAssignmentLost }
}

/// A ledger that keeps productions in memory until it is told to write them.
final class LateLedger: ProductionLog {
    private let base: any ProductionLog
    private var held: [Production] = []

    init(_ base: any ProductionLog) { self.base = base }

    func append(_ productions: [Production]) { held += productions }

    func write() throws {
        guard !held.isEmpty else { return }
        try base.append(held)
        held = []
    }
}

/// A consumer that has the ledger written only after it has committed.
final class CommittingFirst: RecordSource {
    private let base: any RecordSource
    private let ledger: LateLedger

    init(_ base: any RecordSource, _ ledger: LateLedger) {
        self.base = base
        self.ledger = ledger
    }

    func poll(maxRecords: Int, maxBytes: Int, timeoutMs: Int) throws -> Poll {
        try base.poll(maxRecords: maxRecords, maxBytes: maxBytes, timeoutMs: timeoutMs)
    }

    func keepAlive() throws -> Poll { try base.keepAlive() }

    func commit(_ offsets: [TopicPartition: Int64], whileWaiting: () throws -> Void) throws {
        try base.commit(offsets, whileWaiting: whileWaiting)
        try ledger.write()
    }

    func history(of partitions: Set<TopicPartition>, lookBack: Int) throws -> [TopicPartition: PartitionHistory] {
        try base.history(of: partitions, lookBack: lookBack)
    }

    func end(of partition: TopicPartition) throws -> Int64 { try base.end(of: partition) }
    func partitionCount(of topic: String) throws -> Int? { try base.partitionCount(of: topic) }

    var isAssignmentLost: Bool { base.isAssignmentLost }
}

/// A producer that has productions written down where they are going to be, and only then delivers them.
final class RecordingFirst: RecordSink {
    private let base: any RecordSink
    private let ledger: any ProductionLog
    private let world: World
    private var queue: [OutgoingRecord] = []

    init(_ base: any RecordSink, _ ledger: any ProductionLog, _ world: World) {
        self.base = base
        self.ledger = ledger
        self.world = world
    }

    func send(_ record: OutgoingRecord, whileWaiting: () throws -> Void) throws -> UInt64 {
        if record.topic == Name.god { queue.append(record) }
        return try base.send(record, whileWaiting: whileWaiting)
    }

    func flush(timeoutMs: Int, whileWaiting: () throws -> Void) throws -> [Receipt] {
        let productions = world.act { state in
            var ends: [Int32: Int64] = [:]
            return queue.compactMap { record -> Production? in
                let provenance = GodProvenance { name in record.headers.last { $0.name == name }?.value }
                guard let key = record.key, let provenance else { return nil }
                let partition = state.broker.home(of: key, in: Name.god)
                let offset = ends[partition] ?? state.broker[TopicPartition(Name.god, partition)].end
                ends[partition] = offset + 1
                return Production(
                    user: UserID(String(decoding: key, as: UTF8.self)), god: RecordAddress(partition: partition, offset: offset),
                    godDigest: record.value.map { Digest(of: $0) }, aggregate: provenance.aggregate,
                    aggregateDigest: provenance.aggregateDigest, version: provenance.version,
                    mappingDigest: provenance.mappingDigest, producedAtMs: state.nowMs)
            }
        }
        queue = []
        if !productions.isEmpty {
            do { try ledger.append(productions) } catch is PortFailure {}
        }
        return try base.flush(timeoutMs: timeoutMs, whileWaiting: whileWaiting)
    }

    func purge() throws { try base.purge() }
}

/// What is left for the enricher to record when the producer has done it.
struct NothingLeftToRecord: ProductionLog {
    func append(_ productions: [Production]) {}
}

/// Rows of which nobody knows how old they are, and nobody asks.
final class TrustingRows: RowReader {
    private let base: any RowReader

    init(_ base: any RowReader) { self.base = base }

    func rows(of users: [UserID]) throws -> SnapshotRows {
        var rows = try base.rows(of: users)
        rows.position = nil
        return rows
    }

    func binlogEnd() throws -> SourcePosition? { try base.binlogEnd() }
}

/// A producer that forgets the signals about late writes.
final class SilentAboutLateWrites: RecordSink {
    private let base: any RecordSink
    private var forgotten: [UInt64] = []

    init(_ base: any RecordSink) { self.base = base }

    func send(_ record: OutgoingRecord, whileWaiting: () throws -> Void) throws -> UInt64 {
        let signal = record.topic == Name.signals ? try? Signal(key: record.key, value: record.value, kind: .integer) : nil
        guard signal?.cause == .late else { return try base.send(record, whileWaiting: whileWaiting) }
        forgotten.append(.max - UInt64(forgotten.count))
        return forgotten[forgotten.count - 1]
    }

    func flush(timeoutMs: Int, whileWaiting: () throws -> Void) throws -> [Receipt] {
        let receipts = forgotten.map { Receipt(ticket: $0, outcome: .delivered(nil)) }
        forgotten = []
        return try base.flush(timeoutMs: timeoutMs, whileWaiting: whileWaiting) + receipts
    }

    func purge() throws { try base.purge() }
}

/// A mapping client that keeps its answers, whoever wants new ones.
struct NeverForgetting: MappingLookup {
    let base: any MappingLookup

    func mappings(of users: [UserID], whileWaiting: () throws -> Void) throws -> [UserID: MappingAnswer] {
        try base.mappings(of: users, whileWaiting: whileWaiting)
    }

    func forgetAnswers() {}
}
