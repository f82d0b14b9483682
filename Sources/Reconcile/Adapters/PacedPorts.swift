import Domain
import Source

/// Ports whose long readings, of everyone's row, of whole topics and ledgers, rest more than they work: for a run beside a pipeline, which has time.
///
/// Looks at single users are not held back, because the time for settling is limited.
public struct PacedPorts: ReconcilePorts {
    private let ports: any ReconcilePorts

    public init(_ ports: any ReconcilePorts) {
        self.ports = ports
    }

    public var clock: any ReconcileClock { ports.clock }

    private func pacer() -> Pacer {
        let clock = clock
        return Pacer { clock.sleep(ms: $0) }
    }

    public func source() throws -> any SourcePort { PacedSource(base: try ports.source(), pacer: pacer()) }
    public func topic(_ name: String) throws -> any TopicPort { PacedTopic(port: try ports.topic(name), pacer: pacer()) }
    public func ledger() throws -> any LedgerPort { PacedLedger(port: try ports.ledger(), pacer: pacer()) }
    public func replicas() throws -> [NamedSource] { try ports.replicas() }
    public func progress() throws -> any ProgressPort { try ports.progress() }
    public func parked() throws -> any ParkedPort { try ports.parked() }
    public func mappings() throws -> any MappingPort { try ports.mappings() }
    public func replays() throws -> any ReplayPort { try ports.replays() }
    public func cleanupPolicy(ofTopic name: String) throws -> String? { try ports.cleanupPolicy(ofTopic: name) }
    public func concurrently(_ tasks: [@Sendable () throws -> Void]) throws { try ports.concurrently(tasks) }
}

private struct PacedSource: ForwardingSource {
    let base: any SourcePort
    let pacer: Pacer

    func scanDigests(
        after lower: UserID?, through upper: UserID?, _ body: (RawSpan, ScannedRow) throws -> Void
    ) throws -> SourcePosition? {
        try base.scanDigests(after: lower, through: upper) { user, row in
            try body(user, row)
            pacer.step()
        }
    }
}

private struct PacedTopic: TopicPort {
    let port: any TopicPort
    let pacer: Pacer

    func read(from start: [Int32: Int64], to end: [Int32: Int64], _ body: (TopicEntry, RawSpan?) throws -> Void) throws {
        try port.read(from: start, to: end) { entry, key in
            try body(entry, key)
            pacer.step()
        }
    }

    func readValues(
        from start: [Int32: Int64], to end: [Int32: Int64], _ body: (RecordAddress, TopicValue) throws -> Void
    ) throws {
        try port.readValues(from: start, to: end) { address, value in
            try body(address, value)
            pacer.step()
        }
    }

    var name: String { port.name }
    func bounds() throws -> [Int32: OffsetBounds] { try port.bounds() }
    func fetch(_ addresses: Set<RecordAddress>, _ body: (RecordAddress, TopicValue) throws -> Void) throws {
        try port.fetch(addresses, body)
    }
    func close() { port.close() }
}

private struct PacedLedger: LedgerPort {
    let port: any LedgerPort
    let pacer: Pacer

    func read(after position: LedgerPosition, _ body: (Production) throws -> Void) throws -> LedgerPosition {
        try port.read(after: position) { production in
            try body(production)
            pacer.step()
        }
    }

    func highestGodOffsets() throws -> [Int32: Int64] { try port.highestGodOffsets() }
    func marks() throws -> [LedgerMark] { try port.marks() }
}
