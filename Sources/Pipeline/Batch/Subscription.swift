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
    private var outages: OutageLog

    private var isPaused = false
    private var lastPollMs: Int64 = 0
    /// What a poll brought while a batch was in hand: the pause came too late for it. It is the start of the next batch.
    private var early = Poll()
    private var batchPartitions: Set<TopicPartition> = []
    private var lost: Set<TopicPartition> = []
    /// For each partition, the offset that may be committed when the batch in hand is done.
    private var reached: [TopicPartition: Int64] = [:]
    private var committed: [TopicPartition: Int64] = [:]
    /// Partitions that were revoked since the previous batch; what a step remembers of them is void.
    private(set) var changedHands: Set<TopicPartition> = []

    init(
        source: any RecordSource, clock: any Clock, waiting: WaitSettings, counters: HopCounters, logger: Logger
    ) {
        self.source = source
        self.clock = clock
        self.waiting = waiting
        self.counters = counters
        outages = OutageLog(logger: logger)
    }

    /// The next batch; empty when nothing came in time.
    ///
    /// Offsets of ends (records that hold nothing to do, such as a transaction's markers) are committed here when they come alone.
    func nextBatch(maxRecords: Int, timeoutMs: Int) throws -> [Record] {
        changedHands = []
        lost = []
        batchPartitions = []
        reached = [:]
        if isPaused {
            try source.resume()
            isPaused = false
        }
        var poll = early
        early = Poll()
        if poll.records.isEmpty {
            absorb(try pollSource(maxRecords: maxRecords, timeoutMs: timeoutMs), into: &poll)
            // Whatever this poll revoked, its records are of partitions that are ours now, perhaps once more.
            lost = []
        }
        for record in poll.records {
            reached[record.topicPartition] = max(reached[record.topicPartition] ?? 0, record.offset + 1)
            batchPartitions.insert(record.topicPartition)
        }
        for (partition, end) in poll.ends {
            reached[partition] = max(reached[partition] ?? 0, end)
        }
        counters.add { $0.recordsIn += poll.records.count }
        if poll.records.isEmpty { try commit() }
        return poll.records
    }

    /// Whether results for records of these partitions may still be produced, recorded and committed.
    func isOurs(_ partitions: some Sequence<TopicPartition>) -> Bool {
        partitions.contains { !lost.contains($0) }
    }

    func isOurs(_ partition: TopicPartition) -> Bool { !lost.contains(partition) }

    /// Whether nothing of the batch is ours any more.
    var isBatchLost: Bool { !batchPartitions.isEmpty && batchPartitions.isSubset(of: lost) }

    /// Whether some of the batch is no longer ours.
    var hasLosses: Bool { !lost.isEmpty }

    /// Asks whether the group gave our partitions away while we were not looking: the guard before every production.
    func checkAssignment() {
        if source.isAssignmentLost { lose(batchPartitions) }
    }

    /// Marks everything in hand as lost.
    func loseBatch() {
        lose(batchPartitions)
    }

    /// Polls the paused consumer if the last poll was a while ago. To be called from within every wait.
    func keepAlive() throws {
        let elapsed = clock.nowMs - lastPollMs
        if elapsed < 0 || elapsed >= waiting.keepAliveEveryMs { try pollPaused() }
    }

    /// Waits, and keeps the membership alive meanwhile.
    func wait(ms: Int) throws {
        var restMs = ms
        while restMs > 0 {
            let sliceMs = min(restMs, waiting.keepAliveEveryMs)
            try clock.sleep(ms: sliceMs)
            try pollPaused()
            restMs -= sliceMs
        }
    }

    /// Does the work, again and again while the other side is away.
    ///
    /// - Parameter name: The other side as a reader knows it, such as `MySQL`.
    /// - Returns: Nil when the whole batch was lost over the waiting.
    func untilAvailable<Result>(_ name: String, _ work: () throws -> Result) throws -> Result? {
        var backoff = Backoff(waiting)
        while true {
            do {
                let result = try work()
                isBack(name)
                return result
            } catch let failure as PortFailure where failure.kind == .unavailable {
                isAway(name, failure.message)
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
    func isAway(_ name: String, _ message: String) {
        outages.begin(name, message, nowMs: clock.nowMs)
    }

    /// Says that the other side is back, if it was said to be away.
    func isBack(_ name: String) {
        outages.end(name, nowMs: clock.nowMs)
    }

    /// Commits what the batch in hand has reached, its last act. Partitions that were lost are left out.
    func commit() throws {
        _ = try untilAvailable(Counterpart.kafka) {
            let offsets = reached.filter { partition, offset in !lost.contains(partition) && committed[partition] != offset }
            guard !offsets.isEmpty else { return }
            try source.commit(offsets)
            committed.merge(offsets) { _, new in new }
        }
        reached = [:]
        batchPartitions = []
    }

    private func pollPaused() throws {
        if !isPaused {
            try source.pause()
            isPaused = true
        }
        let poll = try pollSource(maxRecords: 100, timeoutMs: 0)
        // A pause holds only for what was assigned when it was called.
        if !poll.assigned.isEmpty { try source.pause() }
        absorb(poll, into: &early)
    }

    private func pollSource(maxRecords: Int, timeoutMs: Int) throws -> Poll {
        let poll: Poll
        do {
            poll = try source.poll(maxRecords: maxRecords, timeoutMs: timeoutMs)
        } catch let failure as PortFailure where failure.kind == .unavailable {
            isAway(Counterpart.kafka, failure.message)
            lastPollMs = clock.nowMs
            return Poll()
        }
        lastPollMs = clock.nowMs
        if let notice = poll.notices.first { isAway(Counterpart.kafka, notice) }
        if !(poll.records.isEmpty && poll.ends.isEmpty && poll.assigned.isEmpty) { isBack(Counterpart.kafka) }
        lose(poll.revoked)
        return poll
    }

    /// Appends a poll to what is kept; what is kept of partitions that it revoked goes.
    private func absorb(_ poll: Poll, into kept: inout Poll) {
        if !poll.revoked.isEmpty {
            kept.records.removeAll { poll.revoked.contains($0.topicPartition) }
            for partition in poll.revoked { kept.ends[partition] = nil }
        }
        kept.records += poll.records
        kept.ends.merge(poll.ends) { _, new in new }
    }

    private func lose(_ partitions: Set<TopicPartition>) {
        lost.formUnion(partitions)
        changedHands.formUnion(partitions)
        for partition in partitions { committed[partition] = nil }
    }
}

/// The names under which outages are said.
enum Counterpart {
    static let kafka = "Kafka"
    static let mysql = "MySQL"
    static let mapping = "the mapping service"
    static let ledger = "the ledger"
    static let parked = "the file of parked records"
}
