import Domain
import Kafka
import Logging

/// Aggregates → God objects: the newest aggregate of each user, and what the mapping service says of the user.
public final class Enricher: Step {
    private let settings: EnricherSettings
    private let context: HopContext
    private let mappings: any MappingLookup
    private let ledger: any ProductionLog
    private let replay: Replay?
    private var lateWrites = LateWriteWatch()
    /// Signals for users whose God objects were under way when their partition went to another member.
    private var overtaken: [UserID: Signal] = [:]

    /// - Parameter replays: What is to be enriched once more; nil where nobody can ask for that.
    public init(
        settings: EnricherSettings, mappings: any MappingLookup, ledger: any ProductionLog, ports: HopPorts,
        replays: (any ReplaySource)? = nil
    ) {
        self.settings = settings
        self.mappings = mappings
        self.ledger = ledger
        replay = replays.map { Replay(source: $0, topic: settings.aggregateTopic, kind: settings.userIDKind) }
        context = HopContext(.enricher, ports: ports, batch: settings.batch)
    }

    public func step() throws -> Progress {
        if replay?.takeNews() == true { mappings.forgetAnswers() }
        let subscription = context.subscription
        let records = try subscription.nextBatch(
            maxRecords: settings.batch.maxRecords, timeoutMs: replay?.isBusy == true ? 0 : settings.batch.pollTimeoutMs)
        for (partition, history) in subscription.takeHistories() { lateWrites.begin(partition, after: history) }
        replay?.forget(subscription.takeChangedHands())
        var work = Work()
        sort(records, into: &work)
        try signalLateWrites()
        let progress = records.isEmpty ? Progress() : try produce(&work, consumed: records.count)
        if let replay { try take(replay) }
        return progress
    }

    /// Takes a batch from the lookup to the commit.
    private func produce(_ work: inout Work, consumed: Int) throws -> Progress {
        guard try lookUp(&work) else { return try context.abandon(consumed: consumed) }

        let products = work.products
        defer { noteOvertaken(products) }
        let outcomes = try context.delivery.deliver(products.map(\.shipment), needsAddress: true)
        var produced: [Production] = []
        for (product, outcome) in zip(products, outcomes) {
            switch outcome {
            case .delivered(let address?): produced.append(production(of: product, at: address))
            case .tooLarge(let message):
                work.park(.recordTooLarge, message, product.aggregate)
            case .delivered, .lost: break
            }
        }
        guard try record(produced, from: products) else { return try context.abandon(consumed: consumed) }
        count(produced)
        // A replay is not about the change event behind the aggregate.
        if consumed > 0 { countTimes(products) }
        let parked = try context.park(
            work.parkings.map { context.parking($0.reason, $0.detail, users: $0.users, record: $0.record) })
        try context.closeParked(produced.map(\.user))
        return try context.commit(consumed: consumed, produced: produced.count, parked: parked)
    }

    /// A God object that was under way when its partition went to another member may arrive behind the new owner's, and nothing on the
    /// God topic would tell. So its user is to be looked at again, as after a late aggregate.
    private func noteOvertaken(_ products: [Product]) {
        let subscription = context.subscription
        guard subscription.lossCount > 0 else { return }
        for product in products where !subscription.isOurs(product.aggregate.record.topicPartition) {
            overtaken[product.aggregate.user] = Signal(
                user: product.aggregate.user, position: product.aggregate.version, cause: .late)
        }
    }

    // MARK: - Replays

    /// Does a piece of a replay between two batches of fresh aggregates, in the same order of effects: acknowledged → recorded →
    /// the replay's progress.
    private func take(_ replay: Replay) throws {
        do {
            let subscription = context.subscription
            let turn = try subscription.untilAvailable(.kafka) {
                replay.forget(subscription.takeChangedHands())
                return try replay.turn(positions: subscription.positions, maxRecords: settings.batch.maxRecords)
            }
            guard case .batch(let batch) = turn else { return }
            subscription.beginBatch(of: batch.partition)
            var work = Work()
            work.aggregates = batch.records.compactMap { record in
                let provenance = AggregateProvenance { record.header($0) }
                return user(of: record).map { Aggregate(user: $0, record: record, version: provenance.version) }
            }
            let progress = try produce(&work, consumed: 0)
            context.counters.add { $0.replayed += progress.produced }
            guard subscription.isOurs(batch.partition) else { return }
            _ = try subscription.untilAvailable(.kafka) { try replay.finish(batch) }
        } catch let failure as ReplayFailure {
            // Such as a group that this user may not commit for: no reason to end the pipeline.
            guard let id = replay.refuse() else { return }
            context.logger.error("replay \(id) is left to other processes, because it cannot go on here: \(failure.message)")
        }
    }

    // MARK: - What there is to do

    /// The newest aggregate of each user, in the order of their arrival; late writes are noted before older ones are dropped.
    private func sort(_ records: [Record], into work: inout Work) {
        var newest: [UserID: Int] = [:]
        var aggregates: [Aggregate?] = []
        for record in records {
            guard let user = user(of: record) else {
                work.parkings.append(
                    Work.Parked(reason: .badAggregate, detail: "the key is not a user id", users: [], record: record))
                continue
            }
            replay?.observe(record, user: user)
            let provenance = AggregateProvenance { record.header($0) }
            lateWrites.observe(record, user: user, provenance: provenance)
            if let older = newest[user] { aggregates[older] = nil }
            newest[user] = aggregates.count
            aggregates.append(Aggregate(user: user, record: record, version: provenance.version))
        }
        work.aggregates = aggregates.compactMap { $0 }
        context.counters.add { $0.deduplicated += aggregates.count - work.aggregates.count }
    }

    /// Signals the users of late writes, before anything else is done: they must not be lost with the batch.
    private func signalLateWrites() throws {
        for partition in Set(lateWrites.unsignalled.values.map(\.newestSignal.partition)).sorted() {
            try checkSignals(of: partition)
        }
        let signals = overtaken.merging(lateWrites.unsignalled.mapValues(\.signal)) { _, late in late }
        let late = signals.values.sorted { $0.user < $1.user }
        if late.isEmpty { return }
        _ = try context.delivery.deliver(
            late.map {
                Shipment(record: OutgoingRecord(topic: settings.signalsTopic, key: $0.key, value: $0.value), origins: [])
            })
        lateWrites.signalled(late.map(\.user))
        overtaken = [:]
        context.counters.add { $0.lateWrites += late.count }
    }

    /// A signal that was answered, and that the signals topic does not have yet, is from before the topic was created anew.
    /// Without this look every aggregate from then on would count as late, and so would the answers to the signals about them.
    private func checkSignals(of partition: Int32) throws {
        let topicPartition = TopicPartition(settings.signalsTopic, partition)
        guard let end = try context.subscription.end(of: topicPartition),
            lateWrites.unsignalled.values.contains(where: {
                $0.newestSignal.partition == partition && $0.newestSignal.offset >= end
            })
        else { return }
        lateWrites.forget(signalsPartition: partition)
        context.logger.warning("\(topicPartition) was created anew; late writes are measured by its new offsets from now on")
    }

    private func user(of record: Record) -> UserID? {
        guard let key = record.key, let text = String(validating: key, as: UTF8.self) else { return nil }
        return try? settings.userIDKind.parse(text)
    }

    /// Makes a God object of each aggregate, or says why not.
    ///
    /// - Returns: False when the whole batch was lost over the waiting.
    private func lookUp(_ work: inout Work) throws -> Bool {
        let live = work.aggregates.filter { $0.record.value != nil }.map(\.user)
        var answers: [UserID: MappingAnswer] = [:]
        if !live.isEmpty {
            let found = try context.subscription.untilAvailable(.mapping) {
                try mappings.mappings(of: live) {
                    try context.subscription.keepAlive()
                    if context.subscription.isBatchLost { throw PortFailure(.assignmentLost, "revoked during the lookup") }
                }
            }
            guard let found else { return false }
            answers = found
        }
        for aggregate in work.aggregates {
            guard let value = aggregate.record.value else {
                work.products.append(product(of: aggregate, god: nil, mapping: nil))
                continue
            }
            // The value is spliced into the God object as it is, so it has to be JSON here.
            guard (try? JSONValue(parsing: value)) != nil else {
                work.park(.badAggregate, "the value is not JSON", aggregate)
                continue
            }
            switch answers[aggregate.user] ?? .failed("the mapping service gave no answer for this user") {
            case .found(let mapping):
                work.products.append(
                    product(of: aggregate, god: GodObject.compose(aggregate: value, mapping: mapping), mapping: mapping))
            case .notFound where settings.notFound == .null:
                work.products.append(
                    product(of: aggregate, god: GodObject.compose(aggregate: value, mapping: nil), mapping: nil))
            case .notFound:
                work.park(.mappingNotFound, "mapping.not_found is set to park", aggregate)
            case .failed(let message):
                work.park(.mappingFailed, message, aggregate)
            }
        }
        return true
    }

    private func product(of aggregate: Aggregate, god: [UInt8]?, mapping: [UInt8]?) -> Product {
        let record = aggregate.record
        let provenance = GodProvenance(
            aggregate: RecordAddress(partition: record.partition, offset: record.offset),
            aggregateDigest: record.value.map { Digest(of: $0) }, version: aggregate.version,
            mappingDigest: mapping.map { Digest(of: $0) })
        return Product(
            aggregate: aggregate, provenance: provenance, godDigest: god.map { Digest(of: $0) },
            shipment: Shipment(
                record: OutgoingRecord(
                    topic: settings.godTopic, key: aggregate.user.keyBytes, value: god,
                    headers: provenance.headers.map { Header($0.name, text: $0.text) }),
                origins: [record.topicPartition]))
    }

    // MARK: - What was done

    private func production(of product: Product, at address: RecordAddress) -> Production {
        Production(
            user: product.aggregate.user, god: address, godDigest: product.godDigest,
            aggregate: product.provenance.aggregate, aggregateDigest: product.provenance.aggregateDigest,
            version: product.provenance.version, mappingDigest: product.provenance.mappingDigest,
            producedAtMs: context.clock.nowMs)
    }

    /// Writes the productions to the ledger, as long as they are ours to write.
    ///
    /// - Returns: False when the whole batch was lost over the waiting.
    private func record(_ productions: [Production], from products: [Product]) throws -> Bool {
        guard let topic = products.first?.aggregate.record.topic else { return true }
        let subscription = context.subscription
        let done: Void? = try subscription.untilAvailable(.ledger) {
            let ours = productions.filter { subscription.isOurs(TopicPartition(topic, $0.aggregate.partition)) }
            if !ours.isEmpty { try ledger.append(ours) }
        }
        return done != nil
    }

    private func count(_ produced: [Production]) {
        context.counters.add {
            $0.recordsOut += produced.count
            $0.tombstones += produced.count { !$0.isLive }
        }
    }

    private func countTimes(_ products: [Product]) {
        var times = LatencyHistogram()
        let nowMs = context.clock.nowMs
        for product in products {
            if let eventMs = EventTime.of(product.aggregate.record) { times.add(nowMs - eventMs) }
        }
        context.counters.add { $0.endToEnd.merge(times) }
    }
}

/// The newest aggregate of one user in a batch.
private struct Aggregate {
    var user: UserID
    var record: Record
    var version: SourcePosition?
}

/// A God object, or tombstone, that is to be sent.
private struct Product {
    var aggregate: Aggregate
    var provenance: GodProvenance
    var godDigest: Digest?
    var shipment: Shipment
}

/// What a batch comes to.
private struct Work {
    struct Parked {
        var reason: ParkReason
        var detail: String
        var users: [UserID]
        var record: Record
    }

    var aggregates: [Aggregate] = []
    var products: [Product] = []
    var parkings: [Parked] = []

    mutating func park(_ reason: ParkReason, _ detail: String, _ aggregate: Aggregate) {
        parkings.append(Parked(reason: reason, detail: detail, users: [aggregate.user], record: aggregate.record))
    }
}

/// What the enricher is told.
public struct EnricherSettings: Sendable {
    /// Where a late write is signalled.
    public var signalsTopic: String
    /// What is enriched, and enriched once more by a replay.
    public var aggregateTopic: String
    public var godTopic: String
    public var userIDKind: UserIDKind
    public var notFound: NotFoundPolicy
    public var batch: BatchSettings

    public init(
        signalsTopic: String, aggregateTopic: String = "", godTopic: String, userIDKind: UserIDKind,
        notFound: NotFoundPolicy = .null, batch: BatchSettings = BatchSettings()
    ) {
        self.signalsTopic = signalsTopic
        self.aggregateTopic = aggregateTopic
        self.godTopic = godTopic
        self.userIDKind = userIDKind
        self.notFound = notFound
        self.batch = batch
    }
}

/// What becomes of a user whom the mapping service does not know.
public enum NotFoundPolicy: String, Sendable, CaseIterable {
    /// A God object whose mapping is `null`.
    case null
    /// The aggregate is parked, and the God object stays as it was.
    case park
}
