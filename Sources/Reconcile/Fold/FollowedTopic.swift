import Domain

/// What a fold of a whole topic came to, on its way from the thread that did it to the one that goes on.
struct FoldedTopic: Sendable {
    var fold: TopicFold
    /// Where each partition began when the fold did.
    var lows: [Int32: Int64]
    /// The offsets up to which the fold has come.
    var ends: [Int32: Int64]

    /// Folds everything that the topic holds now, of everyone or of some users.
    init(_ port: any TopicPort, stage: Stage, kind: UserIDKind, only: Set<UserID>? = nil) throws {
        let bounds = try port.bounds()
        fold = TopicFold(stage: stage, kind: kind, partitionCount: bounds.count, only: only)
        lows = bounds.mapValues(\.low)
        ends = lows
        try advance(port, to: bounds.mapValues(\.end))
    }

    mutating func advance(_ port: any TopicPort, to newEnds: [Int32: Int64]) throws {
        try port.read(from: ends, to: newEnds) { fold.apply($0) }
        ends = newEnds
    }
}

/// A folded topic whose tail is read again and again, because the topic is live.
final class FollowedTopic {
    private let port: any TopicPort
    private var folded: FoldedTopic

    init(_ port: any TopicPort, resuming folded: FoldedTopic) {
        self.port = port
        self.folded = folded
    }

    var name: String { port.name }
    var fold: TopicFold { folded.fold }
    var lows: [Int32: Int64] { folded.lows }
    var ends: [Int32: Int64] { folded.ends }

    /// Folds what came since, up to the present end.
    ///
    /// - Throws: ``ReconcileError`` when the fold no longer stands for the topic: it was recreated, got partitions, or lost records
    ///   from its beginning, which may have been the newest of a user who had not been folded yet.
    func catchUp() throws {
        let bounds = try port.bounds()
        guard bounds.count == ends.count else { throw ReconcileError.partitionsChanged(topic: name) }
        for (partition, bound) in bounds {
            guard let low = lows[partition], let end = ends[partition] else {
                throw ReconcileError.partitionsChanged(topic: name)
            }
            if bound.end < end {
                throw ReconcileError.topicRecreated(topic: name, partition: partition, end: bound.end, recorded: end)
            }
            if bound.low > low { throw ReconcileError.retentionOvertook(topic: name, partition: partition) }
        }
        try folded.advance(port, to: bounds.mapValues(\.end))
    }

    /// Shows the records at these addresses; those that can no longer be read are left out.
    func fetch(_ addresses: Set<RecordAddress>, _ body: (RecordAddress, TopicValue) throws -> Void) throws {
        guard !addresses.isEmpty else { return }
        try port.fetch(addresses, body)
    }

    func close() { port.close() }
}
