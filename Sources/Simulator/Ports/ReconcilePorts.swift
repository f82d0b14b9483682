import Domain
import Kafka
import Reconcile
import Source

/// The world through the eyes of a reconciliation.
struct SimulatedReconcilePorts: ReconcilePorts {
    let world: World
    /// How a value looks by the time it has left a port; only a ``Variant`` changes that.
    var represent: @Sendable ([UInt8]) -> [UInt8] = { $0 }
    var clock: any ReconcileClock { SimulatedReconcileClock(world: world) }

    init(world: World) { self.world = world }

    func source() throws -> any SourcePort { SimulatedSource(world: world, represent: represent) }
    func topic(_ name: String) throws -> any TopicPort { SimulatedTopic(world: world, name: name, represent: represent) }
    func progress() throws -> any ProgressPort { SimulatedProgress(world: world) }
    func ledger() throws -> any LedgerPort { SimulatedLedgers(world: world) }
    func parked() throws -> any ParkedPort { SimulatedParked(world: world) }
    func mappings() throws -> any MappingPort { SimulatedMappingPort(world: world) }
    func replays() throws -> any ReplayPort { SimulatedReplayPort(world: world) }

    func concurrently(_ tasks: [@Sendable () throws -> Void]) throws {
        let failures = Failures()
        let process = world.act { $0.schedule.runningProcess }
        let actors = tasks.enumerated().map { index, task in
            world.spawn("reading \(index)", process: process) { _ in
                do { try task() } catch { failures.note(error) }
            }
        }
        try world.wait(for: actors)
        if let error = failures.first { throw error }
    }
}

struct SimulatedReconcileClock: ReconcileClock {
    let world: World

    func nowMs() -> Int64 { world.act { $0.nowMs } }

    func sleep(ms: Int) {
        // Who is killed over it learns so from the next port.
        try? world.sleep(ms: ms)
    }
}

/// What a broken port throws at a reconciliation: it knows no cure, and gives the run up.
struct PortTrouble: Error, CustomStringConvertible {
    let description: String
}

extension World {
    /// A reconciliation calls a port.
    func call(_ call: StaticString, _ detail: @autoclosure () -> String = "") throws {
        try turn(call, detail())
        if act({ $0.plan.troublesRuns && !$0.isFinishing && $0.schedule.chance.happens(2) }) {
            throw PortTrouble(description: "\(call) failed")
        }
    }

    /// The same for a call of a scan, over which the whole process may die.
    fileprivate func callOfScan(_ call: StaticString, _ detail: @autoclosure () -> String = "") throws {
        act { state in
            guard let left = state.weather.scanCallsUntilDeath else { return }
            state.weather.scanCallsUntilDeath = left > 0 ? left - 1 : nil
            let process = state.schedule.runningProcess
            if left == 0 { state.killAll { $0.process == process } }
        }
        try self.call(call, detail())
    }
}

private final class SimulatedSource: SourcePort {
    private let world: World
    private let represent: ([UInt8]) -> [UInt8]
    let hasFenceTable = true

    init(world: World, represent: @escaping ([UInt8]) -> [UInt8]) {
        self.world = world
        self.represent = represent
    }

    func serverFacts() throws -> SourceFacts {
        let hasGTIDs = world.act { $0.plan.hasGTIDs }
        return SourceFacts(
            serverID: Server.id, version: "simulated", isMariaDB: !hasGTIDs, hasBinlog: true, binlogFormat: "ROW",
            rowImage: "FULL", hasGTIDs: hasGTIDs)
    }

    func fields() throws -> [RowEncoder.Column] {
        [.init(name: "name", kind: .string), .init(name: "preference", kind: .string), .init(name: "user_id", kind: .integer)]
    }

    func boundary(after lower: UserID?, rows: Int) throws -> UserID? {
        try world.callOfScan("boundary")
        return world.act { state in
            state.readTurn = state.readTurn ?? state.schedule.turns
            let later = state.server.rows(in: state.server.visible).map(\.user).filter { user in lower.map { user > $0 } ?? true }
            return later.count >= rows ? later[rows - 1] : nil
        }
    }

    func scanDigests(
        after lower: UserID?, through upper: UserID?, _ body: (RawSpan, ScannedRow) throws -> Void
    ) throws -> SourcePosition? {
        try world.callOfScan("scan")
        let earlier = try world.positionBeforeSnapshot()
        let (rows, position) = world.act { state in
            (state.server.rows(in: state.server.visible), earlier ?? state.server.snapshotPosition)
        }
        for (user, row) in rows {
            if let lower, user <= lower { continue }
            if let upper, user > upper { continue }
            try body(user.keyBytes.span.bytes, .bytes(Digest(of: represent(row)), count: row.count))
        }
        try world.callOfScan("scanned", "through \(position)")
        return position
    }

    func rows(of users: [UserID]) throws -> SnapshotRows {
        try world.call("read rows to judge", "\(users.map(\.text).sorted())")
        let earlier = try world.positionBeforeSnapshot()
        var rows = world.act { $0.snapshot(of: users, at: earlier) }
        rows.rows = rows.rows.mapValues(represent)
        return rows
    }

    func binlogEnd() throws -> SourcePosition? {
        try world.call("ask for the log's end to pass")
        return world.act { $0.server.end }
    }

    func writeNonce(_ nonce: String) throws {
        try world.call("write a nonce")
        let transaction = world.act { state in
            let transaction = state.server.write([], nonce: nonce)
            state.schedule.announce(Name.binlog)
            return transaction
        }
        // What is logged will be visible, whatever becomes of who wrote it.
        defer { world.act { $0.server.commit(transaction) } }
        try world.turn("commit the nonce")
    }

    func close() {}
}

private final class SimulatedTopic: TopicPort {
    private let world: World
    private let represent: ([UInt8]) -> [UInt8]
    let name: String

    init(world: World, name: String, represent: @escaping ([UInt8]) -> [UInt8]) {
        self.world = world
        self.name = name
        self.represent = represent
    }

    func bounds() throws -> [Int32: OffsetBounds] {
        try world.call("bounds", name)
        return world.act { state in
            Dictionary(
                uniqueKeysWithValues: state.broker.partitions(of: name).map {
                    ($0.partition, OffsetBounds(low: state.broker[$0].low, end: state.broker[$0].end))
                })
        }
    }

    func read(from start: [Int32: Int64], to end: [Int32: Int64], _ body: (TopicEntry, RawSpan?) throws -> Void) throws {
        for (number, end) in end.sorted(by: { $0.key < $1.key }) where end > start[number] ?? 0 {
            try world.call("read", "\(name)[\(number)]")
            let records = world.act { state in
                Array(state.broker.records(TopicPartition(name, number), from: start[number] ?? 0, to: end))
            }
            for stored in records {
                let entry = TopicEntry(
                    address: RecordAddress(partition: number, offset: stored.offset), timestampMs: stored.timeMs,
                    digest: stored.record.value.map { Digest(of: represent($0)) })
                if let key = stored.record.key { try body(entry, key.span.bytes) } else { try body(entry, nil) }
            }
        }
    }

    func fetch(_ addresses: Set<RecordAddress>, _ body: (RecordAddress, TopicValue) throws -> Void) throws {
        try world.call("fetch", "\(name) \(addresses.map(\.description).sorted())")
        for address in addresses.sorted(by: { ($0.partition, $0.offset) < ($1.partition, $1.offset) }) {
            let stored = world.act { state in
                state.broker[TopicPartition(name, address.partition)].records.first { $0.offset == address.offset }
            }
            guard let stored else { continue }
            let headers = Dictionary(
                stored.record.headers.compactMap { header in header.value.map { (header.name, $0) } }
            ) { $1 }
            try body(
                address,
                TopicValue(
                    key: stored.record.key, value: stored.record.value.map(represent), headers: headers,
                    timestampMs: stored.timeMs))
        }
    }

    func close() {}
}

private struct SimulatedReplayPort: ReplayPort {
    let world: World

    func underWay() throws -> [String] {
        try world.call("replays under way?")
        return world.act { $0.replays.filter(\.isOpen).map(\.request.id) }
    }

    func close() {}
}

private final class SimulatedProgress: ProgressPort {
    private let world: World

    init(world: World) {
        self.world = world
    }

    func committed(group: String, topic: String, partitions: [Int32]) throws -> [Int32: Int64] {
        try world.call("committed?", group)
        return world.act { state in
            if group == Name.enricher { state.schedule.announce(Name.enricherAsked) }
            var offsets: [Int32: Int64] = [:]
            for partition in partitions {
                offsets[partition] = state.broker.groups[group]?.committed[TopicPartition(topic, partition)]
            }
            return offsets
        }
    }

    func connectorOffset() throws -> ConnectorOffset? {
        try world.call("connector's offset?")
        return world.act { $0.connectorOffset }
    }

    func close() {}
}
