import Domain
import Foundation
import Kafka
import Ledger
import Pipeline
import Reconcile
import Report
import Sandbox
import Synchronization

/// The roll of everyone, called again and again beside a pipeline in the same process: as `rollcall stream --reconcile-every` does it,
/// but without a rest between two runs.
final class RollBeside: Sendable {
    /// What the runs came to.
    struct Outcome: Sendable {
        var runs = 0
        /// Users who were reconciled: everyone, in each run.
        var users = 0
        /// Spent in runs.
        var seconds = 0.0
        var verdicts: [Verdict: Int] = [:]
        /// Why the first run that went wrong did so.
        var failure: String?

        static func + (one: Self, other: Self) -> Self {
            Outcome(
                runs: one.runs + other.runs, users: one.users + other.users, seconds: one.seconds + other.seconds,
                verdicts: one.verdicts.merging(other.verdicts, uniquingKeysWith: +), failure: one.failure ?? other.failure)
        }
    }

    private let state = Mutex((outcome: Outcome(), isStopped: false))
    private let ended = DispatchSemaphore(value: 0)

    /// Begins once the pipeline has made its ledger.
    ///
    /// - Parameter waitsForFence: Whether a run waits until the pipeline has passed what the source held. Where a pipeline has a backlog, it
    ///   would do little else; without waiting, each run reads everything and then leaves open whoever is still on the way.
    init(_ world: StreamWorld, beside settings: PipelineSettings, waitsForFence: Bool) throws {
        let recipe = try Recipe(world, settings, waitsForFence: waitsForFence)
        BackgroundThread.start("bench.roll") { [self] in
            while !isStopped, (try? LedgerReader(path: settings.ledgerPath)) == nil { usleep(1_000) }
            while !isStopped { run(recipe) }
            ended.signal()
        }
    }

    /// Ends with the run that is under way.
    func stop() throws -> Outcome {
        state.withLock { $0.isStopped = true }
        ended.wait()
        let outcome = state.withLock { $0.outcome }
        if let failure = outcome.failure { throw BenchError("a run beside the pipeline failed: \(failure)") }
        return outcome
    }

    private var isStopped: Bool { state.withLock { $0.isStopped || $0.outcome.failure != nil } }

    private func run(_ recipe: Recipe) {
        let start = ContinuousClock.now
        var one = Outcome(runs: 1)
        do {
            let report = try Verification(recipe.settings, ports: PacedPorts(recipe.ports)).run(
                reports: recipe.reports, history: recipe.reports + "/history.sqlite"
            ).report
            one.users = report.source.rows
            one.verdicts[report.verdict] = 1
            if report.verdict == .error { one.failure = report.headline }
        } catch {
            one.failure = "\(error)"
        }
        one.seconds = (ContinuousClock.now - start) / .seconds(1)
        state.withLock { $0.outcome = $0.outcome + one }
    }

    /// What the runs are built on: the pipeline's own topics, groups, source and ledger.
    private struct Recipe: Sendable {
        let settings: VerifySettings
        let ports: RealPorts
        let reports: String

        private static let connector = "shop"
        private static let offsets = "connect-offsets"

        init(_ world: StreamWorld, _ pipeline: PipelineSettings, waitsForFence: Bool) throws {
            let offsets = "\(pipeline.topics.god).\(Self.offsets)"
            try Self.commitOffset(world, offsets)
            var settings = VerifySettings(
                userIDKind: .unsigned,
                topics: .init(
                    changes: pipeline.topics.change.keys.sorted(), signals: pipeline.topics.signals,
                    aggregate: pipeline.topics.aggregate, god: pipeline.topics.god),
                groups: .init(
                    intake: pipeline.groups.intake, aggregate: pipeline.groups.aggregator, enrich: pipeline.groups.enricher),
                hasConnector: true, encodingID: pipeline.source.encodingID, configDigest: "bench")
            settings.keyField = pipeline.source.keyField
            settings.changeDecoders = pipeline.topics.change
            settings.ledgerPaths = [pipeline.ledgerPath]
            if !waitsForFence { settings.fenceTimeoutMs = 0 }
            self.settings = settings
            ports = RealPorts(
                source: pipeline.source, kafkaProperties: pipeline.kafka,
                connector: ConnectorSettings(name: Self.connector, offsetsTopic: offsets, server: nil),
                ledgerPaths: settings.ledgerPaths, parkedPaths: [pipeline.parkedPath], godTopic: settings.topics.god,
                memoryBytes: settings.memoryBytes)
            reports = "\(world.directory)/\(pipeline.topics.god)-reports"
        }

        /// Nobody writes to the source while the pipeline is measured, so an offset far ahead stands for a connector that keeps up.
        private static func commitOffset(_ world: StreamWorld, _ topic: String) throws {
            try world.stack.requireBroker().createTopic(SandboxTopic(topic, partitions: 1))
            let producer = try Producer(properties: ["bootstrap.servers": world.bootstrap])
            defer { producer.close() }
            _ = try producer.send(
                OutgoingRecord(
                    topic: topic, key: Array("[\"\(connector)\",{\"server\":\"shop\"}]".utf8),
                    value: Array(#"{"file":"binlog.999999","pos":4,"server_id":1}"#.utf8)))
            for delivery in try producer.flush(timeoutMs: 10_000) { _ = try delivery.result.get() }
        }
    }
}
