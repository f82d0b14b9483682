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
    ///
    /// Half of the memory is for records that wait, half for one answer that arrives when they are nearly as many as may wait. An answer
    /// holds at least one batch, whatever its size: what a producer wrote as one is unpacked as one.
    ///
    /// - Parameters:
    ///   - fetchBytes: What librdkafka may take in all.
    ///   - given: The settings' own properties. Whoever set one of these knows the cluster better.
    static func scanProperties(fetchBytes: Int, given: Properties) -> Properties {
        let waitingBytes = fetchBytes / 4
        // librdkafka refuses answers that could not hold the largest message that may be sent. Nothing is sent here, and a larger
        // message arrives all the same.
        let largestMessage = given["message.max.bytes"].flatMap { Int($0) } ?? min(fetchBytes / 2 / unpackedRatio, 1_000_000)
        let answerBytes = max(fetchBytes / 2 / unpackedRatio, largestMessage)
        let own: Properties = [
            "fetch.max.bytes": "\(answerBytes)",
            "message.max.bytes": "\(largestMessage)",
            "max.partition.fetch.bytes": "\(min(answerBytes, 1 << 20))",
            // Small records take more than their bytes, and librdkafka counts only these.
            "queued.min.messages": "\(max(1, waitingBytes / recordBytes))",
            "queued.max.messages.kbytes": "\(max(1, waitingBytes / 1_024))",
        ]
        return Consumer.scanProperties.merging(own) { _, new in new }.merging(given) { _, given in given }
    }

    /// What librdkafka 2.0.2 allocates beside a record's bytes: its `rd_kafka_op_t` has 896 bytes.
    private static let recordBytes = 912
    /// How much larger an answer becomes when it is unpacked. A record of 150 bytes that zstd makes 22 of takes fifty times as much then,
    /// one of a kilobyte that is not compressed twice as much.
    private static let unpackedRatio = 32

    init(_ name: String, properties: Properties, timeoutMs: Int = 10_000, standstillSeconds: Int = 60) throws {
        self.name = name
        self.timeoutMs = timeoutMs
        self.standstillSeconds = standstillSeconds
        consumer = try Consumer(properties: properties)
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

    func read(from start: [Int32: Int64], to end: [Int32: Int64], _ body: (TopicEntry, RawSpan?) throws -> Void) throws {
        try scan(from: start, to: end) { record, key, value in try body(TopicEntry(record, value), key) }
    }

    func readValues(
        from start: [Int32: Int64], to end: [Int32: Int64], _ body: (RecordAddress, TopicValue) throws -> Void
    ) throws {
        try scan(from: start, to: end) { record, key, value in
            try body(RecordAddress(partition: record.partition, offset: record.offset), TopicValue(record, key, value))
        }
    }

    func fetch(_ addresses: Set<RecordAddress>, _ body: (RecordAddress, TopicValue) throws -> Void) throws {
        var stretches = FetchPlan(addresses)
        while let (start, end) = stretches.next() {
            try scan(from: start, to: end) { record, key, value in
                let address = RecordAddress(partition: record.partition, offset: record.offset)
                if addresses.contains(address) { try body(address, TopicValue(record, key, value)) }
            }
        }
    }

    /// Shows every record of the given stretches. A stretch whose end was compacted away, or is a transaction's marker, ends
    /// where the partition says that it ends.
    func scan(
        from start: [Int32: Int64], to end: [Int32: Int64],
        _ body: (borrowing RecordView, RawSpan?, RawSpan?) throws -> Void
    ) throws {
        var open = OpenStretches(start: start, end: end, partitionCount: partitionCount)
        guard open.count > 0 else { return }
        let assigned = end.keys.filter { open.end(of: $0) != nil }
        try consumer.assign(
            Dictionary(uniqueKeysWithValues: assigned.map { (TopicPartition(name, $0), start[$0] ?? 0) }))
        // Nothing is lost if this fails: the next assignment replaces this one.
        defer { try? consumer.unassign() }
        var lastProgress = ContinuousClock.now
        while open.count > 0 {
            // Records behind the end of a stretch that is done keep coming from a live topic, and are no progress.
            var hasProgress = false
            let progress = try consumer.scan(timeoutMs: Self.pollMs, maxRecords: 100_000) { record, key, value in
                guard let end = open.end(of: record.partition) else { return }
                hasProgress = true
                if record.offset < end { try body(record, key, value) }
                if record.offset >= end - 1 { open.close(record.partition) }
            }
            for (partition, position) in progress.ends {
                if let end = open.end(of: partition.partition), position >= end { open.close(partition.partition) }
            }
            // What comes behind the end of a stretch would only be read to be dropped.
            let done = open.takeClosed()
            if open.count > 0, !done.isEmpty { try consumer.pause(done.map { TopicPartition(name, $0) }) }
            let now = ContinuousClock.now
            if hasProgress { lastProgress = now }
            guard now - lastProgress < .seconds(standstillSeconds) else {
                throw ReconcileError.noProgress(topic: name, seconds: standstillSeconds)
            }
        }
    }

    private static let pollMs = 500
}

/// The ends of stretches that are being read, by partition; asked at every record, and so an array.
private struct OpenStretches {
    private var ends: [Int64?]
    private(set) var count = 0
    private var closed: [Int32] = []

    init(start: [Int32: Int64], end: [Int32: Int64], partitionCount: Int) {
        ends = Array(repeating: nil, count: partitionCount)
        for (partition, end) in end where (start[partition] ?? 0) < end && ends.indices.contains(Int(partition)) {
            ends[Int(partition)] = end
            count += 1
        }
    }

    @inline(__always)
    func end(of partition: Int32) -> Int64? {
        ends.indices.contains(Int(partition)) ? ends[Int(partition)] : nil
    }

    mutating func close(_ partition: Int32) {
        guard end(of: partition) != nil else { return }
        ends[Int(partition)] = nil
        count -= 1
        closed.append(partition)
    }

    /// The stretches that have been done since this was asked last.
    mutating func takeClosed() -> [Int32] {
        defer { closed = [] }
        return closed
    }
}

/// In which order to read records that lie scattered over a topic: one stretch of each partition at a time.
struct FetchPlan {
    /// What lies at most between two records that are read in one go. Reading over as much costs no more than one request.
    private static let gap: Int64 = 10_000

    private var offsets: [Int32: ArraySlice<Int64>]

    init(_ addresses: Set<RecordAddress>) {
        offsets = Dictionary(grouping: addresses, by: \.partition).mapValues { $0.map(\.offset).sorted()[...] }
    }

    /// The next stretches, from their first offsets up to, and without, their last ones; nil at the end.
    mutating func next() -> (start: [Int32: Int64], end: [Int32: Int64])? {
        var start: [Int32: Int64] = [:]
        var end: [Int32: Int64] = [:]
        for (partition, waiting) in offsets {
            guard let first = waiting.first else { continue }
            var last = first
            let count = waiting.prefix { offset in
                guard offset - last <= Self.gap else { return false }
                last = offset
                return true
            }.count
            start[partition] = first
            end[partition] = last + 1
            offsets[partition] = waiting.dropFirst(count)
        }
        return start.isEmpty ? nil : (start, end)
    }
}

extension TopicEntry {
    init(_ record: borrowing RecordView, _ value: RawSpan?) {
        self.init(
            address: RecordAddress(partition: record.partition, offset: record.offset), timestampMs: record.timestampMs,
            digest: nil)
        // `map` would demand that a span may escape.
        if let value { digest = value.withUnsafeBytes { Digest(of: $0) } }
    }
}

extension TopicValue {
    init(_ record: borrowing RecordView, _ key: RawSpan?, _ value: RawSpan?) {
        self.init(key: nil, value: nil, headers: [:], timestampMs: record.timestampMs)
        // `map` would demand that a span may escape.
        if let key { self.key = key.withUnsafeBytes { Array($0) } }
        if let value { self.value = value.withUnsafeBytes { Array($0) } }
        for header in record.headers { headers[header.name] = header.value }
    }
}
