import Domain
import Kafka
import Pipeline

/// Reads rows in snapshots.
final class SimulatedRows: RowReader {
    private let world: World

    init(_ world: World) {
        self.world = world
    }

    func rows(of users: [UserID]) throws -> SnapshotRows {
        try world.turn("read rows", "\(users.map(\.text).sorted())")
        let earlier = try world.positionBeforeSnapshot()
        let rows = try world.act { state in
            guard !state.isAway(.mysql) else { throw PortFailure(.unavailable, "MySQL does not answer") }
            return state.snapshot(of: users, at: earlier)
        }
        try world.turn("rows are read")
        try world.doze()
        return rows
    }

    func binlogEnd() throws -> SourcePosition? {
        try world.turn("ask for the log's end")
        return try world.act { state in
            guard !state.isAway(.mysql) else { throw PortFailure(.unavailable, "MySQL does not answer") }
            return state.server.end
        }
    }
}

extension World {
    /// Which transactions a snapshot shows at least, where that has to be asked for before it is opened; nil on MariaDB, where a
    /// snapshot tells it by itself.
    func positionBeforeSnapshot() throws -> SourcePosition? {
        guard let position = act({ $0.plan.hasGTIDs ? $0.server.snapshotPosition : nil }) else { return nil }
        try turn("open a snapshot", "which shows \(position) at least")
        return position
    }
}

extension WorldState {
    /// - Parameter position: What is known of the snapshot, where it cannot tell by itself.
    func snapshot(of users: [UserID], at position: SourcePosition?) -> SnapshotRows {
        let visible = server.visible
        var snapshot = SnapshotRows(position: position ?? server.snapshotPosition)
        for user in users { snapshot.rows[user] = server.row(of: user, in: visible) }
        return snapshot
    }
}

/// The ledger file of one machine.
struct SimulatedLedger: ProductionLog, RecoverableLedger {
    let world: World
    let machine: Int

    func append(_ productions: [Production]) throws {
        try world.turn("record", "\(productions.map { "\($0.user) at \($0.god)" })")
        try world.act { state in
            guard !state.isAway(.disk) else { throw PortFailure(.unavailable, "no space left on device") }
            for production in productions {
                if state.weather.swallowsProductions > 0 {
                    state.weather.swallowsProductions -= 1
                    state.note("the disk loses the production of \(production.user)")
                    state.truth.lostProductions.insert(production.god)
                    state.truth.blame(production.user, "production lost")
                    continue
                }
                state.machines[machine].productions.append(production)
            }
        }
        try world.turn("recorded")
    }

    func highestGodOffsets() throws -> [Int32: Int64] {
        world.act { state in
            state.machines[machine].productions.reduce(into: [:]) { highest, production in
                highest[production.god.partition] = max(highest[production.god.partition] ?? -1, production.god.offset)
            }
        }
    }
}

/// The file of parked records of one machine.
struct SimulatedParkingLot: ParkingLot {
    let world: World
    let machine: Int

    func park(_ records: [Parking]) throws {
        try world.turn("park", "\(records.map { "\($0.users) \($0.reason.rawValue)" })")
        try world.act { state in
            guard !state.isAway(.disk) else { throw PortFailure(.unavailable, "no space left on device") }
            for parking in records {
                let key = Machine.ParkedKey(partition: parking.record.topicPartition, offset: parking.record.offset)
                state.machines[machine].parked[key] = Machine.ParkedEntry(
                    hop: parking.hop, reason: parking.reason, user: parking.users.first, isOpen: true,
                    parkedAtMs: state.nowMs, number: state.machines[machine].parked.count)
                for user in parking.users { state.truth.blame(user, "parked: \(parking.reason.rawValue)") }
            }
        }
        try world.turn("parked")
    }

    func close(_ users: [UserID], hops: Set<Hop>) throws {
        let isConcerned = world.act { state in
            state.machines[machine].parked.values.contains { $0.isOpen && hops.contains($0.hop) }
        }
        guard isConcerned else { return }
        try world.turn("close parked", "\(users)")
        world.act { state in
            for (key, entry) in state.machines[machine].parked where entry.isOpen && hops.contains(entry.hop) {
                if let user = entry.user, users.contains(user) { state.machines[machine].parked[key]?.isOpen = false }
            }
        }
    }
}

/// The world's time.
final class SimulatedClock: Clock {
    private let world: World

    init(_ world: World) {
        self.world = world
    }

    var nowMs: Int64 { world.act { $0.nowMs } }

    func sleep(ms: Int) throws {
        try world.sleep(ms: ms)
    }
}

/// The God topic as a starting process reads it.
struct SimulatedProducedRecords: ProducedRecords {
    let world: World
    let name = Name.god
    private let positions = Positions()

    private final class Positions {
        var next: [Int32: Int64] = [:]
    }

    init(world: World) {
        self.world = world
    }

    func bounds() throws -> [Int32: Watermarks] {
        try world.turn("bounds", name)
        return world.act { state in
            Dictionary(
                uniqueKeysWithValues: state.broker.partitions(of: name).map {
                    ($0.partition, Watermarks(low: state.broker[$0].low, high: state.broker[$0].end))
                })
        }
    }

    func begin(at starts: [Int32: Int64]) {
        positions.next = starts
    }

    func poll(maxRecords: Int, timeoutMs: Int) throws -> Poll {
        try world.turn("poll", name)
        return world.act { state in
            var poll = Poll()
            for number in positions.next.keys.sorted() {
                let partition = TopicPartition(name, number)
                for stored in state.broker.records(partition, from: positions.next[number] ?? 0) {
                    poll.records.append(stored.asRead(from: partition))
                }
                positions.next[number] = state.broker[partition].end
                poll.ends[partition] = state.broker[partition].end
            }
            return poll
        }
    }
}
