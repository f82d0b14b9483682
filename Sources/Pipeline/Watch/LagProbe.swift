import Domain
import Kafka

/// How much of a partition is still to be done.
public struct PartitionLag: Sendable, Equatable {
    /// Records that the group has not committed yet; offsets, so compaction can make it less.
    public var records: Int64
    /// The committed offset; the first one that is there where nothing was committed.
    public var committed: Int64

    public init(records: Int64, committed: Int64) {
        self.records = records
        self.committed = committed
    }
}

/// Asks the cluster how far the hops are. It belongs to the thread that made it.
final class LagProbe {
    private let settings: PipelineSettings
    private let hops: [Hop]
    private let cluster: Cluster

    init(settings: PipelineSettings, hops: [Hop]) throws {
        self.settings = settings
        self.hops = hops
        cluster = try Cluster(properties: settings.kafka)
    }

    func close() {
        cluster.close()
    }

    func lag(timeoutMs: Int) throws -> [Hop: [TopicPartition: PartitionLag]] {
        let counts = try cluster.topics(timeoutMs: timeoutMs).reduce(into: [:]) { $0[$1.name] = $1.partitionCount }
        var lag: [Hop: [TopicPartition: PartitionLag]] = [:]
        for hop in hops {
            let partitions = settings.inputs(hop).flatMap { topic in
                (0..<Int32(counts[topic] ?? 0)).map { TopicPartition(topic, $0) }
            }
            let marks = try cluster.watermarks(partitions, timeoutMs: timeoutMs)
            let committed = try cluster.committed(group: settings.group(hop), partitions, timeoutMs: timeoutMs)
            lag[hop] = marks.reduce(into: [:]) { result, entry in
                let done = max(committed[entry.key] ?? entry.value.low, entry.value.low)
                result[entry.key] = PartitionLag(records: max(0, entry.value.high - done), committed: done)
            }
        }
        return lag
    }
}
