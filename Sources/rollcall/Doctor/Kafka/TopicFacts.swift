import Kafka

/// What the brokers say of a topic.
struct TopicFacts: Sendable, Equatable {
    var name: String
    /// nil where there is no such topic.
    var partitionCount: Int?
    /// Its settings, defaults included; nil where the broker cannot say.
    var config: [String: String]?
    /// First and next offset of each partition.
    var watermarks: [Int32: Watermarks] = [:]

    var records: Int64 { watermarks.values.reduce(0) { $0 + $1.high - $1.low } }

    /// A setting in milliseconds; nil where it is not known.
    func milliseconds(_ name: String) -> Int64? { config?[name].flatMap { Int64($0) } }
}

extension TopicFacts {
    init(_ name: String, reading cluster: Cluster, timeoutMs: Int) throws {
        self.init(name: name, partitionCount: try cluster.partitionCount(name, timeoutMs: timeoutMs))
        guard let partitionCount else { return }
        config = try cluster.describeTopicConfig(name, timeoutMs: timeoutMs)
        let partitions = (0..<Int32(partitionCount)).map { TopicPartition(name, $0) }
        for (partition, bounds) in try cluster.watermarks(partitions, timeoutMs: timeoutMs) {
            watermarks[partition.partition] = bounds
        }
    }
}
