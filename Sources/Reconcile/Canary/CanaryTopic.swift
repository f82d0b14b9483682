import Domain
import Kafka

/// A topic that is judged, with the records of twins.
final class CanaryTopic: TopicPort {
    private let port: any TopicPort
    private let stage: Stage
    private let canaries: Canaries
    let name: String
    private var partitionCount: Int?

    init(_ port: any TopicPort, _ stage: Stage, _ canaries: Canaries) {
        self.port = port
        self.stage = stage
        self.canaries = canaries
        name = port.name
    }

    func bounds() throws -> [Int32: OffsetBounds] {
        let bounds = try port.bounds()
        partitionCount = bounds.count
        canaries.note(partitions: bounds.count, of: name)
        return bounds
    }

    func read(from start: [Int32: Int64], to end: [Int32: Int64], _ body: (TopicEntry, RawSpan?) throws -> Void) throws {
        let count = try partitionCount ?? bounds().count
        try port.read(from: start, to: end) { entry, key in
            try body(entry, key)
            guard let key, let (twin, hash) = key.withUnsafeBytes({ canaries.twin(of: $0) }) else { return }
            // What lies elsewhere is a stray of the original, and wrong with the original alone.
            guard entry.address.partition == Partitioner.murmur2(key: key, partitionCount: count) else { return }
            canaries.sawRecord(isLive: entry.digest != nil, at: stage, of: hash)
            let home = Partitioner.murmur2(key: twin.key, partitionCount: count)
            guard twin.alteration.showsRecords(of: stage), let address = CanaryAddress.of(entry.address, in: home) else { return }
            canaries.countRecord(of: name)
            try body(TopicEntry(address: address, timestampMs: entry.timestampMs, digest: entry.digest), twin.key.span.bytes)
        }
    }

    func readValues(
        from start: [Int32: Int64], to end: [Int32: Int64], _ body: (RecordAddress, TopicValue) throws -> Void
    ) throws {
        try port.readValues(from: start, to: end, body)
    }

    func fetch(_ addresses: Set<RecordAddress>, _ body: (RecordAddress, TopicValue) throws -> Void) throws {
        var shown: [RecordAddress: RecordAddress] = [:]
        for address in addresses {
            if let original = CanaryAddress.original(of: address) { shown[original] = address }
        }
        guard !shown.isEmpty else { return try port.fetch(addresses, body) }
        let asked = addresses.filter { CanaryAddress.original(of: $0) == nil }
        try port.fetch(asked.union(shown.keys)) { address, value in
            if asked.contains(address) { try body(address, value) }
            if let twin = shown[address] { try body(twin, value) }
        }
    }

    func close() { port.close() }
}
