import Domain
import Synchronization

/// The first reading of a run: source, aggregate topic and God topic, at the same time.
struct Reading: Sendable {
    var scan: SourceScan
    var aggregate: FoldedTopic
    /// Nil when only the aggregate stage is judged.
    var god: FoldedTopic?

    /// - Parameter onRows: Called from the scanning thread with the number of rows so far.
    init(_ settings: VerifySettings, _ ports: any ReconcilePorts, onRows: @escaping @Sendable (Int) -> Void) throws {
        let scan = Slot<SourceScan>()
        let aggregate = Slot<FoldedTopic>()
        let god = Slot<FoldedTopic>()
        var tasks: [@Sendable () throws -> Void] = [
            {
                let source = try ports.source()
                defer { source.close() }
                try scan.fill(SourceScan(source, chunkRows: settings.chunkRows, progress: onRows))
            },
            { try aggregate.fill(Self.fold(settings.topics.aggregate, .aggregate, settings, ports)) },
        ]
        if settings.stages.contains(.god) {
            tasks.append { try god.fill(Self.fold(settings.topics.god, .god, settings, ports)) }
        }
        try ports.concurrently(tasks)
        self.scan = try scan.take()
        self.aggregate = try aggregate.take()
        self.god = settings.stages.contains(.god) ? try god.take() : nil
    }

    private static func fold(
        _ topic: String, _ stage: Stage, _ settings: VerifySettings, _ ports: any ReconcilePorts
    ) throws -> FoldedTopic {
        let port = try ports.topic(topic)
        defer { port.close() }
        return try FoldedTopic(port, stage: stage, kind: settings.userIDKind)
    }
}

/// Carries one result out of a task.
private final class Slot<Value: Sendable>: Sendable {
    private let value = Mutex<Value?>(nil)

    func fill(_ result: Value) { value.withLock { $0 = result } }

    func take() throws -> Value {
        guard let result = value.withLock({ $0.take() }) else { throw ReconcileError.interrupted }
        return result
    }
}
