import Kafka
import Ledger

/// Makes a ledger from the God topic alone: everything that the topic still holds, superseded productions included where
/// compaction has not taken them yet, so each user's newest one exactly.
///
/// What it cannot bring back: superseded productions that are compacted away, and the time of each production, which becomes the
/// time of its record.
public struct LedgerRebuild {
    private let settings: PipelineSettings

    public struct Outcome: Sendable, Equatable {
        /// How many productions the new ledger lists.
        public var productions: Int
        /// Where the ledger is that was there before; nil where there was none.
        public var replaced: String?
    }

    /// - Parameter settings: Of these, the cluster, the God topic, the kind of user ids and the ledger's path matter.
    public init(settings: PipelineSettings) {
        self.settings = settings
    }

    /// - Parameters:
    ///   - replaces: Whether a ledger that is there may be replaced; it is kept under another name.
    ///   - isStopped: Looked at between two polls.
    ///   - onProgress: Called between two polls, with the offsets that are done and those there are.
    /// - Returns: Nil when it was stopped; then nothing has changed.
    /// - Throws: `LedgerError`: `exists`, `locked` and others; ``PipelineError``.
    public func run(
        replaces: Bool, isStopped: @escaping () -> Bool = { false }, onProgress: @escaping (Int64, Int64) -> Void = { _, _ in }
    ) throws -> Outcome? {
        let replacement = try LedgerReplacement(
            path: settings.ledgerPath, godTopic: settings.topics.god, replaces: replaces)
        try checkTopic()
        var catchUp = LedgerCatchUp(settings: settings, ledger: replacement.writer, isStopped: isStopped)
        catchUp.onProgress = onProgress
        let productions = try catchUp.run()
        guard !isStopped() else { return nil }
        return Outcome(productions: productions, replaced: try replacement.finish())
    }

    /// A topic that is not there would make an empty ledger, and a fine one at that.
    private func checkTopic() throws {
        do {
            let cluster = try Cluster(properties: settings.kafka)
            defer { cluster.close() }
            guard try cluster.partitionCount(settings.topics.god, timeoutMs: settings.startTimeoutMs) == nil else { return }
        } catch let error as KafkaError {
            throw PipelineError(.kafkaUnreachable, "\(error.message); is the broker up, and kafka.bootstrap right?")
        }
        throw PipelineError(
            .topicMissing, "topic \(settings.topics.god) does not exist, so no ledger can be made of it; see kafka.topics.god")
    }
}
