import Domain
import Kafka

/// One enricher's share of the open replays: the partitions that it owns, one after the other.
///
/// Because the owner of a partition does it, and on the thread on which it enriches fresh aggregates, no second writer exists.
/// A partition is begun when everything that lay in it at the time of the request has been enriched once, and takes two passes:
/// the first finds each user's newest aggregate, the second enriches those. A user whose newer aggregate comes along meanwhile
/// is left out: it was enriched from that one, after the request.
///
/// The first pass holds the users of one partition in memory, some 60 bytes each.
final class Replay {
    /// What there is to do next.
    enum Turn {
        /// Nothing: no request, or not here, or not yet.
        case idle
        /// Something was done, and more is to come.
        case working
        /// These aggregates, each the newest of its user, are to be enriched, and then ``Replay/finish(_:)`` is to be called.
        case batch(Batch)
    }

    struct Batch {
        var partition: TopicPartition
        var records: [Record]
        fileprivate var request: ReplayRequest
        /// What is written down once the batch is done.
        fileprivate var progress: Int64
        fileprivate var isLast: Bool
    }

    private let source: any ReplaySource
    private let topic: String
    private let home: HomeKeys
    private var pass: Pass?
    /// What is known to be done, so that it is not asked for again and again.
    private var done: Set<Share> = []
    /// Requests that cannot be worked on here.
    private var refused: Set<String> = []
    private var announced: Set<String> = []

    private struct Share: Hashable {
        var requestID: String
        var partition: Int32
    }

    init(source: any ReplaySource, topic: String, home: HomeKeys) {
        self.source = source
        self.topic = topic
        self.home = home
    }

    /// Whether a partition is in hand, so that there is no time to wait for fresh aggregates.
    var isBusy: Bool { pass != nil }

    /// Whether requests have come up since this was asked last: whatever is remembered of the mapping service is void then.
    func takeNews() -> Bool {
        let ids = Set(source.requests.map(\.id))
        defer { announced = ids }
        return !ids.isSubset(of: announced)
    }

    /// Drops what was found out about partitions that another member has had since.
    func forget(_ partitions: Set<TopicPartition>) {
        if let current = pass, partitions.contains(current.partition) { pass = nil }
        done = done.filter { !partitions.contains(TopicPartition(topic, $0.partition)) }
    }

    /// Takes note of a fresh aggregate: nothing older of its user may be produced after it.
    func observe(_ record: Record, user: UserID) {
        guard pass?.partition == record.topicPartition else { return }
        pass?.note(user, record.offset)
    }

    /// Does the next piece of work.
    ///
    /// - Parameters:
    ///   - positions: For each partition that is ours, how far it was enriched.
    ///   - maxRecords: The most records of a batch.
    /// - Throws: ``PortFailure``, and ``ReplayFailure`` where waiting would not help.
    func turn(positions: [TopicPartition: Int64], maxRecords: Int) throws -> Turn {
        try sparingThePipeline { try nextTurn(positions, maxRecords) }
    }

    private func nextTurn(_ positions: [TopicPartition: Int64], _ maxRecords: Int) throws -> Turn {
        if let current = pass, !source.requests.contains(where: { $0.id == current.request.id }) { pass = nil }
        if pass == nil { try begin(positions) }
        guard let current = pass else { return .idle }
        return current.isIndexing ? try index() : try readBatch(maxRecords)
    }

    /// The batch was delivered, recorded, or parked: writes the progress down.
    ///
    /// - Throws: Like ``turn(positions:maxRecords:)``.
    func finish(_ batch: Batch) throws {
        try sparingThePipeline {
            try source.record(progress: batch.progress, of: batch.request, in: batch.partition)
        }
        guard batch.isLast else { return }
        done.insert(Share(requestID: batch.request.id, partition: batch.partition.partition))
        pass = nil
    }

    /// Leaves the request in hand to others.
    ///
    /// - Returns: Its id.
    func refuse() -> String? {
        let id = pass?.request.id ?? source.requests.first { !refused.contains($0.id) }?.id
        pass = nil
        if let id { refused.insert(id) }
        return id
    }

    private func sparingThePipeline<Result>(_ call: () throws -> Result) throws -> Result {
        do {
            return try call()
        } catch let failure as PortFailure where failure.kind == .fatal {
            throw ReplayFailure(message: failure.message)
        }
    }

    // MARK: - One partition

    private func begin(_ positions: [TopicPartition: Int64]) throws {
        let requests = source.requests.filter { !refused.contains($0.id) }
        for request in requests {
            for (number, range) in request.ranges.sorted(by: { $0.key < $1.key }) {
                let partition = TopicPartition(topic, number)
                let share = Share(requestID: request.id, partition: number)
                guard let position = positions[partition], position >= range.end, !done.contains(share) else { continue }
                let progress = try source.progress(of: request, in: partition) ?? range.start
                guard progress < range.end else {
                    done.insert(share)
                    continue
                }
                let start = max(range.start, progress)
                try source.seek(partition, to: start)
                pass = Pass(request: request, partition: partition, end: range.end, until: position, start: start)
                return
            }
        }
        if requests.isEmpty {
            source.rest()
            done = []
        }
    }

    /// A piece of the first pass.
    private func index() throws -> Turn {
        let poll = try source.read(maxRecords: Self.indexedAtOnce, timeoutMs: Self.readTimeoutMs)
        for record in poll.records {
            if let user = home.owner(of: record) { pass?.note(user, record.offset) }
            pass?.reach(record.offset + 1)
        }
        for end in poll.ends.values { pass?.reach(end) }
        guard let current = pass, current.isThrough else { return .working }
        let first = current.newest.values.min() ?? current.until
        try source.seek(current.partition, to: first)
        pass?.beginEnriching(at: first)
        return .working
    }

    /// A piece of the second pass.
    private func readBatch(_ maxRecords: Int) throws -> Turn {
        guard let current = pass else { return .idle }
        var wanted: [Record] = []
        if !current.isThrough {
            let poll = try source.read(maxRecords: maxRecords, timeoutMs: Self.readTimeoutMs)
            for record in poll.records {
                pass?.reach(record.offset + 1)
                if let user = home.owner(of: record), current.wants(record, of: user) { wanted.append(record) }
            }
            for end in poll.ends.values { pass?.reach(end) }
        }
        guard let reached = pass, reached.isThrough || !wanted.isEmpty else { return .working }
        // Only what is really done counts as the end of the range.
        let progress = reached.isThrough ? reached.end : min(reached.next, reached.end - 1)
        return .batch(
            Batch(
                partition: reached.partition, records: wanted, request: reached.request, progress: progress,
                isLast: reached.isThrough))
    }

    /// Records of the first pass that are taken between two looks at fresh aggregates: some milliseconds of work.
    private static let indexedAtOnce = 5_000
    private static let readTimeoutMs = 100
}

/// A replay cannot go on here; the pipeline can.
struct ReplayFailure: Error {
    var message: String
}

/// The work on one partition.
private struct Pass {
    let request: ReplayRequest
    let partition: TopicPartition
    /// The end of the request's range.
    let end: Int64
    /// Up to there the fresh aggregates were enriched when this began; what comes after is not replayed.
    let until: Int64
    private(set) var next: Int64
    private(set) var isIndexing = true
    /// The offset of each user's newest aggregate.
    private(set) var newest: [UserID: Int64] = [:]

    init(request: ReplayRequest, partition: TopicPartition, end: Int64, until: Int64, start: Int64) {
        self.request = request
        self.partition = partition
        self.end = end
        self.until = until
        next = start
    }

    var isThrough: Bool { next >= until }

    mutating func note(_ user: UserID, _ offset: Int64) {
        guard request.users?.contains(user) ?? true else { return }
        newest[user] = max(newest[user] ?? offset, offset)
    }

    mutating func reach(_ offset: Int64) {
        next = max(next, offset)
    }

    mutating func beginEnriching(at offset: Int64) {
        isIndexing = false
        next = offset
    }

    /// Whether the record is to be enriched. A deleted user has nothing that the mapping service could add to.
    func wants(_ record: Record, of user: UserID) -> Bool {
        record.offset < until && record.value != nil && newest[user] == record.offset
            && (request.sinceMs.map { record.timestampMs ?? 0 >= $0 } ?? true)
    }
}
