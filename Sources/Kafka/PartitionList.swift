import CRDKafka

/// Scoped access to `rd_kafka_topic_partition_list_t`: made, used and freed in one call.
enum PartitionList {
    typealias Pointer = UnsafeMutablePointer<rd_kafka_topic_partition_list_t>

    /// A list of the partitions with an offset each.
    static func with<Result>(
        _ partitions: some Collection<(TopicPartition, Int64)>, _ body: (Pointer) throws -> Result
    ) throws -> Result {
        guard let list = rd_kafka_topic_partition_list_new(Int32(clamping: partitions.count)) else {
            throw KafkaError(code: RD_KAFKA_RESP_ERR__CRIT_SYS_RESOURCE, message: "out of memory for a partition list")
        }
        defer { rd_kafka_topic_partition_list_destroy(list) }
        for (partition, offset) in partitions {
            rd_kafka_topic_partition_list_add(list, partition.topic, partition.partition).pointee.offset = offset
        }
        return try body(list)
    }

    /// A list of the partitions, with the same offset for all.
    static func with<Result>(
        _ partitions: some Collection<TopicPartition>, offset: Int64 = Int64(RD_KAFKA_OFFSET_INVALID),
        _ body: (Pointer) throws -> Result
    ) throws -> Result {
        try with(partitions.map { ($0, offset) }, body)
    }

    /// The entries of a list, which stays librdkafka's.
    static func entries(_ list: UnsafePointer<rd_kafka_topic_partition_list_t>?) -> [PartitionEntry] {
        guard let list, let elements = list.pointee.elems else { return [] }
        return (0..<Int(list.pointee.cnt)).map { PartitionEntry(elements[$0]) }
    }

    /// The first entry that failed, as an error that names the partition.
    static func firstFailure(_ list: Pointer, _ action: String) -> KafkaError? {
        for entry in entries(list) where entry.code != RD_KAFKA_RESP_ERR_NO_ERROR {
            return KafkaError(code: entry.code, doing: "\(action) \(entry.partition)")
        }
        return nil
    }
}

/// One entry of a partition list.
struct PartitionEntry {
    let partition: TopicPartition
    let offset: Int64
    let code: rd_kafka_resp_err_t

    init(_ element: rd_kafka_topic_partition_t) {
        partition = TopicPartition(String(cString: element.topic), element.partition)
        offset = element.offset
        code = element.err
    }
}
