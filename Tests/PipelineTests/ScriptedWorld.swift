import Domain
import Kafka
import Logging
import Synchronization

@testable import Pipeline

/// What a step did to the world, in order.
enum Effect: Equatable {
    case sent(topic: String, key: String, value: String?)
    case acknowledged(Int)
    case purged
    case recorded([String])
    case parked([ParkReason])
    case closed([String])
    case committed([TopicPartition: Int64])
}

/// Ends the process in the middle of a port call.
struct Crash: Error {}

/// A world in memory, driven by a script: everything that a step can see, and everything that it does.
///
/// One class is all ports at once, so that the order of effects across ports is one list.
final class ScriptedWorld: RecordSource, RecordSink, RowReader, ProductionLog, ParkingLot, MappingLookup, Clock {
    var effects: [Effect] = []
    var clockMs: Int64 = 1_000_000

    // MARK: The script

    /// What the next polls bring; after them, nothing.
    var polls: [Poll] = []
    /// What the next keep-alives bring; after them, nothing.
    var keepAlives: [Poll] = []
    var isAssignmentLost = false
    /// Where partitions end; all others are endless.
    var ends: [TopicPartition: Int64] = [:]
    /// How many partitions topics have; of all others that is not known.
    var partitionCounts: [String: Int] = [:]
    /// What lies behind partitions that polls assign.
    var histories: [TopicPartition: PartitionHistory] = [:]
    /// What the next sends, flushes, reads, appends, … throw, by port; nil lets the call pass.
    var failures: [Call: [(any Error)?]] = [:]
    /// What the next receipts are; after them, everything is delivered.
    var outcomes: [Receipt.Outcome?] = []
    /// How often `whileWaiting` is called in each flush.
    var waitsPerFlush = 0
    /// The same for each commit.
    var waitsPerCommit = 0
    /// What every wait throws from that moment on.
    var impatience: (atMs: Int64, error: any Error)?
    var rows: [UserID: [UInt8]] = [:]
    var rowFailures: [UserID: RowFailure] = [:]
    /// Under which other id the database answers for a user.
    var aliases: [UserID: UserID] = [:]
    /// The positions of the next snapshots; the last one stays.
    var positions: [SourcePosition?] = [nil]
    /// Where the server's log ends, one answer after another; the last one stays.
    var binlogEnds: [SourcePosition?] = [nil]
    var answers: [UserID: MappingAnswer] = [:]

    // MARK: What was seen

    var topics: [String: [OutgoingRecord]] = [:]
    var productions: [Production] = []
    var parkings: [Parking] = []
    var committed: [TopicPartition: Int64] = [:]
    var readUsers: [[UserID]] = []
    var askedUsers: [[UserID]] = []
    var forgotten = 0
    var forgottenUsers: [Set<UserID>] = []
    var slept: [Int] = []
    var calls: [Call] = []
    private var queue: [(ticket: UInt64, record: OutgoingRecord)] = []
    private var lastTicket: UInt64 = 0

    enum Call: CaseIterable { case poll, history, end, binlogEnd, commit, send, flush, read, append, park, close, map, sleep }

    private func enter(_ call: Call) throws {
        calls.append(call)
        if var scripted = failures[call], !scripted.isEmpty {
            let failure = scripted.removeFirst()
            failures[call] = scripted
            if let failure { throw failure }
        }
    }

    // MARK: Ports

    func poll(maxRecords: Int, maxBytes: Int, timeoutMs: Int) throws -> Poll {
        try enter(.poll)
        return polls.isEmpty ? Poll() : polls.removeFirst()
    }

    func keepAlive() throws -> Poll {
        keepAlives.isEmpty ? Poll() : keepAlives.removeFirst()
    }

    func history(of partitions: Set<TopicPartition>, lookBack: Int) throws -> [TopicPartition: PartitionHistory] {
        try enter(.history)
        return histories.filter { partitions.contains($0.key) }.mapValues { history in
            var seen = history
            seen.last = history.last.suffix(lookBack)
            return seen
        }
    }

    func end(of partition: TopicPartition) throws -> Int64 {
        try enter(.end)
        return ends[partition] ?? .max
    }

    func partitionCount(of topic: String) throws -> Int? { partitionCounts[topic] }

    func commit(_ offsets: [TopicPartition: Int64], whileWaiting: () throws -> Void) throws {
        for _ in 0..<waitsPerCommit {
            clockMs += 300
            try whileWaiting()
        }
        try enter(.commit)
        committed.merge(offsets) { $1 }
        effects.append(.committed(offsets))
    }

    func send(_ record: OutgoingRecord, whileWaiting: () throws -> Void) throws -> UInt64 {
        try enter(.send)
        lastTicket += 1
        queue.append((lastTicket, record))
        effects.append(.sent(topic: record.topic, key: record.key.text ?? "", value: record.value.text))
        return lastTicket
    }

    func flush(timeoutMs: Int, whileWaiting: () throws -> Void) throws -> [Receipt] {
        for _ in 0..<waitsPerFlush {
            clockMs += 300
            try whileWaiting()
        }
        try enter(.flush)
        defer { queue = [] }
        var acknowledged = 0
        let receipts = queue.map { entry in
            let scripted = outcomes.isEmpty ? nil : outcomes.removeFirst()
            if let scripted { return Receipt(ticket: entry.ticket, outcome: scripted) }
            acknowledged += 1
            topics[entry.record.topic, default: []].append(entry.record)
            let offset = Int64(topics[entry.record.topic, default: []].count - 1)
            return Receipt(ticket: entry.ticket, outcome: .delivered(RecordAddress(partition: 0, offset: offset)))
        }
        effects.append(.acknowledged(acknowledged))
        return receipts
    }

    func purge() throws {
        effects.append(.purged)
        outcomes = queue.map { _ in .failed(PortFailure(.purged, "purged")) }
    }

    func rows(of users: [UserID]) throws -> SnapshotRows {
        try enter(.read)
        readUsers.append(users)
        let position = positions.count > 1 ? positions.removeFirst() : positions[0]
        // A row may come under another id than the one that was asked for.
        let found = Set(users.map { aliases[$0] ?? $0 })
        return SnapshotRows(
            position: position, rows: rows.filter { found.contains($0.key) },
            failures: rowFailures.filter { found.contains($0.key) })
    }

    func binlogEnd() throws -> SourcePosition? {
        try enter(.binlogEnd)
        return binlogEnds.count > 1 ? binlogEnds.removeFirst() : binlogEnds[0]
    }

    func append(_ productions: [Production]) throws {
        try enter(.append)
        self.productions += productions
        effects.append(.recorded(productions.map(\.user.text)))
    }

    func park(_ records: [Parking]) throws {
        try enter(.park)
        parkings += records
        effects.append(.parked(records.map(\.reason)))
    }

    func close(_ users: [UserID], hops: Set<Hop>) throws {
        try enter(.close)
        effects.append(.closed(users.map(\.text)))
    }

    func mappings(of users: [UserID], whileWaiting: () throws -> Void) throws -> [UserID: MappingAnswer] {
        try enter(.map)
        askedUsers.append(users)
        try whileWaiting()
        return answers.filter { users.contains($0.key) }
    }

    func forgetAnswers() { forgotten += 1 }

    func forgetAnswers(of users: Set<UserID>) { forgottenUsers.append(users) }

    var nowMs: Int64 { clockMs }

    func checkPatience() throws {
        if let impatience, clockMs >= impatience.atMs { throw impatience.error }
    }

    func sleep(ms: Int) throws {
        try enter(.sleep)
        slept.append(ms)
        clockMs += Int64(ms)
    }
}

extension [UInt8]? {
    var text: String? { map { String(decoding: $0, as: UTF8.self) } }
}

extension ScriptedWorld {
    func ports(_ counters: HopCounters = HopCounters(), logger: Logger = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() })
        -> HopPorts
    {
        HopPorts(source: self, sink: self, parkingLot: self, clock: self, counters: counters, logger: logger)
    }

    /// What the last records of a topic say of each key: the compacted view, tombstones included.
    func compacted(_ topic: String) -> [String: String] {
        (topics[topic] ?? []).reduce(into: [:]) { $0[$1.key.text ?? ""] = $1.value.text ?? tombstone }
    }
}

/// Collects warnings.
final class Warnings: Sendable {
    private let lines = Mutex<[String]>([])
    var texts: [String] { lines.withLock { $0 } }

    var logger: Logger {
        Logger(label: "test") { _ in Handler(warnings: self) }
    }

    private struct Handler: Logging.LogHandler {
        let warnings: Warnings
        var metadata: Logger.Metadata = [:]
        var logLevel = Logger.Level.info
        subscript(metadataKey key: String) -> Logger.Metadata.Value? {
            get { metadata[key] }
            set { metadata[key] = newValue }
        }
        func log(event: LogEvent) {
            if event.level >= .warning { warnings.lines.withLock { $0.append(event.message.description) } }
        }
    }
}

/// Stands for a null value in ``ScriptedWorld/compacted(_:)``.
let tombstone = "(tombstone)"

let unavailable = PortFailure(.unavailable, "connection refused")

/// The partition 0 of a topic.
func partition(_ topic: String, _ number: Int32 = 0) -> TopicPartition { TopicPartition(topic, number) }

func record(
    _ topic: String, partition: Int32 = 0, offset: Int64, timestampMs: Int64? = nil, key: String?, value: String?,
    headers: [Header] = []
) -> Record {
    Record(
        topic: topic, partition: partition, offset: offset, timestampMs: timestampMs, key: key.map { Array($0.utf8) },
        value: value.map { Array($0.utf8) }, headers: headers)
}

func position(_ offset: UInt64, server: UInt64? = 4242, file: String = "binlog.000001") -> SourcePosition? {
    SourcePosition(server: server, file: file, offset: offset)
}

/// A signal as the intake writes it.
func signal(_ user: String, at position: SourcePosition? = nil, partition: Int32 = 0, offset: Int64) -> Record {
    let signal = Signal(user: UserID(user), position: position, cause: .change)
    return Record(topic: "signals", partition: partition, offset: offset, key: signal.key, value: signal.value)
}
