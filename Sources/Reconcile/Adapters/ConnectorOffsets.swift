import Domain
import Kafka

/// Which connector to watch, and where Connect keeps its offsets.
public struct ConnectorSettings: Sendable {
    public var name: String
    public var offsetsTopic: String
    /// The connector's `topic.prefix`; nil accepts any.
    public var server: String?

    public init(name: String, offsetsTopic: String, server: String?) {
        self.name = name
        self.offsetsTopic = offsetsTopic
        self.server = server
    }
}

/// The tail of Connect's offsets topic.
///
/// Between two compactions the topic holds a record for each time that any connector committed. Only the newest one of ours
/// counts, so its end is read first, and more of it only as long as nothing of ours was found.
final class ConnectorOffsets {
    private let settings: ConnectorSettings
    private let topic: KafkaTopic
    /// The offsets up to which the topic was read; nil before the first look.
    private var ends: [Int32: Int64]?
    private var newestRecord: Sighting?

    /// A record of our connector.
    private struct Sighting {
        var partition: Int32
        var timestampMs: Int64
        /// Nil where the connector's offsets were reset.
        var offset: ConnectorOffset?
    }

    /// What the first look reads of each partition; a connector that runs commits many times a minute.
    private static let firstTailRecords: Int64 = 32
    /// By how much more each further look reads.
    private static let tailGrowth: Int64 = 16

    /// A fetch that waits for what is not there yet would hold up the next look.
    private static let readProperties = Consumer.scanProperties.merging(["fetch.wait.max.ms": "10"]) { $1 }

    init(_ settings: ConnectorSettings, properties: Properties, timeoutMs: Int) throws {
        self.settings = settings
        topic = try KafkaTopic(
            settings.offsetsTopic, properties: properties.merging(Self.readProperties) { $1 }, timeoutMs: timeoutMs,
            standstillSeconds: 2)
    }

    func close() { topic.close() }

    /// The connector's newest committed offset; nil when there is none.
    func newest() throws -> ConnectorOffset? {
        let bounds = try topic.bounds()
        let isRead = if let ends { try read(from: ends, bounds) } else { try lookBack(bounds) }
        // What could not be read in time is read again at the next look.
        if isRead { ends = bounds.mapValues(\.end) }
        return newestRecord?.offset
    }

    /// - Returns: Whether all that is needed could be read in time; so with ``read(from:_:)``.
    private func lookBack(_ bounds: [Int32: OffsetBounds]) throws -> Bool {
        var tail = Self.firstTailRecords
        var end = bounds
        while newestRecord == nil, end.values.contains(where: { $0.low < $0.end }) {
            let start = end.mapValues { max($0.low, $0.end - tail) }
            guard try read(from: start, end) else { return false }
            for (partition, offset) in start { end[partition]?.end = offset }
            tail *= Self.tailGrowth
        }
        return true
    }

    private func read(from start: [Int32: Int64], _ bounds: [Int32: OffsetBounds]) throws -> Bool {
        let start = bounds.reduce(into: [:]) { $0[$1.key] = max(start[$1.key] ?? 0, $1.value.low) }
        do {
            try topic.scan(from: start, to: bounds.mapValues(\.end)) { record, key, _ in
                guard isOurs(key) else { return }
                take(record.copy())
            }
            return true
        } catch ReconcileError.noProgress {
            return false
        }
    }

    private func isOurs(_ key: RawSpan?) -> Bool {
        // `map` would demand that a span may escape.
        guard let key else { return false }
        let bytes = key.withUnsafeBytes { Array($0) }
        return ConnectorOffset.isKey(bytes, ofConnector: settings.name, server: settings.server)
    }

    private func take(_ record: Record) {
        let sighting = Sighting(
            partition: record.partition, timestampMs: record.timestampMs ?? 0,
            offset: record.value.flatMap { ConnectorOffset(value: $0) })
        // The key has one partition, unless the topic has got more of them since.
        if let known = newestRecord, known.partition != sighting.partition, known.timestampMs > sighting.timestampMs { return }
        newestRecord = sighting
    }
}
