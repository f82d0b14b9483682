import Domain
import Kafka
import Logging

/// A step's hold on its share of the topics: the batch in hand, what was lost while working on it, and the one place to wait.
///
/// A member of a group that does not poll loses its partitions, so whatever a step waits for (MySQL, the broker, the mapping
/// service, a pause between two attempts) it waits for here, where the paused consumer is polled. When such a poll brings a
/// revoke, the partitions count as lost: another member will read their records again from the last commit, and nothing more
/// may be produced, recorded or committed for them here.
final class Subscription {
    let clock: any Clock
    let counters: HopCounters
    private let source: any RecordSource
    private let waiting: WaitSettings
    private let logger: Logger
    private var outages: OutageLog

    private var lastPollMs: Int64 = 0
    /// When the batch in hand was read, in milliseconds since 1970.
    private(set) var batchBeganMs: Int64 = 0
    private var batchPartitions: Set<TopicPartition> = []
    private var lost: Set<TopicPartition> = []
    /// For each partition, the offset that may be committed when the batch in hand is done.
    private var reached: [TopicPartition: Int64] = [:]
    private var committed: [TopicPartition: Int64] = [:]
    private var changedHands: Set<TopicPartition> = []
    /// Partitions that were assigned, and whose history is not known yet.
    private var unexamined: Set<TopicPartition> = []
    private var histories: [TopicPartition: PartitionHistory] = [:]
    private let lookBack: Int
    private let maxBytes: Int

    /// - Parameters:
    ///   - lookBack: How many offsets before the committed one a step wants to see again when it is given a partition.
    ///   - maxBytes: After so many bytes no more records are added to a batch.
    init(
        source: any RecordSource, clock: any Clock, waiting: WaitSettings, counters: HopCounters, logger: Logger,
        lookBack: Int = 0, maxBytes: Int = BatchSettings().maxBytes
    ) {
        self.maxBytes = maxBytes
        self.lookBack = lookBack
        self.source = source
        self.clock = clock
        self.waiting = waiting
        self.counters = counters
        self.logger = logger
        outages = OutageLog(logger: logger)
    }

    /// The next batch; empty when nothing came in time.
    ///
    /// Offsets of ends (records that hold nothing to do, such as a transaction's markers) are committed here when they come alone.
    func nextBatch(maxRecords: Int, timeoutMs: Int) throws -> [Record] {
        lost = []
        batchPartitions = []
        reached = [:]
        let poll = try serve { try source.poll(maxRecords: maxRecords, maxBytes: maxBytes, timeoutMs: timeoutMs) }
        // Whatever this poll revoked, its records are of partitions that are ours now, perhaps once more.
        lost = []
        for (index, record) in poll.records.enumerated() {
            // Of records that come one after the other the last one says it all; a topic's name takes long to hash.
            if index + 1 < poll.records.count, poll.records[index + 1].isBeside(record) { continue }
            reached[record.topicPartition] = max(reached[record.topicPartition] ?? 0, record.offset + 1)
            batchPartitions.insert(record.topicPartition)
        }
        for (partition, end) in poll.ends {
            reached[partition] = max(reached[partition] ?? 0, end)
        }
        batchBeganMs = lastPollMs
        try examineAssigned()
        counters.add { $0.recordsIn += poll.records.count }
        if poll.records.isEmpty { try commit() }
        return poll.records
    }

    /// Makes records of that partition, which were read by other means, the batch in hand. The partition has to be ours.
    ///
    /// The batch ends in a commit like any other, of the offset that is committed already: a member that has lost the partition
    /// without knowing would learn it from nothing else, before it is too late to say whose records were overtaken.
    func beginBatch(of partition: TopicPartition) {
        lost = []
        batchPartitions = [partition]
        reached = [:]
        reached[partition] = committed.removeValue(forKey: partition)
        batchBeganMs = clock.nowMs
    }

    /// For each partition that is ours and was read from since: the offset up to which all is done and committed.
    var positions: [TopicPartition: Int64] { committed }

    /// Whether results for records of these partitions may still be produced, recorded and committed.
    func isOurs(_ partitions: some Sequence<TopicPartition>) -> Bool {
        // Asked of every record, when as a rule nothing is lost.
        lost.isEmpty || partitions.contains { !lost.contains($0) }
    }

    func isOurs(_ partition: TopicPartition) -> Bool { lost.isEmpty || !lost.contains(partition) }

    /// Whether nothing of the batch is ours any more.
    var isBatchLost: Bool { !batchPartitions.isEmpty && batchPartitions.isSubset(of: lost) }

    /// How many partitions were lost since the batch was read.
    var lossCount: Int { lost.count }

    /// Asks whether the group gave our partitions away while we were not looking: the guard before every production.
    func checkAssignment() {
        if source.isAssignmentLost { lose(batchPartitions) }
    }

    /// The partitions that were revoked since this was asked last: what a step remembers of them is void.
    func takeChangedHands() -> Set<TopicPartition> {
        defer { changedHands = [] }
        return changedHands
    }

    /// The partitions that were assigned since this was asked last, as they were then.
    func takeHistories() -> [TopicPartition: PartitionHistory] {
        defer { histories = [:] }
        return histories
    }

    /// The offset that the next record of a partition will have; nil when the whole batch was lost over the waiting.
    func end(of partition: TopicPartition) throws -> Int64? {
        try untilAvailable(.kafka) { try source.end(of: partition) }
    }

    /// How many partitions a topic has; nil where there is none, or when the whole batch was lost over the waiting.
    func partitionCount(of topic: String) throws -> Int? {
        try untilAvailable(.kafka) { try source.partitionCount(of: topic) } ?? nil
    }

    /// Looks at partitions that are new here, before the first of their records is worked on.
    private func examineAssigned() throws {
        guard !unexamined.isEmpty else { return }
        let found = try untilAvailable(.kafka) {
            unexamined.isEmpty ? [:] : try source.history(of: unexamined, lookBack: lookBack)
        }
        guard let found else { return }
        for (partition, history) in found.sorted(by: { $0.key.description < $1.key.description }) {
            warnOfDeletedRecords(partition, history)
        }
        histories.merge(found) { _, new in new }
        unexamined = []
    }

    /// Kafka goes on with the first record that is left, and says nothing.
    private func warnOfDeletedRecords(_ partition: TopicPartition, _ history: PartitionHistory) {
        guard history.low > history.committed ?? 0 else { return }
        let deleted =
            history.committed.map { "the records \($0) to \(history.low - 1) were deleted before they were read" }
            ?? "this group has read nothing yet, and the records before \(history.low) are deleted"
        logger.warning(
            """
            \(partition): \(deleted); reading on from \(history.low). Users may be missing or stale for it: run `rollcall verify`, \
            repair what it finds, and give the topic a longer retention.ms
            """)
    }

    /// Marks everything in hand as lost.
    func loseBatch() {
        lose(batchPartitions)
    }

    /// Serves the group if that was done last a while ago. To be called from within every wait.
    ///
    /// - Throws: What is to end the step, when nobody wants to wait any longer.
    func keepAlive() throws {
        try clock.checkPatience()
        let elapsedMs = clock.nowMs - lastPollMs
        guard elapsedMs < 0 || elapsedMs >= waiting.keepAliveEveryMs else { return }
        _ = try serve { try source.keepAlive() }
    }

    /// Waits, and keeps the membership alive meanwhile.
    func wait(ms: Int) throws {
        var restMs = ms
        while restMs > 0 {
            let sliceMs = min(restMs, waiting.keepAliveEveryMs)
            try clock.sleep(ms: sliceMs)
            try keepAlive()
            restMs -= sliceMs
        }
    }

    /// Does the work, again and again while the other side is away.
    ///
    /// - Parameter other: Whose absence is to be said.
    /// - Returns: Nil when the whole batch was lost over the waiting.
    func untilAvailable<Result>(_ other: Counterpart, _ work: () throws -> Result) throws -> Result? {
        var backoff = Backoff(waiting)
        while true {
            do {
                let result = try work()
                isBack(other)
                return result
            } catch let failure as PortFailure where failure.kind == .unavailable {
                isAway(other, failure.message)
                counters.add { $0.retries += 1 }
                try wait(ms: backoff.nextMs())
                if isBatchLost { return nil }
            } catch let failure as PortFailure where failure.kind == .assignmentLost {
                loseBatch()
                return nil
            }
        }
    }

    /// Says that the other side is away, unless that was said already.
    func isAway(_ other: Counterpart, _ message: String) {
        outages.begin(other, message, nowMs: clock.nowMs)
    }

    /// Says that the other side is back, if it was said to be away.
    func isBack(_ other: Counterpart) {
        outages.end(other, nowMs: clock.nowMs)
    }

    /// Commits what the batch in hand has reached, its last act. Partitions that were lost are left out.
    func commit() throws {
        if !uncommitted.isEmpty {
            _ = try untilAvailable(.kafka) {
                let offsets = uncommitted
                guard !offsets.isEmpty else { return }
                try source.commit(offsets) { try keepAlive() }
                committed.merge(offsets.filter { isOurs($0.key) }) { _, new in new }
            }
        }
        reached = [:]
        batchPartitions = []
    }

    private var uncommitted: [TopicPartition: Int64] {
        reached.filter { partition, offset in !lost.contains(partition) && committed[partition] != offset }
    }

    /// Takes in what a poll says of the group and of the broker.
    private func serve(_ poll: () throws -> Poll) throws -> Poll {
        var brought = Poll()
        do {
            brought = try poll()
        } catch let failure as PortFailure where failure.kind == .unavailable {
            isAway(.kafka, failure.message)
        }
        lastPollMs = clock.nowMs
        if let notice = brought.notices.first { isAway(.kafka, notice) }
        if !(brought.records.isEmpty && brought.ends.isEmpty && brought.assigned.isEmpty) { isBack(.kafka) }
        lose(brought.revoked)
        unexamined.formUnion(brought.assigned)
        return brought
    }

    private func lose(_ partitions: Set<TopicPartition>) {
        lost.formUnion(partitions)
        changedHands.formUnion(partitions)
        unexamined.subtract(partitions)
        for partition in partitions {
            committed[partition] = nil
            histories[partition] = nil
        }
    }
}

extension Record {
    /// Whether both are of one partition.
    fileprivate func isBeside(_ other: Record) -> Bool { partition == other.partition && topic == other.topic }
}
