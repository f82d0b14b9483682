import Domain
import Kafka
import MySQL

/// A wait until every hop of the pipeline has passed everything that the source had written when the wait began.
///
/// The order is what makes it sound. The binary log's end is taken first, so it bounds everything that any earlier read of the
/// source saw. Only when the connector has *committed* an offset at or after it are the ends of the change topics taken; only
/// when intake has committed those, the ends of the signals topic; and so on. An event that was merely seen proves nothing
/// about those before it in other partitions; a committed offset does.
final class Fence {
    private let settings: VerifySettings
    private let source: any SourcePort
    private let progress: any ProgressPort
    private let topics: TopicBounds
    private let clock: any ReconcileClock
    private var nonceCount = 0
    /// Whether an enricher of ours follows the aggregate topic; nil until somebody asks.
    private var hasEnricher = false
    private let runID: String

    /// Asks where topics end. Made once, since each topic is asked again and again.
    struct TopicBounds {
        let changes: [any TopicPort]
        /// Nil where somebody else's pipeline fills the aggregate topic.
        let signals: (any TopicPort)?
        let aggregate: any TopicPort

        init(_ settings: VerifySettings, _ ports: any ReconcilePorts) throws {
            changes = try settings.topics.changes.map { try ports.topic($0) }
            signals = settings.isForeign ? nil : try ports.topic(settings.topics.signals)
            aggregate = try ports.topic(settings.topics.aggregate)
        }

        func close() {
            for topic in changes + [signals, aggregate].compactMap({ $0 }) { topic.close() }
        }
    }

    init(
        _ settings: VerifySettings, source: any SourcePort, progress: any ProgressPort, topics: TopicBounds,
        clock: any ReconcileClock, runID: String
    ) {
        self.settings = settings
        self.source = source
        self.progress = progress
        self.topics = topics
        self.clock = clock
        self.runID = runID
    }

    /// Waits until all hops are passed, or the time is over.
    ///
    /// - Parameter awaitsMending: Whether a record that lies where it should not is to be given the time to be mended. The enricher is
    ///   who notices that an aggregate was written late, and asks for another one; where the God stage is judged, it is awaited anyway.
    func pass(awaitsMending: Bool = false) throws -> FenceOutcome {
        let deadlineMs = clock.nowMs() + Int64(settings.fenceTimeoutMs)
        var outcome = FenceOutcome(
            position: try position(), strength: settings.hasConnector && !settings.isForeign ? .strong : .weak)
        if settings.hasConnector {
            outcome.hops.append(try passConnector(outcome.position, deadlineMs))
        }
        guard let signals = topics.signals else {
            if outcome.isPassed { outcome.hops.append(foreignHop) }
            return outcome
        }
        var remaining: [(hop: String, group: String, topics: [any TopicPort])] = [
            ("intake", settings.groups.intake, topics.changes),
            ("aggregator", settings.groups.aggregate, [signals]),
        ]
        if try settings.stages.contains(.god) || (awaitsMending && enricherFollows(deadlineMs)) {
            remaining.append(("enricher", settings.groups.enrich, [topics.aggregate]))
        }
        for wait in remaining where outcome.isPassed {
            outcome.hops.append(try passGroup(wait.hop, wait.group, wait.topics, deadlineMs, &outcome.notes))
        }
        return outcome
    }

    /// Whether the enricher's group has ever committed anything for the aggregate topic. Where it has not, nobody mends late writes, and
    /// one that is found is there to stay.
    private func enricherFollows(_ deadlineMs: Int64) throws -> Bool {
        if hasEnricher { return true }
        let committed = try untilDeadline(deadlineMs) {
            try progress.committed(
                group: settings.groups.enrich, topic: topics.aggregate.name,
                partitions: Array(topics.aggregate.bounds().keys))
        }
        // Without an answer the wait for the others will not end well either.
        let follows = committed.map { !$0.isEmpty } ?? true
        hasEnricher = follows
        return follows
    }

    /// The end of the binary log. Without a connector that could be held against it, it is only told to the reader, and an account
    /// that may not see the log is no hindrance.
    private func position() throws -> SourcePosition? {
        guard !settings.hasConnector else { return try source.binlogEnd() }
        do {
            return try source.binlogEnd()
        } catch let error as MySQLError where error.code == MySQLError.accessDenied {
            return nil
        }
    }

    /// What stands for a pipeline that tells nothing of its progress.
    private var foreignHop: FenceOutcome.HopOutcome {
        .init(
            hop: "pipeline", isPassed: true, lag: 0,
            detail: "a pipeline that is not Rollcall's tells nothing of its progress; each mismatch has "
                + "\(settings.weakFenceWaitMs / 1_000) s to settle by itself, also one that the pipeline is about to mend",
            waitedMs: 0)
    }

    // MARK: - The connector

    private func passConnector(_ position: SourcePosition?, _ deadlineMs: Int64) throws -> FenceOutcome.HopOutcome {
        let startMs = clock.nowMs()
        guard let position else {
            throw ReconcileError.noBinlog("SHOW MASTER STATUS tells no position; switch log_bin on")
        }
        // The nonce makes the log move past the position, so that an idle source has an offset to commit.
        if source.hasFenceTable {
            nonceCount += 1
            try source.writeNonce("\(runID)/\(nonceCount)")
        }
        var pause = Pause()
        while true {
            let offset = try untilDeadline(deadlineMs) { try progress.connectorOffset() } ?? nil
            let isPassed = offset.map { !$0.isSnapshot && $0.position.hasReached(position) } ?? false
            if isPassed || clock.nowMs() >= deadlineMs {
                // Not before the deadline: an offset that was committed before a failover is replaced by the nonce's own.
                if let offset, !offset.position.isComparable(to: position) {
                    throw ReconcileError.incomparablePositions(offset.position.description, position.description)
                }
                return .init(
                    hop: "connector", isPassed: isPassed, lag: connectorLag(offset, position),
                    detail: connectorDetail(offset, position, isPassed), waitedMs: clock.nowMs() - startMs)
            }
            clock.sleep(ms: pause.nextMs())
        }
    }

    /// Asks again, until the deadline, where a broker is away for a moment.
    ///
    /// - Returns: Nil when the time is over before there was an answer.
    private func untilDeadline<Answer>(_ deadlineMs: Int64, _ ask: () throws -> Answer) throws -> Answer? {
        while true {
            do {
                return try ask()
            } catch let error as KafkaError where error.isRetriable {
                if clock.nowMs() >= deadlineMs { return nil }
                clock.sleep(ms: Pause.longestMs)
            }
        }
    }

    private func connectorLag(_ offset: ConnectorOffset?, _ position: SourcePosition) -> Int64 {
        guard let theirs = offset?.position.place, let ours = position.place, theirs.logNumber == ours.logNumber else { return 0 }
        return max(0, Int64(clamping: ours.offset) - Int64(clamping: theirs.offset))
    }

    private func connectorDetail(_ offset: ConnectorOffset?, _ position: SourcePosition, _ isPassed: Bool) -> String {
        guard let offset else { return "the connector has committed no source offset" }
        if offset.isSnapshot { return "the connector is still copying the tables (at \(offset.position))" }
        if isPassed { return "the connector committed \(offset.position), which is past \(position)" }
        let hint = source.hasFenceTable ? "" : "; without source.fence_table an idle source never moves it"
        return "the connector committed \(offset.position), and \(position) is needed\(hint)"
    }

    // MARK: - The consumer groups

    private func passGroup(
        _ hop: String, _ group: String, _ ports: [any TopicPort], _ deadlineMs: Int64, _ notes: inout [String]
    ) throws -> FenceOutcome.HopOutcome {
        let startMs = clock.nowMs()
        guard let bounds = try untilDeadline(deadlineMs, { try ports.map { try $0.bounds() } }) else {
            return .init(
                hop: hop, isPassed: false, lag: 0, detail: "the brokers did not say where the topics end",
                waitedMs: clock.nowMs() - startMs)
        }
        var waits = zip(ports, bounds).map { PartitionWait($0, $1) }
        var pause = Pause()
        while true {
            for index in waits.indices where !waits[index].isPassed {
                _ = try untilDeadline(deadlineMs) { try waits[index].look(progress, group, nowMs: clock.nowMs()) }
            }
            let lag = waits.reduce(0) { $0 + $1.lag }
            let isPassed = waits.allSatisfy(\.isPassed)
            if isPassed || clock.nowMs() >= deadlineMs {
                for overtaken in waits.flatMap(\.overtaken) {
                    notes.append("group \(group) never read \(overtaken): retention removed records before they were consumed")
                }
                let detail =
                    isPassed
                    ? "group \(group) committed every end"
                    : "group \(group) is \(lag) \(lag == 1 ? "record" : "records") behind on \(waits.filter { !$0.isPassed }.map(\.name).joined(separator: ", "))"
                return .init(
                    hop: hop, isPassed: isPassed, lag: lag, detail: detail, waitedMs: clock.nowMs() - startMs)
            }
            clock.sleep(ms: pause.nextMs())
        }
    }
}

/// Pauses that begin short, since most fences are passed at once, and grow, since the others take a while.
struct Pause {
    static let longestMs = 100
    private var ms = 5

    mutating func nextMs() -> Int {
        defer { ms = min(ms * 2, Self.longestMs) }
        return ms
    }
}
