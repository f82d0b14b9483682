import Domain
import Kafka

/// A topic on a real broker.
final class KafkaTopic: TopicPort {
    let name: String
    private let consumer: Consumer
    private let partitionCount: Int
    private let timeoutMs: Int
    /// For how long a read may stand still before it is called off.
    private let standstillSeconds: Int

    /// Reading with librdkafka's defaults takes four times as long and several times the memory: its queues hold up to 64 MB and
    /// 100,000 records per partition, and it pauses half a second after each short answer.
    private static let scanProperties: Properties = [
        "fetch.max.bytes": "4194304",
        "max.partition.fetch.bytes": "1048576",
        "queued.max.messages.kbytes": "16384",
        "fetch.wait.max.ms": "50",
        "fetch.error.backoff.ms": "0",
    ]

    init(_ name: String, properties: Properties, timeoutMs: Int = 10_000, standstillSeconds: Int = 60) throws {
        self.name = name
        self.timeoutMs = timeoutMs
        self.standstillSeconds = standstillSeconds
        // Whoever set one of these in kafka.properties knows the cluster better.
        consumer = try Consumer(properties: Self.scanProperties.merging(properties) { _, given in given })
        guard let count = try consumer.partitionCount(name, timeoutMs: timeoutMs) else {
            consumer.close()
            throw ReconcileError.topicAbsent(name)
        }
        partitionCount = count
    }

    func close() { consumer.close() }

    func bounds() throws -> [Int32: OffsetBounds] {
        guard let count = try consumer.partitionCount(name, timeoutMs: timeoutMs) else {
            throw ReconcileError.topicAbsent(name)
        }
        guard count == partitionCount else { throw ReconcileError.partitionsChanged(topic: name) }
        let partitions = (0..<Int32(count)).map { TopicPartition(name, $0) }
        let watermarks = try consumer.watermarks(partitions, timeoutMs: timeoutMs)
        return Dictionary(
            uniqueKeysWithValues: watermarks.map { ($0.key.partition, OffsetBounds(low: $0.value.low, end: $0.value.high)) })
    }

    func read(from start: [Int32: Int64], to end: [Int32: Int64], _ body: (TopicEntry) throws -> Void) throws {
        try scan(from: start, to: end) { record, key, value in try body(TopicEntry(record, key, value)) }
    }

    func fetch(_ addresses: Set<RecordAddress>, _ body: (RecordAddress, TopicValue) throws -> Void) throws {
        var start: [Int32: Int64] = [:]
        var end: [Int32: Int64] = [:]
        for address in addresses {
            start[address.partition] = min(start[address.partition] ?? .max, address.offset)
            end[address.partition] = max(end[address.partition] ?? 0, address.offset + 1)
        }
        try scan(from: start, to: end) { record, _, _ in
            let address = RecordAddress(partition: record.partition, offset: record.offset)
            if addresses.contains(address) { try body(address, TopicValue(record.copy())) }
        }
    }

    /// Shows every record of the given stretches. A stretch whose end was compacted away, or is a transaction's marker, ends
    /// where the partition says that it ends.
    private func scan(
        from start: [Int32: Int64], to end: [Int32: Int64],
        _ body: (borrowing RecordView, RawSpan?, RawSpan?) throws -> Void
    ) throws {
        var open = end.filter { partition, end in (start[partition] ?? 0) < end }
        guard !open.isEmpty else { return }
        try consumer.assign(
            Dictionary(uniqueKeysWithValues: open.map { (TopicPartition(name, $0.key), start[$0.key] ?? 0) }))
        // Nothing is lost if this fails: the next assignment replaces this one.
        defer { try? consumer.unassign() }
        var idleMs = 0
        while !open.isEmpty {
            let progress = try consumer.scan(timeoutMs: Self.pollMs, maxRecords: 100_000) { record, key, value in
                guard let end = open[record.partition] else { return }
                if record.offset < end { try body(record, key, value) }
                if record.offset >= end - 1 { open[record.partition] = nil }
            }
            for (partition, position) in progress.ends {
                if let end = open[partition.partition], position >= end { open[partition.partition] = nil }
            }
            idleMs = progress.records == 0 ? idleMs + Self.pollMs : 0
            guard idleMs < standstillSeconds * 1000 else {
                throw ReconcileError.noProgress(topic: name, seconds: standstillSeconds)
            }
        }
    }

    private static let pollMs = 500
}

extension TopicEntry {
    init(_ record: borrowing RecordView, _ key: RawSpan?, _ value: RawSpan?) {
        self.init(
            address: RecordAddress(partition: record.partition, offset: record.offset), timestampMs: record.timestampMs,
            key: nil, digest: nil)
        // `map` would demand that a span may escape.
        if let key { self.key = key.withUnsafeBytes { Array($0) } }
        if let value { digest = value.withUnsafeBytes { Digest(of: $0) } }
    }
}

extension TopicValue {
    init(_ record: Record) {
        var headers: [String: [UInt8]] = [:]
        for header in record.headers { headers[header.name] = header.value }
        self.init(key: record.key, value: record.value, headers: headers, timestampMs: record.timestampMs)
    }
}
