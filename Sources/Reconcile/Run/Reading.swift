import Domain
import Report
import Synchronization

/// The first reading of a run: source, topics and ledgers.
struct Reading: Sendable {
    var scan: SourceScan
    var aggregate: SpilledTopic
    /// Nil when only the aggregate stage is judged, as are the ledgers.
    var god: SpilledTopic?
    var ledger: SpilledLedger?
    var parked: SpilledParked
    /// From where a later run may go on, and since when that holds.
    private(set) var start: RunStart
    /// What the reader of the report should know about the scan.
    private(set) var notes: [String] = []
    /// Rows of users who exist.
    private(set) var rows = 0
    /// Rows that a slice of the keys held.
    private(set) var sliceRows = 0

    /// - Parameters:
    ///   - start: How things stood when the run began.
    ///   - onScan: Called from the scanning thread.
    init(
        _ settings: VerifySettings, _ memory: MemoryPlan, _ plan: RunPlan, start: RunStart, _ ports: CanaryPorts,
        onScan: @escaping @Sendable (ScanWork.Event) -> Void
    ) throws {
        let work = ReadingWork(settings, memory, ports, onScan)
        let scanned = Slot<ReadingWork.Scanned>()
        let aggregate = Slot<SpilledTopic>()
        let god = Slot<SpilledTopic>()
        let ledger = Slot<SpilledLedger>()
        let judgesGod = settings.stages.contains(.god)
        var filter: DueFilter?
        if let changed = plan.changed {
            // First, because the rows of a slice tell whom to look for in the topics.
            let known = try work.changed(changed)
            filter = known.filter
            scanned.fill(known)
        }
        let only = filter
        var tasks: [@Sendable () throws -> Void] = [
            { try aggregate.fill(work.topic(settings.topics.aggregate, only)) }
        ]
        if plan.changed == nil { tasks.insert({ try scanned.fill(work.everyone(start)) }, at: 0) }
        if judgesGod {
            tasks.append { try god.fill(work.topic(settings.topics.god, only)) }
            tasks.append { try ledger.fill(work.ledger(only)) }
        }
        try ports.concurrently(tasks)
        let known = try scanned.take()
        scan = known.scan
        rows = known.scan.rows - ports.canaries.rows
        notes = known.notes
        sliceRows = known.sliceRows
        self.start = known.start ?? start
        self.aggregate = try aggregate.take()
        self.god = judgesGod ? try god.take() : nil
        self.ledger = judgesGod ? try ledger.take() : nil
        // Read when everything else has caught up: see ``Tails``.
        parked = SpilledParked(shape: work.shape, only: filter)
    }

    /// Hands over everything that was read, and keeps nothing of it.
    mutating func takeSides() -> Comparison.Sides {
        Comparison.Sides(
            source: scan.spill.take(), aggregate: aggregate.spill.take(), god: god?.spill.take(), ledger: ledger?.spill.take(),
            parked: parked.spill.take())
    }
}

/// The pieces of a reading, each for the thread that does it.
private struct ReadingWork: Sendable {
    private let settings: VerifySettings
    private let memory: MemoryPlan
    private let ports: CanaryPorts
    private let onScan: @Sendable (ScanWork.Event) -> Void

    struct Scanned: Sendable {
        var scan: SourceScan
        var notes: [String] = []
        var start: RunStart?
        var filter: DueFilter?
        var sliceRows = 0
    }

    init(
        _ settings: VerifySettings, _ memory: MemoryPlan, _ ports: CanaryPorts,
        _ onScan: @escaping @Sendable (ScanWork.Event) -> Void
    ) {
        self.settings = settings
        self.memory = memory
        self.ports = ports
        self.onScan = onScan
    }

    var shape: Spill.Shape {
        memory.shape(inputs: settings.stages.contains(.god) ? 4 : 2, directory: settings.temporaryDirectory)
    }

    private func scanning(_ body: (any SourcePort, inout ScanWork) throws -> Scanned) throws -> Scanned {
        let source = try ports.source()
        defer { source.close() }
        let replicas = settings.load.areSet ? try ports.replicas() : []
        defer { for replica in replicas { replica.port.close() } }
        var work = ScanWork(
            settings, source, replicas: replicas, clock: ports.clock, shape: shape,
            sizes: memory.rowSizes(
                largestRowBytes: nil, atMost: min(ScanWork.usersPerQuery, settings.settleBatchRows)), onEvent: onScan)
        var scanned = try body(source, &work)
        if let pause = work.pause, pause.ms > 0 {
            scanned.notes.append(
                "the scan was held back for \(PlainText.duration(milliseconds: pause.ms)) for the servers' sake: \(pause.reason)")
        }
        return scanned
    }

    func everyone(_ start: RunStart) throws -> Scanned {
        try scanning { source, work in
            let resumption = try ScanResumption(
                settings, source, standing: start.standing, startedAtMs: start.startedAtMs)
            try work.everyone(resumption.journal, ports.canaries)
            var scanned = Scanned(scan: work.scan, notes: [resumption.note].compactMap { $0 }, start: start)
            if let heading = resumption.journal?.heading {
                scanned.start = RunStart(
                    standing: start.standing.since(heading.standing), startedAtMs: heading.startedAtMs)
            }
            return scanned
        }
    }

    func changed(_ plan: ChangedPlan) throws -> Scanned {
        try scanning { source, work in
            let canaries = ports.canaries
            try canaries.draw(from: plan.due)
            // Of texts, only the rows of a slice tell which keys it holds; and nothing else tells whose twins it showed.
            var seen: Set<UserKey> = []
            try work.slice(plan.slice) { if $0.isWide || canaries.isTwin($0) { seen.insert($0) } }
            let sliceRows = work.scan.rows - canaries.rows
            try work.users(plan.due) { plan.slice.contains($0) || seen.contains($0) }
            let twins = canaries.close().filter { !seen.contains(settings.userIDKind.key($0.user)) }
            let rowsBefore = work.scan.rows
            try work.users(twins.map(\.user))
            for _ in rowsBefore..<work.scan.rows { canaries.countRow() }
            if work.scan.rows == 0, !settings.allowsEmptySource, try source.boundary(after: nil, rows: 1) == nil {
                throw ReconcileError.emptySource
            }
            return Scanned(
                scan: work.scan, filter: DueFilter(keys: plan.due.keys.union(seen).union(canaries.keys), slice: plan.slice),
                sliceRows: sliceRows)
        }
    }

    func topic(_ topic: String, _ filter: DueFilter?) throws -> SpilledTopic {
        let port = try ports.topic(topic)
        defer { port.close() }
        return try SpilledTopic(port, kind: settings.userIDKind, shape: shape, only: filter)
    }

    func ledger(_ filter: DueFilter?) throws -> SpilledLedger {
        let god = try ports.topic(settings.topics.god)
        defer { god.close() }
        return try SpilledLedger(
            try ports.ledger(), kind: settings.userIDKind, godPartitions: try god.bounds().count, shape: shape, only: filter)
    }
}

/// Carries one result out of a task.
private final class Slot<Value: Sendable>: Sendable {
    private let value = Mutex<Value?>(nil)

    func fill(_ result: Value) { value.withLock { $0 = result } }

    func take() throws -> Value {
        let taken = value.withLock { value -> Value? in
            defer { value = nil }
            return value
        }
        guard let taken else { throw ReconcileError.interrupted }
        return taken
    }
}
