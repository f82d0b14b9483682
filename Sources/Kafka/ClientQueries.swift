import CRDKafka

/// Questions that every kind of client can ask.
extension ClientHandle {
    /// How many partitions the topic has; nil where it does not exist.
    ///
    /// It looks the topic up in the list of all topics: a question about one topic may create it, on brokers that do not know the
    /// flag against that (the mock broker among them).
    func partitionCount(_ topic: String, timeoutMs: Int) throws -> Int? {
        try metadata("look up topic \(topic)", timeoutMs: timeoutMs) { _, topics in
            guard let found = topics.first(where: { String(cString: $0.topic) == topic }) else { return nil }
            switch found.err {
            case RD_KAFKA_RESP_ERR_NO_ERROR, RD_KAFKA_RESP_ERR_LEADER_NOT_AVAILABLE:
                return found.partition_cnt > 0 ? Int(found.partition_cnt) : nil
            case RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART:
                return nil
            default:
                throw KafkaError(code: found.err, doing: "look up topic \(topic)")
            }
        }
    }

    /// Runs `body` with the brokers and all the topics that a broker tells of.
    func metadata<Result>(
        _ action: String, timeoutMs: Int,
        _ body: (
            _ brokers: UnsafeBufferPointer<rd_kafka_metadata_broker>, _ topics: UnsafeBufferPointer<rd_kafka_metadata_topic>
        ) throws -> Result
    ) throws -> Result {
        let handle = try open()
        var answer: UnsafePointer<rd_kafka_metadata>?
        let code = rd_kafka_metadata(handle, 1, nil, &answer, Int32(clamping: timeoutMs))
        guard code == RD_KAFKA_RESP_ERR_NO_ERROR, let answer else {
            collectNotices()
            throw failure(code, action)
        }
        defer { rd_kafka_metadata_destroy(answer) }
        return try body(
            UnsafeBufferPointer(start: answer.pointee.brokers, count: Int(answer.pointee.broker_cnt)),
            UnsafeBufferPointer(start: answer.pointee.topics, count: Int(answer.pointee.topic_cnt)))
    }

    func watermarks(_ partition: TopicPartition, timeoutMs: Int) throws -> Watermarks {
        guard let found = try watermarks([partition], timeoutMs: timeoutMs)[partition] else {
            throw failure(RD_KAFKA_RESP_ERR__UNKNOWN_PARTITION, "list the offsets of \(partition)")
        }
        return found
    }

    /// ListOffsets takes the logical offsets -2 and -1 in the place of a timestamp. `rd_kafka_query_watermark_offsets` sends the
    /// same, but in 2.0.2 it does not keep to its timeout: with its broker down it waits for as long as that lasts.
    func watermarks(_ partitions: [TopicPartition], timeoutMs: Int) throws -> [TopicPartition: Watermarks] {
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
                throw failure(code, "list the offsets of \(naming(timestampsMs.keys))")
            }
            if let error = PartitionList.firstFailure(list, "list the offsets of") { throw error }
            return PartitionList.entries(list).reduce(into: [:]) { $0[$1.partition] = $1.offset }
        }
    }
}

/// The first few partitions by name, and how many more there are.
private func naming(_ partitions: some Collection<TopicPartition>) -> String {
    let shown = partitions.prefix(3).map(\.description).joined(separator: ", ")
    return partitions.count > 3 ? "\(shown) and \(partitions.count - 3) more" : shown
}
