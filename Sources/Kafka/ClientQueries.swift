import CRDKafka

/// Questions that every kind of client can ask.
extension ClientHandle {
    /// How many partitions the topic has; nil where it does not exist. Ask a consumer, never a producer: those create topics by asking.
    func partitionCount(_ topic: String, timeoutMs: Int) throws -> Int? {
        let handle = try open()
        guard let local = rd_kafka_topic_new(handle, topic, nil) else {
            throw KafkaError(code: rd_kafka_last_error(), doing: "look up topic \(topic)")
        }
        defer { rd_kafka_topic_destroy(local) }
        return try metadata(of: local, "look up topic \(topic)", timeoutMs: timeoutMs) { found in
            guard let first = found.first(where: { String(cString: $0.topic) == topic }) else { return nil }
            switch first.err {
            case RD_KAFKA_RESP_ERR_NO_ERROR, RD_KAFKA_RESP_ERR_LEADER_NOT_AVAILABLE:
                return first.partition_cnt > 0 ? Int(first.partition_cnt) : nil
            case RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART:
                return nil
            default:
                throw KafkaError(code: first.err, doing: "look up topic \(topic)")
            }
        }
    }

    /// Runs `body` with the metadata of one topic, or of all of them.
    func metadata<Result>(
        of topic: OpaquePointer?, _ action: String, timeoutMs: Int,
        _ body: (UnsafeBufferPointer<rd_kafka_metadata_topic>) throws -> Result
    ) throws -> Result {
        let handle = try open()
        var metadata: UnsafePointer<rd_kafka_metadata>?
        let code = rd_kafka_metadata(handle, topic == nil ? 1 : 0, topic, &metadata, Int32(clamping: timeoutMs))
        guard code == RD_KAFKA_RESP_ERR_NO_ERROR, let metadata else {
            collectNotices()
            throw failure(code, action)
        }
        defer { rd_kafka_metadata_destroy(metadata) }
        return try body(UnsafeBufferPointer(start: metadata.pointee.topics, count: Int(metadata.pointee.topic_cnt)))
    }

    func watermarks(_ partition: TopicPartition, timeoutMs: Int) throws -> Watermarks {
        let handle = try open()
        var low: Int64 = 0
        var high: Int64 = 0
        let code = rd_kafka_query_watermark_offsets(
            handle, partition.topic, partition.partition, &low, &high, Int32(clamping: timeoutMs))
        guard code == RD_KAFKA_RESP_ERR_NO_ERROR else { throw failure(code, "read the watermarks of \(partition)") }
        return Watermarks(low: low, high: high)
    }

    func watermarks(_ partitions: [TopicPartition], timeoutMs: Int) throws -> [TopicPartition: Watermarks] {
        // ListOffsets takes the logical offsets -2 and -1 in the place of a timestamp; rd_kafka_query_watermark_offsets
        // sends the same, one partition at a time.
        func list(_ offset: Int64) throws -> [TopicPartition: Int64] {
            try listOffsets(Dictionary(partitions.map { ($0, offset) }) { first, _ in first }, timeoutMs: timeoutMs)
        }
        let low = try list(Offset.beginning)
        let high = try list(Offset.end)
        return low.reduce(into: [:]) { found, entry in
            if let end = high[entry.key] { found[entry.key] = Watermarks(low: entry.value, high: end) }
        }
    }

    func listOffsets(_ timestampsMs: [TopicPartition: Int64], timeoutMs: Int) throws -> [TopicPartition: Int64] {
        let handle = try open()
        guard !timestampsMs.isEmpty else { return [:] }
        return try PartitionList.with(timestampsMs.map { ($0.key, $0.value) }) { list in
            let code = rd_kafka_offsets_for_times(handle, list, Int32(clamping: timeoutMs))
            guard code == RD_KAFKA_RESP_ERR_NO_ERROR else {
                throw failure(code, "list offsets of \(timestampsMs.count) partitions")
            }
            if let error = PartitionList.firstFailure(list, "list offsets of") { throw error }
            return PartitionList.entries(list).reduce(into: [:]) { $0[$1.partition] = $1.offset }
        }
    }
}
