import Domain
import Kafka
import Reconcile
import Source
import Synchronization

/// A run's ports, some of which are wrong.
struct ChangedPorts: ReconcilePorts {
    let base: SimulatedReconcilePorts
    var changeSource: @Sendable (any SourcePort) -> any SourcePort = { $0 }
    var changeProgress: @Sendable (any ProgressPort) -> any ProgressPort = { $0 }
    var changeTopic: @Sendable (any TopicPort) -> any TopicPort = { $0 }
    var changeLedger: @Sendable (any LedgerPort) -> any LedgerPort = { $0 }

    var clock: any ReconcileClock { base.clock }
    func source() throws -> any SourcePort { changeSource(try base.source()) }
    func topic(_ name: String) throws -> any TopicPort { changeTopic(try base.topic(name)) }
    func progress() throws -> any ProgressPort { changeProgress(try base.progress()) }
    func ledger() throws -> any LedgerPort { changeLedger(try base.ledger()) }
    func parked() throws -> any ParkedPort { try base.parked() }
    func mappings() throws -> any MappingPort { try base.mappings() }
    func replays() throws -> any ReplayPort { try base.replays() }
    func concurrently(_ tasks: [@Sendable () throws -> Void]) throws { try base.concurrently(tasks) }
}

/// Progress that has always been made already, as far as somebody says so.
final class FarAheadProgress: ProgressPort {
    private let base: any ProgressPort
    private let world: World
    private let isSaidNow: () -> Bool

    init(_ base: any ProgressPort, _ world: World, _ isSaidNow: @escaping () -> Bool) {
        self.base = base
        self.world = world
        self.isSaidNow = isSaidNow
    }

    func committed(group: String, topic: String, partitions: [Int32]) throws -> [Int32: Int64] {
        let offsets = try base.committed(group: group, topic: topic, partitions: partitions)
        guard isSaidNow() else { return offsets }
        return world.act { state in
            Dictionary(uniqueKeysWithValues: partitions.map { ($0, state.broker[TopicPartition(topic, $0)].end) })
        }
    }

    func connectorOffset() throws -> ConnectorOffset? {
        let offset = try base.connectorOffset()
        guard isSaidNow() else { return offset }
        return ConnectorOffset(position: world.act { $0.server.end }, isSnapshot: false)
    }

    func close() {}
}

/// Takes the newest event of the fence table for the connector's offset.
final class NonceSeenProgress: ProgressPort {
    private let base: any ProgressPort
    private let world: World

    init(_ base: any ProgressPort, _ world: World) {
        self.base = base
        self.world = world
    }

    func committed(group: String, topic: String, partitions: [Int32]) throws -> [Int32: Int64] {
        try base.committed(group: group, topic: topic, partitions: partitions)
    }

    func connectorOffset() throws -> ConnectorOffset? {
        _ = try base.connectorOffset()
        return world.act { state in
            state.broker[TopicPartition(Name.fence, 0)].history.last?.record.position.map {
                ConnectorOffset(position: $0, isSnapshot: false)
            }
        }
    }

    func close() {}
}

/// Counts how often a fence was begun: the first stands before the comparison, and each round of settling has two.
final class FencePasses: Sendable {
    private let count = Mutex(0)

    func begin() { count.withLock { $0 += 1 } }

    var isSecondOfRound: Bool { count.withLock { $0 >= 3 && $0 % 2 == 1 } }
}

/// The source, which each fence asks for the log's end once.
final class CountingSource: ForwardingSource {
    let base: any SourcePort
    private let passes: FencePasses

    init(_ base: any SourcePort, _ passes: FencePasses) {
        self.base = base
        self.passes = passes
    }

    func binlogEnd() throws -> SourcePosition? {
        passes.begin()
        return try base.binlogEnd()
    }
}

/// The source, of which each suspect's row is read once and never again.
final class RememberingSource: ForwardingSource {
    let base: any SourcePort
    private var known: [UserID: [UInt8]?] = [:]

    init(_ base: any SourcePort) { self.base = base }

    func rows(of users: [UserID]) throws -> SnapshotRows {
        var rows = try base.rows(of: users)
        for user in users {
            if let remembered = known[user] { rows.rows[user] = remembered } else { known[user] = .some(rows.rows[user]) }
        }
        return rows
    }
}

/// Values whose fields' digests have the same exclusive or, taken for one another: each is shown as the first of its class.
final class WeakDigests: Sendable {
    private let first = Mutex<[UInt64: [UInt8]]>([:])

    func represent(_ value: [UInt8]) -> [UInt8] {
        guard let json = try? JSONValue(parsing: value) else { return value }
        let weak = Self.digest(of: json)
        return first.withLock { first in
            if let known = first[weak] { return known }
            first[weak] = value
            return value
        }
    }

    private static func digest(of value: JSONValue) -> UInt64 {
        guard let members = value.members else { return Digest(of: value.bytes).rawValue }
        return members.reduce(0) { $0 ^ digest(of: $1.value) }
    }
}
