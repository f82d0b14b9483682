import Domain
import Kafka
import Source

@testable import Reconcile

/// The world through the eyes of a reconciliation.
struct WorldPorts: ReconcilePorts {
    let world: World
    var clock: any ReconcileClock { WorldClock(world: world) }

    func source() throws -> any SourcePort { WorldSource(world: world) }
    func topic(_ name: String) throws -> any TopicPort { WorldTopic(world: world, name: name) }
    func progress() throws -> any ProgressPort { WorldProgress(world: world) }
    func ledger() throws -> any LedgerPort { WorldLedger(world: world) }
    func parked() throws -> any ParkedPort { WorldParked(world: world) }
    func mappings() throws -> any MappingPort { WorldMappings(world: world) }
    func replays() throws -> any ReplayPort { WorldReplays(world: world) }
    func cleanupPolicy(ofTopic name: String) throws -> String? { world.state.withLock { $0.cleanupPolicies[name] } }

    /// One after the other: a test wants one schedule, not many.
    func concurrently(_ tasks: [@Sendable () throws -> Void]) throws {
        for task in tasks { try task() }
    }
}

private struct WorldReplays: ReplayPort {
    let world: World

    func underWay() -> [String] {
        world.onReplaysAsked.withLock { $0 }(world)
        return world.state.withLock { $0.replays }
    }

    func close() {}
}

/// Time passes only when somebody waits.
private struct WorldClock: ReconcileClock {
    let world: World

    func nowMs() -> Int64 { world.state.withLock { $0.nowMs } }

    func sleep(ms: Int) {
        world.state.withLock { $0.nowMs += Int64(ms) }
        world.onSleep.withLock { $0 }(world)
    }
}

private final class WorldSource: SourcePort {
    let world: World
    let hasFenceTable = true

    init(world: World) { self.world = world }

    func serverFacts() throws -> SourceFacts {
        SourceFacts(
            serverID: World.server, version: "test", isMariaDB: true, hasBinlog: true, binlogFormat: "ROW", rowImage: "FULL")
    }

    func secondReading(of users: [UserID]) throws -> [UserID: SecondReading] {
        world.state.withLock { state in
            var readings: [UserID: SecondReading] = [:]
            for user in users {
                guard let row = state.rows[user], let members = (try? JSONValue(parsing: row))?.members else { continue }
                readings[user] = SecondReading(
                    bytes: row, fields: state.secondReadings[user] ?? members, names: Set(members.map(\.name)))
            }
            return readings
        }
    }

    func fields() throws -> [RowEncoder.Column] { world.state.withLock { $0.fields } }

    func tables() throws -> [String: String] { world.state.withLock { $0.tables } }

    func boundary(after lower: UserID?, rows: Int) throws -> UserID? {
        world.state.withLock { state in
            let later = state.rows.keys.filter { lower == nil || $0 > lower! }.sorted()
            return later.count > rows ? later[rows - 1] : nil
        }
    }

    func scanDigests(
        after lower: UserID?, through upper: UserID?, _ body: (RawSpan, ScannedRow) throws -> Void
    ) throws -> SourcePosition? {
        try world.onRange.withLock { $0 }(world)
        let (rows, repeated, position) = world.state.withLock { ($0.rows, $0.repeatedRows, $0.snapshotPosition) }
        for (user, row) in rows where (lower == nil || user > lower!) && (upper == nil || user <= upper!) {
            for _ in 0..<(repeated.contains(user) ? 2 : 1) {
                try body(user.keyBytes.span.bytes, .bytes(Digest(of: row), count: row.count))
            }
        }
        if lower == nil {
            for (shown, failure) in world.state.withLock({ $0.unreadableRows }) {
                try body(shown.keyBytes.span.bytes, .failure(failure))
            }
        }
        if upper == nil { world.onScanned.withLock { $0 }(world) }
        return position
    }

    func rows(of users: [UserID]) throws -> SnapshotRows {
        world.onRowsRead.withLock { $0 }(world)
        world.onUsersRead.withLock { $0 }(users.count)
        return world.state.withLock { state in
            let asked = Set(users)
            var rows = SnapshotRows(
                position: state.snapshotPosition, rows: state.rows.filter { asked.contains($0.key) })
            for user in state.repeatedRows where rows.rows[user] != nil {
                rows.rows[user] = nil
                rows.failures[user] = RowFailure(.duplicateRow, "two rows")
            }
            return rows
        }
    }

    func binlogEnd() throws -> SourcePosition? { world.state.withLock { $0.position } }

    func load() throws -> SourceLoad { world.state.withLock { $0.load } }

    func estimate() throws -> SourceEstimate { world.state.withLock { SourceEstimate(rows: $0.estimatedRows ?? $0.rows.count) } }

    func writeNonce(_ nonce: String) throws {
        world.state.withLock {
            $0.nonces.append(nonce)
            $0.logEnd += 10
        }
    }

    func close() {}
}

private final class WorldTopic: TopicPort {
    let world: World
    let name: String

    init(world: World, name: String) {
        self.world = world
        self.name = name
    }

    func bounds() throws -> [Int32: OffsetBounds] {
        try world.onBounds.withLock { $0 }()
        return try world.state.withLock { state in
            guard let partitions = state.topics[name] else { throw ReconcileError.topicAbsent(name) }
            return Dictionary(
                uniqueKeysWithValues: partitions.indices.map { index in
                    let partition = TopicPartition(name, Int32(index))
                    return (Int32(index), OffsetBounds(low: state.firstOffsets[partition] ?? 0, end: state.end(partition)))
                })
        }
    }

    func read(from start: [Int32: Int64], to end: [Int32: Int64], _ body: (TopicEntry, RawSpan?) throws -> Void) throws {
        for (number, end) in end {
            for offset in (start[number] ?? 0)..<max(start[number] ?? 0, end) {
                guard let record = world.state.withLock({ $0.record(TopicPartition(name, number), offset) }) else { continue }
                let entry = TopicEntry(
                    address: RecordAddress(partition: number, offset: offset), timestampMs: nil,
                    digest: record.value.map { Digest(of: $0) })
                if let key = record.key { try body(entry, key.span.bytes) } else { try body(entry, nil) }
            }
        }
    }

    func fetch(_ addresses: Set<RecordAddress>, _ body: (RecordAddress, TopicValue) throws -> Void) throws {
        world.fetches.withLock { $0[name, default: 0] += addresses.count }
        for address in addresses {
            let partition = TopicPartition(name, address.partition)
            guard let record = world.state.withLock({ $0.record(partition, address.offset) }) else { continue }
            let value = world.state.withLock { $0.fetched[address] } ?? record.value
            try body(address, TopicValue(key: record.key, value: value, headers: record.headers, timestampMs: nil))
        }
    }

    func close() {}
}

private final class WorldProgress: ProgressPort {
    let world: World

    init(world: World) { self.world = world }

    func committed(group: String, topic: String, partitions: [Int32]) throws -> [Int32: Int64] {
        if group == World.settings.groups.enrich { world.onEnricherAsked.withLock { $0 }(world) }
        return world.state.withLock { state in
            var offsets: [Int32: Int64] = [:]
            for partition in partitions { offsets[partition] = state.committed[group]?[TopicPartition(topic, partition)] }
            return offsets
        }
    }

    func connectorOffset() throws -> ConnectorOffset? { world.state.withLock { $0.connectorOffset } }

    func close() {}
}

private final class WorldLedger: LedgerPort {
    let world: World

    init(world: World) { self.world = world }

    func read(after position: LedgerPosition, _ body: (Production) throws -> Void) throws -> LedgerPosition {
        let all = world.state.withLock { $0.productions }
        for production in all[Int(position.lastIDs.first ?? 0)...] { try body(production) }
        return LedgerPosition(lastIDs: [Int64(all.count)])
    }

    func highestGodOffsets() throws -> [Int32: Int64] {
        world.state.withLock { state in
            state.productions.reduce(into: [:]) { highest, production in
                highest[production.god.partition] = max(highest[production.god.partition] ?? 0, production.god.offset)
            }
        }
    }

    func marks() throws -> [LedgerMark] {
        world.state.withLock { [LedgerMark(id: $0.ledgerID, lastID: Int64($0.productions.count))] }
    }
}

private struct WorldMappings: MappingPort {
    let world: World

    func answers(for users: [UserID]) throws -> [UserID: PresentMapping] {
        world.state.withLock { state in
            Dictionary(uniqueKeysWithValues: users.map { ($0, state.mappings[$0] ?? .digest(nil)) })
        }
    }
}

private struct WorldParked: ParkedPort {
    let world: World

    func open(_ body: (UserID, OpenParking) throws -> Void) throws -> Int {
        let (entries, withoutUser) = world.state.withLock { ($0.parked, $0.parkedWithoutUser) }
        for (user, parking) in entries { try body(user, parking) }
        return withoutUser
    }
}
