import Domain
import Kafka
import Pipeline
import Synchronization

/// The open requests as the enrichers of one process know them.
final class KnownReplays: Sendable {
    private let open = Mutex<[ReplayRequest]>([])

    var requests: [ReplayRequest] { open.withLock { $0 } }

    func post(_ requests: [ReplayRequest]) { open.withLock { $0 = requests } }
}

/// An enricher's second consumer, which reads the aggregate topic as it is told to.
final class SimulatedReplaySource: ReplaySource {
    private let world: World
    private let known: KnownReplays
    private var place: (partition: TopicPartition, offset: Int64)?

    init(_ world: World, _ known: KnownReplays) {
        self.world = world
        self.known = known
    }

    var requests: [ReplayRequest] { known.requests }

    func progress(of request: ReplayRequest, in partition: TopicPartition) throws -> Int64? {
        try call("replay's progress?", "\(request.id) \(partition)") { state in
            state.replays.first { $0.request.id == request.id }?.progress[partition.partition]
        }
    }

    func record(progress: Int64, of request: ReplayRequest, in partition: TopicPartition) throws {
        try call("record replay's progress", "\(request.id) \(partition):\(progress)") { state in
            guard let index = state.replays.firstIndex(where: { $0.request.id == request.id }) else { return }
            state.replays[index].progress[partition.partition] = progress
        }
        try world.turn("replay's progress is recorded")
    }

    func seek(_ partition: TopicPartition, to offset: Int64) { place = (partition, offset) }

    func read(maxRecords: Int, timeoutMs: Int) throws -> Poll {
        guard let place else { return Poll() }
        let poll = try call("read again", "\(place.partition) from \(place.offset)") { state in
            var poll = Poll()
            let limit = state.schedule.chance.within(1...max(1, min(maxRecords, 3)))
            let rest = state.broker.records(place.partition, from: place.offset)
            poll.records = rest.prefix(limit).map { $0.asRead(from: place.partition) }
            if rest.count <= limit { poll.ends[place.partition] = state.broker[place.partition].end }
            return poll
        }
        if let last = poll.records.last { self.place?.offset = last.offset + 1 }
        return poll
    }

    func rest() { place = nil }

    private func call<Answer: Sendable>(
        _ name: StaticString, _ detail: @autoclosure () -> String, _ body: (inout WorldState) -> Answer
    ) throws -> Answer {
        try world.turn(name, detail())
        return try world.act { state in
            guard !state.isAway(.broker) else { throw PortFailure(.unavailable, "the broker does not answer") }
            return body(&state)
        }
    }
}
