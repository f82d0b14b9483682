import Domain
import Kafka

/// A record on its way out, and where it came from.
struct Shipment {
    var record: OutgoingRecord
    /// The partitions of the records that it was made of. It may be sent as long as one of them is ours.
    var origins: [TopicPartition]
}

/// What became of a shipment, for good.
enum ShipmentOutcome: Equatable {
    case delivered(RecordAddress)
    /// The broker will never take it.
    case tooLarge(String)
    /// Its partitions went to another member, who will make it again.
    case lost
}

/// Sends the results of a batch, and comes back only when each is acknowledged, refused for good, or no longer ours.
struct Delivery {
    let sink: any RecordSink
    let subscription: Subscription
    /// How long one flush may take; the consumer is polled during it and between two of them.
    let flushTimeoutMs: Int
    let waiting: WaitSettings

    /// - Returns: One outcome per shipment, in their order.
    func deliver(_ shipments: [Shipment]) throws -> [ShipmentOutcome] {
        var outcomes = [ShipmentOutcome?](repeating: nil, count: shipments.count)
        var pending = Array(shipments.indices)
        var backoff = Backoff(waiting)
        while !pending.isEmpty {
            var round = Round(outcomes: outcomes)
            subscription.checkAssignment()
            for index in pending { try send(index, of: shipments, &round) }
            try flush(&round, shipments: shipments)
            outcomes = round.outcomes
            pending = pending.filter { outcomes[$0] == nil }
            guard !pending.isEmpty else { break }
            subscription.counters.add { $0.retries += 1 }
            if let message = round.outage { subscription.isAway(Counterpart.kafka, message) }
            try subscription.wait(ms: backoff.nextMs())
        }
        subscription.isBack(Counterpart.kafka)
        return outcomes.map { $0 ?? .lost }
    }

    /// One attempt at what is still pending.
    private struct Round {
        var outcomes: [ShipmentOutcome?]
        var underWay: [Int: Int] = [:]
        /// The first failure that may pass.
        var outage: String?
    }

    private func send(_ index: Int, of shipments: [Shipment], _ round: inout Round) throws {
        while true {
            guard subscription.isOurs(shipments[index].origins) else {
                round.outcomes[index] = .lost
                return
            }
            do {
                round.underWay[try sink.send(shipments[index].record)] = index
                return
            } catch let failure as PortFailure {
                switch failure.kind {
                case .full where !round.underWay.isEmpty:
                    try flush(&round, shipments: shipments)
                case .full, .unavailable, .purged:
                    round.outage = round.outage ?? failure.message
                    return
                case .tooLarge:
                    round.outcomes[index] = .tooLarge(failure.message)
                    return
                case .assignmentLost:
                    subscription.loseBatch()
                case .fatal:
                    throw failure
                }
            }
        }
    }

    private func flush(_ round: inout Round, shipments: [Shipment]) throws {
        var hasPurged = false
        while !round.underWay.isEmpty {
            let receipts = try sink.flush(timeoutMs: flushTimeoutMs) {
                try subscription.keepAlive()
                guard subscription.hasLosses, !hasPurged else { return }
                hasPurged = true
                try sink.purge()
            }
            for receipt in receipts { try settle(receipt, shipments: shipments, &round) }
            if receipts.isEmpty && !round.underWay.isEmpty {
                subscription.isAway(Counterpart.kafka, "\(round.underWay.count) records are not acknowledged yet")
            }
        }
    }

    private func settle(_ receipt: Receipt, shipments: [Shipment], _ round: inout Round) throws {
        guard let index = round.underWay.removeValue(forKey: receipt.ticket) else { return }
        let isOurs = subscription.isOurs(shipments[index].origins)
        switch receipt.outcome {
        case .delivered(let address):
            round.outcomes[index] = isOurs ? .delivered(address) : .lost
        case .failed(let failure):
            if !isOurs {
                round.outcomes[index] = .lost
                return
            }
            switch failure.kind {
            case .tooLarge: round.outcomes[index] = .tooLarge(failure.message)
            case .unavailable, .full: round.outage = round.outage ?? failure.message
            case .purged: break
            case .assignmentLost: round.outcomes[index] = .lost
            case .fatal: throw failure
            }
        }
    }
}
