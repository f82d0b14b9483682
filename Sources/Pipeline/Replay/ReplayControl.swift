import Domain
import Kafka

/// Asks the pipeline for replays, and watches how they go. It belongs to the thread that made it.
///
/// ```swift
/// let control = try ReplayControl(settings: settings)
/// let request = try control.publish()
/// while let state = try control.look(at: request, forMs: 500) { print(state.done, state.total) }
/// ```
public final class ReplayControl {
    private let settings: PipelineSettings
    private let topic: ControlTopic
    private var answers: Set<String> = []

    /// How a request stands.
    public struct State: Sendable, Equatable {
        /// Offsets of the aggregate topic that were gone through, and how many there are.
        public var done: Int64
        public var total: Int64
        /// The processes that have answered since this one asked.
        public var answeredBy: Set<String>

        /// Whether nothing is left to do.
        public var isDone: Bool { done >= total }
    }

    /// Creates the control topic where it is absent and we may, and reads it.
    ///
    /// - Throws: ``PipelineError``, `KafkaError`.
    public init(settings: PipelineSettings) throws {
        self.settings = settings
        do {
            let cluster = try Cluster(properties: settings.kafka)
            defer { cluster.close() }
            try settings.topicSetup?.ensureControlTopic(settings: settings, cluster: cluster, timeoutMs: settings.startTimeoutMs)
            topic = try ControlTopic(settings: settings)
            while !topic.isCaughtUp { _ = try topic.poll(timeoutMs: 1_000) }
        } catch let error as KafkaError {
            throw PipelineError(.kafkaUnreachable, "topic \(settings.topics.control): \(error.message)")
        }
    }

    /// The requests that are not done yet, the oldest first.
    public var open: [ReplayRequest] { topic.records.open }

    /// Asks for a replay of what is on the aggregate topic now.
    ///
    /// - Parameters:
    ///   - users: Only these; nil is all.
    ///   - sinceMs: Only users whose newest aggregate was written then or later, in milliseconds since 1970.
    public func publish(users: Set<UserID>? = nil, sinceMs: Int64? = nil) throws -> ReplayRequest {
        let now = wallClockMs()
        let request = ReplayRequest(
            id: ReplayRequest.newID(atMs: now), requestedAtMs: now, sinceMs: sinceMs, users: users,
            ranges: try topic.ranges(sinceMs: sinceMs))
        try ask(for: request)
        return request
    }

    /// Asks once more for a request that is open: whoever is there now answers.
    public func ask(for request: ReplayRequest) throws {
        answers = []
        try topic.write(ControlRecords.records(of: request, topic: settings.topics.control))
    }

    /// Takes a request back. What was enriched by then stays enriched.
    public func cancel(_ id: String) throws {
        try topic.remove(id)
    }

    /// Waits for that long, and tells how the request stands then.
    ///
    /// - Returns: Nil when somebody has taken it away: it is done, or was cancelled.
    public func look(at request: ReplayRequest, forMs ms: Int) throws -> State? {
        let deadline = wallClockMs() + Int64(ms)
        let prefix = ControlRecords.key(request.id, process: "")
        var wasThere = topic.records.knows(request.id)
        while wallClockMs() < deadline {
            for key in try topic.poll(timeoutMs: Int(max(1, deadline - wallClockMs()))) {
                if key.hasPrefix(prefix) { answers.insert(String(key.dropFirst(prefix.count))) }
                // A small request may come and go between two reads.
                if key == ControlRecords.key(request.id) { wasThere = true }
            }
            if wasThere, !topic.records.knows(request.id) { return nil }
        }
        let sums = request.offsets(done: try topic.progress(of: request))
        return State(done: sums.done, total: sums.total, answeredBy: answers)
    }

    public func close() {
        topic.close()
    }
}
