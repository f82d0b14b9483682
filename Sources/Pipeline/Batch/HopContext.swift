import Domain
import Kafka
import Logging

/// What each hop is built on: its ports, and how it is to batch and wait.
public struct HopPorts {
    public var source: any RecordSource
    public var sink: any RecordSink
    public var parkingLot: any ParkingLot
    public var clock: any Clock
    public var counters: HopCounters
    public var logger: Logger

    public init(
        source: any RecordSource, sink: any RecordSink, parkingLot: any ParkingLot, clock: any Clock, counters: HopCounters,
        logger: Logger
    ) {
        self.source = source
        self.sink = sink
        self.parkingLot = parkingLot
        self.clock = clock
        self.counters = counters
        self.logger = logger
    }
}

/// How a hop cuts its stream into batches.
public struct BatchSettings: Sendable, Equatable {
    /// The most records of one batch: with it grow the gain by de-duplication and the work that a crash repeats. Batches of
    /// 2,000 were a fifth faster than batches of 1,000 (`scripts/bench stream --batch`), and batches of 4,000 another tenth.
    public var maxRecords = 2_000
    /// After so many bytes (keys, values and headers) a batch is complete too: large records must not become large memory.
    public var maxBytes = 16 << 20
    /// How long a poll waits for the first record of a batch.
    public var pollTimeoutMs = 250
    /// How long one flush may take. More than the producer's `message.timeout.ms`, so that each record's fate is known by then,
    /// and less than half of the consumer's `max.poll.interval.ms`.
    public var flushTimeoutMs = 40_000
    public var waiting = WaitSettings()

    public init() {}
}

/// The acts that all hops have in common, bound to the batch in hand.
struct HopContext {
    let hop: Hop
    let subscription: Subscription
    let delivery: Delivery
    let counters: HopCounters
    let clock: any Clock
    let logger: Logger
    private let parkingLot: any ParkingLot

    init(_ hop: Hop, ports: HopPorts, batch: BatchSettings) {
        self.hop = hop
        counters = ports.counters
        clock = ports.clock
        logger = ports.logger
        parkingLot = ports.parkingLot
        subscription = Subscription(
            source: ports.source, clock: ports.clock, waiting: batch.waiting, counters: ports.counters, logger: ports.logger,
            lookBack: hop.lookBack, maxBytes: batch.maxBytes)
        delivery = Delivery(
            sink: ports.sink, subscription: subscription, flushTimeoutMs: batch.flushTimeoutMs, waiting: batch.waiting)
    }

    func parking(_ reason: ParkReason, _ detail: String, users: [UserID], record: Record) -> Parking {
        Parking(hop: hop, reason: reason, detail: detail, users: users, record: record)
    }

    /// Parks what is still ours to park.
    func park(_ parkings: [Parking]) throws -> Int {
        var parked = 0
        _ = try subscription.untilAvailable(.parked) {
            let ours = parkings.filter { subscription.isOurs($0.record.topicPartition) }
            if !ours.isEmpty { try parkingLot.park(ours) }
            parked = ours.count
        }
        counters.add { $0.parked += parked }
        return parked
    }

    /// Closes what was once parked for users whose newer records succeeded now. The aggregator has read the row anew, so it
    /// answers for the intake too.
    func closeParked(_ users: [UserID]) throws {
        guard !users.isEmpty else { return }
        _ = try subscription.untilAvailable(.parked) {
            try parkingLot.close(users, hops: hop == .aggregator ? [.intake, .aggregator] : [hop])
        }
    }

    /// The last act of a batch.
    func commit(consumed: Int, produced: Int, parked: Int) throws -> Progress {
        if subscription.lossCount > 0 { counters.add { $0.batchesLost += 1 } }
        try subscription.commit()
        counters.add { $0.batches.add(clock.nowMs - subscription.batchBeganMs) }
        return Progress(consumed: consumed, produced: produced, parked: parked)
    }

    /// The end of a batch that went to another member as a whole: nothing of it is parked or committed here.
    func abandon(consumed: Int) throws -> Progress {
        try commit(consumed: consumed, produced: 0, parked: 0)
    }
}

extension Hop {
    /// How many offsets before the committed one a hop wants to see again when it is given a partition.
    fileprivate var lookBack: Int {
        switch self {
        // The delete that a tombstone may follow.
        case .intake: 1
        case .aggregator: 0
        // The last aggregates, of which one or the other may be a late write itself.
        case .enricher: 50
        }
    }
}
