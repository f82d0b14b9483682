import Domain
import Reconcile
import Source

/// Ports that end a run with ``ReconcileError/interrupted`` at the next call after a stop was asked for.
struct StoppablePorts: ReconcilePorts {
    private let ports: any ReconcilePorts

    init(_ ports: any ReconcilePorts) {
        self.ports = ports
    }

    var clock: any ReconcileClock { StoppableClock(clock: ports.clock) }

    func source() throws -> any SourcePort {
        try stoppable { StoppableSource(port: try ports.source()) }
    }

    func topic(_ name: String) throws -> any TopicPort {
        try stoppable { StoppableTopic(port: try ports.topic(name)) }
    }

    func replicas() throws -> [NamedSource] {
        try stoppable { try ports.replicas() }
    }

    func progress() throws -> any ProgressPort {
        try stoppable { StoppableProgress(port: try ports.progress()) }
    }

    func ledger() throws -> any LedgerPort {
        try stoppable { try ports.ledger() }
    }

    func mappings() throws -> any MappingPort {
        try stoppable { StoppableMappings(port: try ports.mappings()) }
    }

    func replays() throws -> any ReplayPort {
        try stoppable { try ports.replays() }
    }

    func cleanupPolicy(ofTopic name: String) throws -> String? {
        try stoppable { try ports.cleanupPolicy(ofTopic: name) }
    }

    func parked() throws -> any ParkedPort {
        try stoppable { try ports.parked() }
    }

    func concurrently(_ tasks: [@Sendable () throws -> Void]) throws {
        try stoppable { try ports.concurrently(tasks) }
    }
}

/// Runs a call of a port, unless a stop was asked for. What goes wrong after that is of no interest any more.
private func stoppable<Value>(_ call: () throws -> Value) throws -> Value {
    try checkStop()
    do {
        return try call()
    } catch {
        try checkStop()
        throw error
    }
}

private func checkStop() throws(ReconcileError) {
    if StopSignals.isStopRequested { throw .interrupted }
}

private struct StoppableClock: ReconcileClock {
    let clock: any ReconcileClock

    func nowMs() -> Int64 { clock.nowMs() }

    func sleep(ms: Int) {
        // In pieces, because a signal may be answered by another thread than the one that sleeps.
        let deadline = clock.nowMs() + Int64(ms)
        while !StopSignals.isStopRequested {
            let rest = deadline - clock.nowMs()
            guard rest > 0 else { return }
            clock.sleep(ms: Int(min(rest, 100)))
        }
    }
}

private struct StoppableSource: SourcePort {
    let port: any SourcePort

    var hasFenceTable: Bool { port.hasFenceTable }

    func serverFacts() throws -> SourceFacts {
        try stoppable { try port.serverFacts() }
    }

    func fields() throws -> [RowEncoder.Column] {
        try stoppable { try port.fields() }
    }

    func encodingID() throws -> String? {
        try stoppable { try port.encodingID() }
    }

    func tables() throws -> [String: String] {
        try stoppable { try port.tables() }
    }

    func secondReading(of users: [UserID]) throws -> [UserID: SecondReading] {
        try stoppable { try port.secondReading(of: users) }
    }

    func boundary(after lower: UserID?, rows: Int) throws -> UserID? {
        try stoppable { try port.boundary(after: lower, rows: rows) }
    }

    func scanDigests(
        after lower: UserID?, through upper: UserID?, _ body: (RawSpan, ScannedRow) throws -> Void
    ) throws -> SourcePosition? {
        try stoppable {
            try port.scanDigests(after: lower, through: upper) { user, row in
                try checkStop()
                try body(user, row)
            }
        }
    }

    func rows(of users: [UserID]) throws -> SnapshotRows {
        try stoppable { try port.rows(of: users) }
    }

    func binlogEnd() throws -> SourcePosition? {
        try stoppable { try port.binlogEnd() }
    }

    func writeNonce(_ nonce: String) throws {
        try stoppable { try port.writeNonce(nonce) }
    }

    func load() throws -> SourceLoad {
        try stoppable { try port.load() }
    }

    func estimate() throws -> SourceEstimate {
        try stoppable { try port.estimate() }
    }

    func close() { port.close() }
}

private struct StoppableMappings: MappingPort {
    let port: any MappingPort

    func answers(for users: [UserID]) throws -> [UserID: PresentMapping] {
        try stoppable { try port.answers(for: users) }
    }
}

private struct StoppableTopic: TopicPort {
    let port: any TopicPort

    var name: String { port.name }

    func bounds() throws -> [Int32: OffsetBounds] {
        try stoppable { try port.bounds() }
    }

    func read(from start: [Int32: Int64], to end: [Int32: Int64], _ body: (TopicEntry, RawSpan?) throws -> Void) throws {
        try stoppable {
            try port.read(from: start, to: end) { entry, key in
                try checkStop()
                try body(entry, key)
            }
        }
    }

    func readValues(
        from start: [Int32: Int64], to end: [Int32: Int64], _ body: (RecordAddress, TopicValue) throws -> Void
    ) throws {
        try stoppable {
            try port.readValues(from: start, to: end) { address, record in
                try checkStop()
                try body(address, record)
            }
        }
    }

    func fetch(_ addresses: Set<RecordAddress>, _ body: (RecordAddress, TopicValue) throws -> Void) throws {
        try stoppable { try port.fetch(addresses, body) }
    }

    func close() { port.close() }
}

private struct StoppableProgress: ProgressPort {
    let port: any ProgressPort

    func committed(group: String, topic: String, partitions: [Int32]) throws -> [Int32: Int64] {
        try stoppable { try port.committed(group: group, topic: topic, partitions: partitions) }
    }

    func connectorOffset() throws -> ConnectorOffset? {
        try stoppable { try port.connectorOffset() }
    }

    func close() { port.close() }
}
