import Domain

/// A topic that is read up to its present end again and again, because it is live.
final class TopicTail {
    private let port: any TopicPort
    private(set) var progress: Progress

    /// How far a topic has been read; it travels between the threads that read it.
    struct Progress: Sendable {
        /// Where each partition began at the first reading.
        var lows: [Int32: Int64]
        /// The offsets up to which it was read.
        var ends: [Int32: Int64]
        var records = 0
        /// Partitions that lost records from their beginning after the first reading had begun. One of them may have been the newest of
        /// a user who had not been read yet, so nothing is proven about anyone who lives there.
        var voided: Set<Int32> = []
        /// Records whose key names no user.
        var unreadableKeys = 0
    }

    /// Begins at the beginning of each partition.
    init(_ port: any TopicPort) throws {
        self.port = port
        let lows = try port.bounds().mapValues(\.low)
        progress = Progress(lows: lows, ends: lows)
    }

    /// Goes on where another one stopped.
    init(_ port: any TopicPort, resuming progress: Progress) {
        self.port = port
        self.progress = progress
    }

    var name: String { port.name }
    var partitionCount: Int { progress.ends.count }

    /// Shows what came since, up to the present end.
    ///
    /// - Throws: ``ReconcileError`` when what was read no longer stands for the topic: it was recreated, or got partitions.
    func advance(_ body: (TopicEntry, RawSpan?) throws -> Void) throws {
        let ends = progress.ends
        let bounds = try port.bounds()
        guard bounds.count == ends.count else { throw ReconcileError.partitionsChanged(topic: name) }
        for (partition, bound) in bounds {
            guard let low = progress.lows[partition], let end = ends[partition] else {
                throw ReconcileError.partitionsChanged(topic: name)
            }
            if bound.end < end {
                throw ReconcileError.topicRecreated(topic: name, partition: partition, end: bound.end, recorded: end)
            }
            if bound.low > low { progress.voided.insert(partition) }
        }
        let newEnds = bounds.mapValues(\.end)
        var records = 0
        // What was removed before it was read cannot be read any more.
        let starts = ends.merging(bounds.mapValues(\.low)) { max($0, $1) }
        try port.read(from: starts, to: newEnds) { entry, key in
            records += 1
            try body(entry, key)
        }
        progress.records += records
        progress.ends = newEnds
    }

    func noteUnreadable(_ count: Int) { progress.unreadableKeys += count }

    /// Shows the records at these addresses; those that can no longer be read are left out.
    func fetch(_ addresses: Set<RecordAddress>, _ body: (RecordAddress, TopicValue) throws -> Void) throws {
        guard !addresses.isEmpty else { return }
        try port.fetch(addresses, body)
    }

    func close() { port.close() }
}
