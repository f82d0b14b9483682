import Kafka

/// Reads again what lies just before the committed offsets, with a consumer of its own that joins no group.
struct LookBack {
    let properties: Properties
    /// How many offsets to go back. A compacted topic has fewer records than that there, or none.
    let offsets: Int

    /// - Returns: The records of each partition, oldest first. It is a help and no promise: what cannot be read within some
    ///   seconds is left out.
    func records(
        before committed: [TopicPartition: Int64], within watermarks: [TopicPartition: Watermarks]
    ) throws -> [TopicPartition: [Record]] {
        var starts: [TopicPartition: Int64] = [:]
        for (partition, end) in committed {
            guard let marks = watermarks[partition], marks.low < end, end <= marks.high, offsets > 0 else { continue }
            starts[partition] = max(marks.low, end - Int64(offsets))
        }
        guard !starts.isEmpty else { return [:] }
        let consumer = try Consumer(properties: properties.merging(Self.smallFetches) { _, ours in ours })
        defer { consumer.close() }
        try consumer.assign(starts)

        var found: [TopicPartition: [Record]] = [:]
        var open = Set(starts.keys)
        var idlePolls = 0
        while !open.isEmpty, idlePolls < Self.idlePollLimit {
            let batch = try consumer.poll(maxRecords: 1_000, timeoutMs: 500)
            let openBefore = open.count
            for record in batch.records {
                guard let end = committed[record.topicPartition] else { continue }
                if record.offset < end { found[record.topicPartition, default: []].append(record) }
                if record.offset + 1 >= end { open.remove(record.topicPartition) }
            }
            for (partition, end) in batch.ends where end >= committed[partition] ?? .max { open.remove(partition) }
            idlePolls = open.count == openBefore ? idlePolls + 1 : 0
        }
        return found
    }

    /// So many polls without progress end the attempt: five seconds, if nothing at all comes.
    private static let idlePollLimit = 10

    /// Little is wanted of each partition, and the worker's own consumer has its queue beside this one.
    private static let smallFetches: Properties = [
        "fetch.wait.max.ms": "50", "fetch.message.max.bytes": "65536", "queued.max.messages.kbytes": "4096",
    ]
}
