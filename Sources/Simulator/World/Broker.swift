import Domain
import Kafka

/// Topics as partitions of records with offsets, and all that a broker may do to them.
struct Broker: Sendable {
    struct NewRecord: Sendable {
        var key: [UInt8]?
        var value: [UInt8]?
        var headers: [Header] = []
        /// Whom the record concerns, as the world knows; the ports do not tell.
        var users: [UserID] = []
        /// For a change event: where its change lies in the log.
        var position: SourcePosition?
    }

    struct Stored: Sendable {
        var record: NewRecord
        var offset: Int64
        var timeMs: Int64
        /// The turn of the schedule in which it was written.
        var turn: Int

        /// The record as a consumer of the partition gets it.
        func asRead(from partition: TopicPartition) -> Record {
            Record(
                topic: partition.topic, partition: partition.partition, offset: offset, timestampMs: timeMs, key: record.key,
                value: record.value, headers: record.headers)
        }
    }

    struct Partition: Sendable {
        /// What can be read, in the order of offsets.
        var records: [Stored] = []
        /// Everything that ever was there, in the order of offsets.
        var history: [Stored] = []
        var low: Int64 = 0
        var end: Int64 = 0
        /// Offsets that nobody could have read: swallowed by the broker.
        var swallowed: [Stored] = []
    }

    private(set) var topics: [String: [Partition]] = [:]
    var groups: [String: Group] = [:]

    init(_ plan: Plan) {
        for topic in Name.changes { topics[topic] = Array(repeating: Partition(), count: plan.changePartitions) }
        topics[Name.fence] = [Partition()]
        for topic in [Name.signals, Name.aggregate] {
            topics[topic] = Array(repeating: Partition(), count: plan.signalPartitions)
        }
        topics[Name.god] = Array(repeating: Partition(), count: plan.godPartitions)
        for (group, inputs) in [
            (Name.intake, Name.changes), (Name.aggregator, [Name.signals]), (Name.enricher, [Name.aggregate]),
        ] {
            groups[group] = Group(partitions: inputs.flatMap { partitions(of: $0) })
        }
    }

    func partitions(of topic: String) -> [TopicPartition] {
        (topics[topic] ?? []).indices.map { TopicPartition(topic, Int32($0)) }
    }

    /// The partition that the partitioner chooses.
    func home(of key: [UInt8], in topic: String) -> Int32 {
        Partitioner.murmur2(key: key, partitionCount: topics[topic]?.count ?? 1)
    }

    subscript(partition: TopicPartition) -> Partition {
        topics[partition.topic]?[Int(partition.partition)] ?? Partition()
    }

    private mutating func change(_ partition: TopicPartition, _ body: (inout Partition) -> Void) {
        guard topics[partition.topic] != nil else { return }
        body(&topics[partition.topic, default: []][Int(partition.partition)])
    }

    mutating func append(
        _ topic: String, _ record: NewRecord, partition: Int32?, nowMs: Int64, turn: Int, isSwallowed: Bool = false
    ) -> RecordAddress {
        let number = partition ?? home(of: record.key ?? [], in: topic)
        var address = RecordAddress(partition: number, offset: 0)
        change(TopicPartition(topic, number)) { partition in
            let stored = Stored(record: record, offset: partition.end, timeMs: nowMs, turn: turn)
            if isSwallowed {
                partition.swallowed.append(stored)
            } else {
                partition.records.append(stored)
                partition.history.append(stored)
            }
            address = RecordAddress(partition: number, offset: partition.end)
            partition.end += 1
        }
        return address
    }

    /// An offset that holds no record for consumers, as a transaction's marker.
    mutating func appendMarker(_ partition: TopicPartition) {
        change(partition) { $0.end += 1 }
    }

    /// The records from an offset on, up to and without another one.
    func records(_ partition: TopicPartition, from start: Int64, to end: Int64 = .max) -> ArraySlice<Stored> {
        let records = self[partition].records
        let first = records.firstIndex { $0.offset >= start } ?? records.endIndex
        let last = records[first...].firstIndex { $0.offset >= end } ?? records.endIndex
        return records[first..<last]
    }

    /// Removes what newer records of the same key have superseded. The last record of a partition always stays.
    mutating func compact(_ partition: TopicPartition, collectsTombstones: Bool) -> [Stored] {
        var collected: [Stored] = []
        change(partition) { partition in
            var newest: [[UInt8]: Int64] = [:]
            for stored in partition.records { newest[stored.record.key ?? []] = stored.offset }
            let last = partition.records.last?.offset
            partition.records.removeAll { stored in
                if stored.offset == last { return false }
                if newest[stored.record.key ?? []] != stored.offset { return true }
                guard collectsTombstones, stored.record.value == nil else { return false }
                collected.append(stored)
                return true
            }
        }
        return collected
    }

    /// Removes everything before an offset.
    mutating func truncate(_ partition: TopicPartition, before low: Int64) {
        change(partition) { partition in
            partition.low = max(partition.low, low)
            partition.records.removeAll { $0.offset < low }
        }
    }

    /// The newest record of each key in each partition, tombstones included.
    func fold(_ topic: String) -> [FoldKey: Stored] {
        var fold: [FoldKey: Stored] = [:]
        for partition in partitions(of: topic) {
            for stored in self[partition].records {
                fold[FoldKey(partition: partition.partition, key: stored.record.key ?? [])] = stored
            }
        }
        return fold
    }

    struct FoldKey: Hashable, Sendable {
        var partition: Int32
        var key: [UInt8]
    }
}
