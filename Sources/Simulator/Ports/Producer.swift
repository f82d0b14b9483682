import Domain
import Kafka
import Pipeline

/// A producer: takes records over, and delivers them one by one when it is flushed.
final class SimulatedProducer: RecordSink {
    private let world: World
    private let consumer: SimulatedConsumer?
    private var queue: [(ticket: UInt64, record: OutgoingRecord, sentMs: Int64)] = []
    private var lastTicket: UInt64 = 0
    private var isPurged = false

    /// The product's `message.timeout.ms`: two thirds of the session timeout.
    private static let messageTimeoutMs = Group.sessionTimeoutMs * 2 / 3

    /// - Parameter consumer: Whose records the producer's are made of.
    init(_ world: World, for consumer: SimulatedConsumer?) {
        self.world = world
        self.consumer = consumer
    }

    func send(_ record: OutgoingRecord, whileWaiting: () throws -> Void) throws -> UInt64 {
        // Whoever sends has just seen that the partition is its own.
        if record.topic != Name.signals { try world.doze(over: record) }
        lastTicket += 1
        queue.append((lastTicket, record, world.act { $0.nowMs }))
        isPurged = false
        return lastTicket
    }

    func flush(timeoutMs: Int, whileWaiting: () throws -> Void) throws -> [Receipt] {
        var receipts: [Receipt] = []
        for (ticket, record, sentMs) in queue {
            try world.turn("deliver", "\(record.topic) \(String(decoding: record.key ?? [], as: UTF8.self))")
            if world.act({ $0.schedule.chance.happens(15) }) { try whileWaiting() }
            receipts.append(Receipt(ticket: ticket, outcome: isPurged ? .failed(Self.purged) : deliver(record, sentMs)))
        }
        queue = []
        isPurged = false
        try world.turn("acknowledged", "\(receipts.count)")
        return receipts
    }

    func purge() throws {
        isPurged = true
    }

    private static let purged = PortFailure(.purged, "purged")

    private func deliver(_ record: OutgoingRecord, _ sentMs: Int64) -> Receipt.Outcome {
        world.act { state in
            guard state.nowMs - sentMs < Self.messageTimeoutMs else {
                return .failed(PortFailure(.unavailable, "the message timed out"))
            }
            guard !state.isAway(.broker) else { return .failed(PortFailure(.unavailable, "the broker does not answer")) }
            let target = record.partition ?? state.broker.home(of: record.key ?? [], in: record.topic)
            guard !state.isLeaderless(TopicPartition(record.topic, target)) else {
                return .failed(PortFailure(.unavailable, "the partition has no leader"))
            }
            let address = state.write(record)
            if let consumer { state.noteOwnership(of: record, consumer) }
            // Written, and the answer gets lost: the client gives up, or asks again and does not learn the offset.
            if state.isAway(.broker) { return .failed(PortFailure(.unavailable, "no answer to the delivery")) }
            if state.weather.failurePercent > 0, state.schedule.chance.happens(10) { return .delivered(nil) }
            state.truth.noteAcknowledged(record.topic, address)
            return .delivered(address)
        }
    }
}

extension WorldState {
    /// Takes note of a God object that was written by a worker whose partition is another's by now, and of the signal by which that
    /// worker has it looked at again.
    fileprivate mutating func noteOwnership(of record: OutgoingRecord, _ consumer: SimulatedConsumer) {
        let user = UserID(String(decoding: record.key ?? [], as: UTF8.self))
        let actor = schedule.running
        if record.topic == Name.signals, truth.disturbed[user] == actor {
            truth.disturbed[user] = nil
        } else if record.topic == Name.god,
            let made = GodProvenance(header: { name in record.headers.last { $0.name == name }?.value }),
            !consumer.owns(TopicPartition(Name.aggregate, made.aggregate.partition), self)
        {
            note("the God object of \(user) is a late write")
            truth.disturb(user, by: actor)
        }
    }

    /// Appends a record of the pipeline, unless the broker is to lose it.
    mutating func write(_ record: OutgoingRecord) -> RecordAddress {
        let new = Broker.NewRecord(
            key: record.key, value: record.value, headers: record.headers,
            users: [UserID(String(decoding: record.key ?? [], as: UTF8.self))],
            position: record.topic == Name.signals
                ? (try? Signal(key: record.key, value: record.value, kind: .integer))?.position : nil)
        guard let left = weather.swallows[record.topic], left > 0 else {
            return append(record.topic, new, partition: record.partition)
        }
        weather.swallows[record.topic] = left - 1
        note("the broker acknowledges and loses it")
        for user in new.users { truth.blame(user, "\(record.topic): acknowledged and lost") }
        let address = broker.append(
            record.topic, new, partition: record.partition, nowMs: nowMs, turn: schedule.turns, isSwallowed: true)
        schedule.announce(record.topic)
        return address
    }
}
