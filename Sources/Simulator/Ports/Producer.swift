import Domain
import Kafka
import Pipeline

/// A producer: takes records over, and delivers them one by one when it is flushed.
final class SimulatedProducer: RecordSink {
    private let world: World
    private var queue: [(ticket: UInt64, record: OutgoingRecord)] = []
    private var lastTicket: UInt64 = 0
    private var isPurged = false

    init(_ world: World) {
        self.world = world
    }

    func send(_ record: OutgoingRecord, whileWaiting: () throws -> Void) throws -> UInt64 {
        lastTicket += 1
        queue.append((lastTicket, record))
        isPurged = false
        return lastTicket
    }

    func flush(timeoutMs: Int, whileWaiting: () throws -> Void) throws -> [Receipt] {
        var receipts: [Receipt] = []
        for (ticket, record) in queue {
            try world.turn("deliver", "\(record.topic) \(String(decoding: record.key ?? [], as: UTF8.self))")
            if world.act({ $0.schedule.chance.happens(15) }) { try whileWaiting() }
            receipts.append(Receipt(ticket: ticket, outcome: isPurged ? .failed(Self.purged) : deliver(record)))
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

    private func deliver(_ record: OutgoingRecord) -> Receipt.Outcome {
        world.act { state in
            guard !state.isAway(.broker) else { return .failed(PortFailure(.unavailable, "the broker does not answer")) }
            let address = state.write(record)
            // Written, and the answer gets lost: the client gives up, or asks again and does not learn the offset.
            if state.isAway(.broker) { return .failed(PortFailure(.unavailable, "no answer to the delivery")) }
            if state.weather.failurePercent > 0, state.schedule.chance.happens(10) { return .delivered(nil) }
            state.truth.noteAcknowledged(record.topic, address)
            return .delivered(address)
        }
    }
}

extension WorldState {
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
