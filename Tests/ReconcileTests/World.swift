import Domain
import Kafka
import Source
import Synchronization

@testable import Reconcile

/// A whole migration in memory: a source with a binary log, a connector, topics, a pipeline that moves when it is told to, a
/// ledger. It stands in for servers only where a test has to stop the world at an exact place; the reconciliation is the real one.
final class World: Sendable {
    static let partitionCount = 4
    static let server: UInt64 = 7

    struct StoredRecord: Sendable {
        var key: [UInt8]?
        var value: [UInt8]?
        var headers: [String: [UInt8]] = [:]
    }

    struct State: Sendable {
        var rows: [UserID: [UInt8]] = [:]
        /// Rows that a scan meets and no query by id can find, because their ids cannot be read.
        var unreadableRows: [UserID: RowFailure] = [:]
        /// The end of the binary log, in bytes.
        var logEnd: UInt64 = 1000
        var connectorOffset: ConnectorOffset?
        /// Records by topic and partition. The offset of a record is its index plus the partition's first offset.
        var topics: [String: [[StoredRecord]]] = [:]
        var firstOffsets: [TopicPartition: Int64] = [:]
        /// Offsets at the end of a partition that hold no record, as a transaction's marker does.
        var trailingGaps: [TopicPartition: Int64] = [:]
        /// Offsets of records that the cleaner has taken.
        var cleaned: [TopicPartition: Set<Int64>] = [:]
        var committed: [String: [TopicPartition: Int64]] = [:]
        var productions: [Production] = []
        /// Open entries among the parked records.
        var parked: [(UserID, OpenParking)] = []
        var parkedWithoutUser = 0
        /// Replays that were asked for and are not done.
        var replays: [String] = []
        /// Users for whom the aggregate query yields two rows.
        var repeatedRows: Set<UserID> = []
        var nowMs: Int64 = 1_700_000_000_000
        /// Hops that do nothing, however often the pipeline is pumped.
        var stuck: Set<String> = []
        /// Users whose aggregates, or God objects, the pipeline forgets to write.
        var loses: [Hop: Set<UserID>] = [:]
        var nonces: [String] = []
        /// Where the log ended when what snapshots show became visible; nil where that is all of it.
        var shownThrough: UInt64?
        /// The server that the rows are on.
        var server = World.server
        /// Where the source is MySQL with GTIDs: positions are sets of this server's transactions, and no places.
        var sourceUUID: String?
        /// Records that compaction has removed.
        var compacted: [TopicPartition: Set<Int64>] = [:]
        /// What the mapping service says now, where it is not "nothing".
        var mappings: [UserID: PresentMapping] = [:]
        /// What a record holds when it is fetched by its address, where that is not what it held when it was read.
        var fetched: [RecordAddress: [UInt8]] = [:]
        /// What a second reading of a row makes of it, where that is not what the first one did.
        var secondReadings: [UserID: [JSONValue.Member]] = [:]
        /// What the broker says of a topic.
        var cleanupPolicies: [String: String] = [:]
        /// The columns of the aggregate query's result.
        var fields: [RowEncoder.Column] = [.init(name: "user_id", kind: .string), .init(name: "v", kind: .string)]
        /// The tables that they come from.
        var tables: [String: String] = [:]
        var ledgerID = "ledger"
        /// How many rows the source's statistics say there are, where they are wrong.
        var estimatedRows: Int?
        /// What the source says of how much it has to do.
        var load = SourceLoad()
    }

    let state: Mutex<State>
    /// Called, without the lock, whenever the reconciliation waits: by default the pipeline moves on.
    let onSleep: Mutex<@Sendable (World) -> Void> = Mutex { $0.pump() }
    /// Called, without the lock, before rows of single users are read.
    let onRowsRead: Mutex<@Sendable (World) -> Void> = Mutex { _ in }
    /// Called with how many users' rows are read at a time.
    let onUsersRead: Mutex<@Sendable (Int) -> Void> = Mutex { _ in }
    /// How many records were fetched by their addresses, by topic.
    let fetches = Mutex<[String: Int]>([:])
    /// Called, without the lock, before it is told where a topic ends; what it throws, the topic throws.
    let onBounds: Mutex<@Sendable () throws -> Void> = Mutex {}
    /// Called, without the lock, before the enricher's commits are told.
    let onEnricherAsked: Mutex<@Sendable (World) -> Void> = Mutex { _ in }
    /// Called, without the lock, before it is told which replays are under way.
    let onReplaysAsked: Mutex<@Sendable (World) -> Void> = Mutex { _ in }
    /// Called, without the lock, before each range of a scan is read; what it throws, the scan throws.
    let onRange: Mutex<@Sendable (World) throws -> Void> = Mutex { _ in }
    /// Called, without the lock, after the scan of the source has ended.
    let onScanned: Mutex<@Sendable (World) -> Void> = Mutex { _ in }

    init(users: Int = 20) {
        var state = State()
        for topic in [Topic.changes, Topic.signals, Topic.aggregate, Topic.god] {
            state.topics[topic] = Array(repeating: [], count: Self.partitionCount)
        }
        self.state = Mutex(state)
        for number in 1...max(users, 1) where users > 0 { change(UserID("\(number)"), to: "value \(number)") }
        pump()
    }

    enum Topic {
        static let changes = "changes"
        static let signals = "signals"
        static let aggregate = "aggregate"
        static let god = "god"
    }

    // MARK: - What happens in the source

    /// Writes or deletes a row. Without an event, as when the binary log is switched off, nothing downstream hears of it.
    func change(_ user: UserID, to value: String?, emitsEvent: Bool = true) {
        state.withLock { state in
            state.rows[user] = value.map {
                JSONValue.object([.init("user_id", .string(user.text)), .init("v", .string($0))]).bytes
            }
            guard emitsEvent else { return }
            let event = JSONValue.object([.init("user_id", .string(user.text)), .init("__op", value == nil ? "d" : "u")])
            state.append(Topic.changes, StoredRecord(key: user.keyBytes, value: event.bytes))
            state.logEnd += 100
        }
    }

    // MARK: - What the pipeline does

    /// Lets every hop that is not stuck do all of its work.
    func pump() {
        state.withLock { state in
            if !state.stuck.contains("connector") {
                state.connectorOffset = ConnectorOffset(position: state.position, isSnapshot: false)
            }
            state.consume(Topic.changes, group: "intake") { state, record, _ in
                state.append(Topic.signals, StoredRecord(key: record.key, value: record.value))
            }
            state.consume(Topic.signals, group: "aggregator") { state, record, address in
                let user = UserID(String(decoding: record.key ?? [], as: UTF8.self))
                if state.loses[.aggregator, default: []].contains(user) { return }
                let provenance = AggregateProvenance(version: state.position, signal: address, encoding: "e1")
                state.append(
                    Topic.aggregate,
                    StoredRecord(key: record.key, value: state.rows[user], headers: headers(provenance.headers)))
            }
            state.consume(Topic.aggregate, group: "enricher") { state, record, address in
                let user = UserID(String(decoding: record.key ?? [], as: UTF8.self))
                if state.loses[.enricher, default: []].contains(user) { return }
                state.produceGod(user, from: record, at: address)
            }
        }
    }
}

extension World.State {
    /// Where the log ends.
    var position: SourcePosition { position(at: logEnd) }

    /// Up to where snapshots show everything.
    var snapshotPosition: SourcePosition { position(at: shownThrough ?? logEnd) }

    private func position(at end: UInt64) -> SourcePosition {
        let place = SourcePosition(server: server, logName: "binlog", logNumber: 1, offset: end)
        guard let sourceUUID, let executed = GTIDSet(executed: "\(sourceUUID):1-\(end)") else { return place }
        return SourcePosition(place: nil, gtids: executed) ?? place
    }

    @discardableResult
    mutating func append(_ topic: String, _ record: World.StoredRecord, partition: Int32? = nil) -> RecordAddress {
        let partition = partition ?? Partitioner.murmur2(key: record.key ?? [], partitionCount: World.partitionCount)
        topics[topic]?[Int(partition)].append(record)
        return RecordAddress(partition: partition, offset: end(TopicPartition(topic, partition)) - 1)
    }

    func end(_ partition: TopicPartition) -> Int64 {
        let count = topics[partition.topic]?[Int(partition.partition)].count ?? 0
        return (firstOffsets[partition] ?? 0) + Int64(count) + (trailingGaps[partition] ?? 0)
    }

    func record(_ partition: TopicPartition, _ offset: Int64) -> World.StoredRecord? {
        if cleaned[partition]?.contains(offset) == true { return nil }
        let index = Int(offset - (firstOffsets[partition] ?? 0))
        if compacted[partition]?.contains(offset) == true { return nil }
        guard let records = topics[partition.topic]?[Int(partition.partition)], records.indices.contains(index) else {
            return nil
        }
        return records[index]
    }

    /// Removes every record that a later one of its key has replaced, and every tombstone, as compaction does in the end.
    mutating func compact(_ topic: String) {
        for (number, records) in (topics[topic] ?? []).enumerated() {
            let partition = TopicPartition(topic, Int32(number))
            let first = firstOffsets[partition] ?? 0
            var newest: [[UInt8]: Int64] = [:]
            for (index, record) in records.enumerated() { newest[record.key ?? []] = first + Int64(index) }
            for (index, record) in records.enumerated() {
                let offset = first + Int64(index)
                if newest[record.key ?? []] != offset || record.value == nil {
                    compacted[partition, default: []].insert(offset)
                }
            }
        }
    }

    /// Removes the records of a partition before an offset, as retention does.
    mutating func forget(_ partition: TopicPartition, before offset: Int64) {
        let first = firstOffsets[partition] ?? 0
        guard offset > first else { return }
        topics[partition.topic]?[Int(partition.partition)].removeFirst(Int(offset - first))
        firstOffsets[partition] = offset
    }

    mutating func consume(
        _ topic: String, group: String, _ body: (inout World.State, World.StoredRecord, RecordAddress) -> Void
    ) {
        guard !stuck.contains(group) else { return }
        for number in 0..<Int32(World.partitionCount) {
            let partition = TopicPartition(topic, number)
            let start = committed[group]?[partition] ?? 0
            let end = end(partition)
            for offset in start..<max(start, end) {
                if let record = record(partition, offset) {
                    body(&self, record, RecordAddress(partition: number, offset: offset))
                }
            }
            if end > 0 { committed[group, default: [:]][partition] = max(start, end) }
        }
    }

    mutating func produceGod(
        _ user: UserID, from aggregate: World.StoredRecord, at address: RecordAddress, mapping: [UInt8]? = nil
    ) {
        let value = aggregate.value.map { GodObject.compose(aggregate: $0, mapping: mapping) }
        let version = aggregate.headers[HeaderName.version].map { [HeaderName.version: $0] } ?? [:]
        let god = append(World.Topic.god, World.StoredRecord(key: user.keyBytes, value: value, headers: version))
        productions.append(
            Production(
                user: user, god: god, godDigest: value.map { Digest(of: $0) }, aggregate: address,
                aggregateDigest: aggregate.value.map { Digest(of: $0) }, version: position,
                mappingDigest: mapping.map { Digest(of: $0) },
                producedAtMs: nowMs))
    }
}

private func headers(_ pairs: [(name: String, text: String)]) -> [String: [UInt8]] {
    Dictionary(uniqueKeysWithValues: pairs.map { ($0.name, Array($0.text.utf8)) })
}
