import Domain
import Synchronization

/// The first reading of a run: source, topics and ledgers, at the same time.
struct Reading: Sendable {
    var scan: SourceScan
    var aggregate: SpilledTopic
    /// Nil when only the aggregate stage is judged, as are the ledgers.
    var god: SpilledTopic?
    var ledger: SpilledLedger?
    var parked: SpilledParked

    /// - Parameter onRows: Called from the scanning thread with the number of rows so far.
    init(
        _ settings: VerifySettings, _ plan: MemoryPlan, _ ports: any ReconcilePorts, onRows: @escaping @Sendable (Int) -> Void
    ) throws {
        let judgesGod = settings.stages.contains(.god)
        let shape = plan.shape(inputs: judgesGod ? 4 : 2, directory: settings.temporaryDirectory)
        let scan = Slot<SourceScan>()
        let aggregate = Slot<SpilledTopic>()
        let god = Slot<SpilledTopic>()
        let ledger = Slot<SpilledLedger>()
        var tasks: [@Sendable () throws -> Void] = [
            { try scan.fill(Self.scan(settings, shape, ports, onRows)) },
            { try aggregate.fill(Self.spill(settings.topics.aggregate, settings, shape, ports)) },
        ]
        if judgesGod {
            tasks.append { try god.fill(Self.spill(settings.topics.god, settings, shape, ports)) }
            tasks.append { try ledger.fill(Self.ledger(settings, shape, ports)) }
        }
        try ports.concurrently(tasks)
        self.scan = try scan.take()
        self.aggregate = try aggregate.take()
        self.god = judgesGod ? try god.take() : nil
        self.ledger = judgesGod ? try ledger.take() : nil
        // Read when everything else has caught up: see ``Tails``.
        parked = SpilledParked(shape: shape)
    }

    /// Hands over everything that was read, and keeps nothing of it.
    mutating func takeSides() -> Comparison.Sides {
        Comparison.Sides(
            source: scan.spill.take(), aggregate: aggregate.spill.take(), god: god?.spill.take(), ledger: ledger?.spill.take(),
            parked: parked.spill.take())
    }

    private static func scan(
        _ settings: VerifySettings, _ shape: Spill.Shape, _ ports: any ReconcilePorts, _ onRows: @Sendable (Int) -> Void
    ) throws -> SourceScan {
        let source = try ports.source()
        defer { source.close() }
        let pace = ScanPace(
            mostRows: settings.chunkRows, targetMs: settings.chunkTargetMs, rowsPerSecond: settings.maxRowsPerSecond)
        return try SourceScan(
            source, kind: settings.userIDKind, pace: pace, clock: ports.clock, shape: shape, progress: onRows)
    }

    private static func spill(
        _ topic: String, _ settings: VerifySettings, _ shape: Spill.Shape, _ ports: any ReconcilePorts
    ) throws -> SpilledTopic {
        let port = try ports.topic(topic)
        defer { port.close() }
        return try SpilledTopic(port, kind: settings.userIDKind, shape: shape)
    }

    private static func ledger(
        _ settings: VerifySettings, _ shape: Spill.Shape, _ ports: any ReconcilePorts
    ) throws -> SpilledLedger {
        let god = try ports.topic(settings.topics.god)
        defer { god.close() }
        return try SpilledLedger(
            try ports.ledger(), kind: settings.userIDKind, godPartitions: try god.bounds().count, shape: shape)
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
