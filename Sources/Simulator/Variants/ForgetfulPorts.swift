import Domain
import Reconcile
import Source
import Synchronization

/// Whether a run still decides whom to look at, which it does before it asks for the columns.
final class Planning: Sendable {
    private let hasEnded = Mutex(false)
    /// The user who is forgotten: not the first one, to whom the first slice belongs.
    static let forgotten = UserID("2")

    func end() { hasEnded.withLock { $0 = true } }

    var goesOn: Bool { !hasEnded.withLock { $0 } }
}

/// A source that tells when the plan is made.
final class SourceAfterPlanning: ForwardingSource {
    let base: any SourcePort
    private let planning: Planning

    init(_ base: any SourcePort, _ planning: Planning) {
        self.base = base
        self.planning = planning
    }

    func fields() throws -> [RowEncoder.Column] {
        planning.end()
        return try base.fields()
    }
}

/// A topic that says nothing of somebody while the plan is made.
final class ForgetfulTopic: TopicPort {
    private let base: any TopicPort
    private let planning: Planning

    init(_ base: any TopicPort, _ planning: Planning) {
        self.base = base
        self.planning = planning
    }

    var name: String { base.name }
    func bounds() throws -> [Int32: OffsetBounds] { try base.bounds() }

    func read(from start: [Int32: Int64], to end: [Int32: Int64], _ body: (TopicEntry, RawSpan?) throws -> Void) throws {
        try base.read(from: start, to: end) { entry, key in
            guard let key else { return try body(entry, nil) }
            if planning.goesOn, key.withUnsafeBytes({ Array($0) }) == Planning.forgotten.keyBytes { return }
            try body(entry, key)
        }
    }

    func readValues(
        from start: [Int32: Int64], to end: [Int32: Int64], _ body: (RecordAddress, TopicValue) throws -> Void
    ) throws {
        let key = Array("{\"user_id\":\(Planning.forgotten.text)}".utf8)
        try base.readValues(from: start, to: end) { address, value in
            if planning.goesOn, value.key == key { return }
            try body(address, value)
        }
    }

    func fetch(_ addresses: Set<RecordAddress>, _ body: (RecordAddress, TopicValue) throws -> Void) throws {
        try base.fetch(addresses, body)
    }

    func close() { base.close() }
}

/// Ledgers that list nothing of somebody while the plan is made.
struct ForgetfulLedger: LedgerPort {
    let base: any LedgerPort
    let planning: Planning

    func read(after position: LedgerPosition, _ body: (Production) throws -> Void) throws -> LedgerPosition {
        try base.read(after: position) { production in
            if planning.goesOn, production.user == Planning.forgotten { return }
            try body(production)
        }
    }

    func highestGodOffsets() throws -> [Int32: Int64] { try base.highestGodOffsets() }
    func marks() throws -> [LedgerMark] { try base.marks() }
}

/// A source whose ranges look complete when the scan dies over them.
final class TrustingUnfinishedRanges: ForwardingSource {
    let base: any SourcePort
    private let world: World

    init(_ base: any SourcePort, _ world: World) {
        self.base = base
        self.world = world
    }

    func scanDigests(
        after lower: UserID?, through upper: UserID?, _ body: (RawSpan, ScannedRow) throws -> Void
    ) throws -> SourcePosition? {
        do {
            return try base.scanDigests(after: lower, through: upper, body)
        } catch is Crash {
            return world.act { $0.server.snapshotPosition }
        }
    }
}
