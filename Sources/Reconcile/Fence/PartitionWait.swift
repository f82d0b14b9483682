import Domain

/// The ends of a topic's partitions at one moment, and which of them a group has yet to commit.
struct PartitionWait {
    private let port: any TopicPort
    private var open: [Int32: OffsetBounds]
    private var committed: [Int32: Int64] = [:]
    private var lastMovedMs: Int64?
    /// Partitions in which the group's commit lies before the first record that can still be read.
    private(set) var overtaken: [String] = []

    /// For how long a commit must stand still before the records between it and the end are looked at.
    private static let standstillMs: Int64 = 1_000

    init(_ port: any TopicPort, _ bounds: [Int32: OffsetBounds]) {
        self.port = port
        // A partition without a record has nothing to be committed, and a group that never met one never commits there.
        open = bounds.filter { $0.value.end > $0.value.low }
    }

    var name: String { port.name }
    var isPassed: Bool { open.isEmpty }

    /// Records between the commits and the ends.
    var lag: Int64 {
        open.reduce(0) { sum, entry in sum + entry.value.end - max(committed[entry.key] ?? 0, entry.value.low) }
    }

    /// Looks once whether the group has come further.
    mutating func look(_ progress: any ProgressPort, _ group: String, nowMs: Int64) throws {
        let now = try progress.committed(group: group, topic: port.name, partitions: open.keys.sorted())
        if now != committed || lastMovedMs == nil {
            committed = now
            lastMovedMs = nowMs
        }
        for (partition, bounds) in open {
            guard let offset = now[partition] else { continue }
            if offset < bounds.low { noteOvertaken(partition) }
            if offset > bounds.end { try checkLife(partition, committed: offset) }
            if offset >= bounds.end { open[partition] = nil }
        }
        if let lastMovedMs, nowMs - lastMovedMs >= Self.standstillMs { try closeGaps() }
    }

    /// A group that has committed more than there is read an earlier topic of the same name.
    private func checkLife(_ partition: Int32, committed: Int64) throws {
        // On a live topic the group may have come past the end that was asked for a moment ago.
        guard let end = try port.bounds()[partition]?.end, end < committed else { return }
        throw ReconcileError.topicRecreated(topic: port.name, partition: partition, end: end, recorded: committed)
    }

    private mutating func noteOvertaken(_ partition: Int32) {
        let place = "\(port.name)[\(partition)]"
        if !overtaken.contains(place) { overtaken.append(place) }
    }

    /// Transaction markers and compaction leave offsets that no consumer ever sees. A commit before such a gap is as good as
    /// one behind it.
    private mutating func closeGaps() throws {
        for (partition, bounds) in open.sorted(by: { $0.key < $1.key }) {
            guard let offset = committed[partition], offset >= bounds.low else { continue }
            var isEmpty = true
            try port.read(from: [partition: offset], to: [partition: bounds.end]) { _, _ in isEmpty = false }
            if isEmpty { open[partition] = nil }
        }
        // Reading the gap again at each look would burden a broker that is in trouble already.
        lastMovedMs = nil
    }
}
