import Domain
import Kafka

/// A record on its way out, and where it came from.
struct Shipment {
    var record: OutgoingRecord
    /// The partitions of the records that it was made of. It may be sent as long as one of them is ours; one without any may be
    /// sent by anybody.
    var origins: [TopicPartition]
}

/// Where the shipments of a batch come from. Neighbours mostly are of one partition, and share the list that says so.
struct SharedOrigins {
    private var last: [TopicPartition] = []

    /// The list of the one partition of that record.
    mutating func of(_ record: Record) -> [TopicPartition] {
        if last.first?.partition != record.partition || last.first?.topic != record.topic { last = [record.topicPartition] }
        return last
    }
}

/// What became of a shipment, for good.
enum ShipmentOutcome: Equatable {
    /// The address is known if it was asked for.
    case delivered(RecordAddress?)
    /// The broker will never take it.
    case tooLarge(String)
    /// Its partitions went to another member, who will make it again. If it was handed to the producer before, it may have arrived all
    /// the same, or still do so.
    case lost(wasSent: Bool)
}

/// Sends the results of a batch, and comes back only when each is acknowledged, refused for good, or no longer ours.
struct Delivery {
    let sink: any RecordSink
    let subscription: Subscription
    /// How long one flush may take; the consumer is kept alive meanwhile.
    let flushTimeoutMs: Int
    let waiting: WaitSettings

    /// - Parameter needsAddress: Whether a record that is delivered nobody knows where must be sent once more, to learn an
    ///   address. It is then on the topic twice, which is harmless: the copies are equal.
    /// - Returns: One outcome per shipment, in their order.
    func deliver(_ shipments: [Shipment], needsAddress: Bool = false) throws -> [ShipmentOutcome] {
        var outcomes = [ShipmentOutcome?](repeating: nil, count: shipments.count)
        try attempt(Array(shipments.indices), of: shipments, needsAddress, &outcomes)
        // The broker refuses a whole batch of records for its size. Alone, only the one that is too large is refused.
        for index in shipments.indices {
            guard case .tooLarge = outcomes[index] else { continue }
            outcomes[index] = nil
            try attempt([index], of: shipments, needsAddress, &outcomes)
        }
        return outcomes.map { $0 ?? .lost(wasSent: false) }
    }

    /// Sends these until nothing of them is pending.
    private func attempt(
        _ indices: [Int], of shipments: [Shipment], _ needsAddress: Bool, _ outcomes: inout [ShipmentOutcome?]
    ) throws {
        var pending = indices
        var wasSent = [Bool](repeating: false, count: shipments.count)
        var backoff = Backoff(waiting)
        while !pending.isEmpty {
            subscription.checkAssignment()
            let outage = try sendOnce(pending, of: shipments, needsAddress, &wasSent, &outcomes)
            pending.removeAll { outcomes[$0] != nil }
            guard !pending.isEmpty else { break }
            if let outage { subscription.isAway(.kafka, outage) }
            subscription.counters.add { $0.retries += 1 }
            try subscription.wait(ms: backoff.nextMs())
        }
        subscription.isBack(.kafka)
    }

    /// One round: everything sent, everything flushed. What has no outcome then is to be tried again.
    ///
    /// - Returns: What the broker is away for, if it is.
    private func sendOnce(
        _ indices: [Int], of shipments: [Shipment], _ needsAddress: Bool, _ wasSent: inout [Bool],
        _ outcomes: inout [ShipmentOutcome?]
    ) throws -> String? {
        var underWay = Tickets()
        var outage: String?
        // What was lost before this round is not sent in it; only a new loss takes back what is under way.
        var knownLosses = subscription.lossCount
        let whileWaiting = {
            try subscription.keepAlive()
            guard subscription.lossCount != knownLosses else { return }
            knownLosses = subscription.lossCount
            try sink.purge()
        }
        for index in indices {
            guard maySend(shipments[index].origins) else {
                outcomes[index] = .lost(wasSent: wasSent[index])
                continue
            }
            do {
                underWay.add(try sink.send(shipments[index].record, whileWaiting: whileWaiting), index)
                wasSent[index] = true
            } catch let failure as PortFailure {
                outcomes[index] = try outcome(of: failure, &outage)
            }
        }
        guard !underWay.isEmpty else { return outage }
        for receipt in try sink.flush(timeoutMs: flushTimeoutMs, whileWaiting: whileWaiting) {
            guard let index = underWay.take(receipt.ticket) else { continue }
            guard maySend(shipments[index].origins) else {
                outcomes[index] = .lost(wasSent: true)
                continue
            }
            switch receipt.outcome {
            case .delivered(let address):
                if address != nil || !needsAddress { outcomes[index] = .delivered(address) }
            case .failed(let failure):
                outcomes[index] = try outcome(of: failure, &outage)
            }
        }
        return outage
    }

    /// By the partitions alone: a shipment is large to copy.
    private func maySend(_ origins: [TopicPartition]) -> Bool {
        origins.isEmpty || subscription.isOurs(origins)
    }

    /// - Returns: Nil when the record is to be sent again.
    private func outcome(of failure: PortFailure, _ outage: inout String?) throws -> ShipmentOutcome? {
        switch failure.kind {
        case .unavailable:
            outage = outage ?? failure.message
            return nil
        case .purged: return nil
        case .tooLarge: return .tooLarge(failure.message)
        case .assignmentLost:
            subscription.loseBatch()
            return .lost(wasSent: true)
        case .fatal: throw failure
        }
    }
}

/// Which shipment each ticket stands for.
///
/// Receipts come in the order of the tickets as a rule, so the next one is looked at first, and no table is made for them.
private struct Tickets {
    private var sent: [(ticket: UInt64, index: Int)] = []
    private var next = 0
    private lazy var indices = Dictionary(sent.map { ($0.ticket, $0.index) }) { _, last in last }

    var isEmpty: Bool { sent.isEmpty }

    mutating func add(_ ticket: UInt64, _ index: Int) {
        sent.append((ticket, index))
    }

    /// The shipment's index; nil for a ticket of another round.
    mutating func take(_ ticket: UInt64) -> Int? {
        guard next < sent.count, sent[next].ticket == ticket else { return indices[ticket] }
        defer { next += 1 }
        return sent[next].index
    }
}
