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
    private let home: HomeKeys
    private let composer: GodComposer
    private var lateWrites = LateWriteWatch()
    private var provenanceReader = AggregateProvenance.Reader()
    /// Signals for users whose God objects were under way when their partition went to another member.
    private var overtaken: [UserID: Signal] = [:]
    private var warnedOfStrays: Set<TopicPartition> = []

    private typealias Work = EnricherWork

    /// - Parameter replays: What is to be enriched once more; nil where nobody can ask for that.
    public init(
        settings: EnricherSettings, mappings: any MappingLookup, ledger: any ProductionLog, ports: HopPorts,
        replays: (any ReplaySource)? = nil
    ) {
        self.settings = settings
        self.mappings = mappings
        self.ledger = ledger
        let home = HomeKeys(kind: settings.userIDKind)
        self.home = home
        composer = GodComposer(godTopic: settings.godTopic, notFound: settings.notFound)
        replay = replays.map { Replay(source: $0, topic: settings.aggregateTopic, home: home) }
        context = HopContext(.enricher, ports: ports, batch: settings.batch)
    }

    public func step() throws -> Progress {
        if replay?.takeNews() == true { mappings.forgetAnswers() }
        let subscription = context.subscription
        let records = try subscription.nextBatch(
            maxRecords: settings.batch.maxRecords, timeoutMs: replay?.isBusy == true ? 0 : settings.batch.pollTimeoutMs)
        let histories = subscription.takeHistories()
        // Whoever had these partitions meanwhile may have seen a replay of them through, of which nobody here ever heard.
        if !histories.isEmpty { mappings.forgetAnswers() }
        for (partition, history) in histories { lateWrites.begin(partition, after: history) }
        let standings = try standings(of: records, assigned: histories.keys)
        replay?.forget(subscription.takeChangedHands())
        var work = Work()
        sort(records, standings, into: &work)
        try signalLateWrites()
        let progress = records.isEmpty ? Progress() : try produce(&work, consumed: records.count)
        if let replay { try take(replay) }
        // Now, because this may have been the last step.
        if !overtaken.isEmpty { try signalLateWrites() }
        return progress
    }

    /// Takes a batch from the lookup to the commit.
    private func produce(_ work: inout Work, consumed: Int) throws -> Progress {
        guard try lookUp(&work) else { return try context.abandon(consumed: consumed) }

        let products = work.products
        // By their places, because a product is large to copy.
        var underWay: [Int] = []
        defer { noteOvertaken(underWay, of: products) }
        let outcomes = try context.delivery.deliver(work.shipments, needsAddress: true)
        let nowMs = context.clock.nowMs
        var produced: [Production] = []
        produced.reserveCapacity(products.count)
        for index in products.indices {
            switch outcomes[index] {
            case .delivered(let address?):
                produced.append(production(of: products[index], at: address, nowMs))
                underWay.append(index)
            case .lost(wasSent: true): underWay.append(index)
            case .tooLarge(let message):
                work.park(.recordTooLarge, message, products[index].aggregate)
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
    private func noteOvertaken(_ underWay: [Int], of products: [Work.Product]) {
        let subscription = context.subscription
        guard subscription.lossCount > 0 else { return }
        for index in underWay {
            let product = products[index]
            guard !subscription.isOurs(product.aggregate.record.topicPartition) else { continue }
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
                return home.owner(of: record).map { Work.Aggregate(user: $0, record: record, version: provenance.version) }
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

    /// Whose each record is. Looks how many partitions the topic has: when partitions are new here, and when a record seems to lie in a
    /// wrong one, for the topic may have got more of them since.
    private func standings(
        of records: [Record], assigned: some Sequence<TopicPartition>
    ) throws -> [HomeKeys.Standing] {
        let standings = records.map { home.standing(of: $0) }
        var topics = Set(assigned.map(\.topic))
        for (index, record) in records.enumerated() {
            if case .own = standings[index], home.knowsPartitions(of: record.topic) { continue }
            topics.insert(record.topic)
        }
        if topics.isEmpty { return standings }
        for topic in topics {
            if let count = try context.subscription.partitionCount(of: topic) { home.learn(count, of: topic) }
        }
        return records.map { home.standing(of: $0) }
    }

    /// The newest aggregate of each user, in the order of their arrival; late writes are noted before older ones are dropped.
    private func sort(_ records: [Record], _ standings: [HomeKeys.Standing], into work: inout Work) {
        var newest: [UserID: Int] = [:]
        var aggregates: [Work.Aggregate] = []
        var askedAfresh: Set<UserID> = []
        for (index, record) in records.enumerated() {
            guard case .own(let user) = standings[index] else {
                putAside(record, standings[index], &work)
                continue
            }
            replay?.observe(record, user: user)
            let provenance = provenanceReader.read { record.header($0) }
            lateWrites.observe(record, user: user, provenance: provenance)
            if provenance.cause != nil { askedAfresh.insert(user) }
            newest[user] = aggregates.count
            aggregates.append(Work.Aggregate(user: user, record: record, version: provenance.version))
        }
        let superseded = aggregates.count - newest.count
        if superseded > 0 {
            // Without a look at each where there is nothing to leave out: they are large to copy.
            var isNewest = [Bool](repeating: false, count: aggregates.count)
            for place in newest.values { isNewest[place] = true }
            aggregates = aggregates.indices.filter { isNewest[$0] }.map { aggregates[$0] }
        }
        work.aggregates = aggregates
        if !askedAfresh.isEmpty { mappings.forgetAnswers(of: askedAfresh) }
        context.counters.add { $0.deduplicated += superseded }
    }

    /// Counts a stray, and parks it if it is live. Its tombstone has nothing to say to anybody: such as that of `repair`, which
    /// ends a stray.
    private func putAside(_ record: Record, _ standing: HomeKeys.Standing, _ work: inout Work) {
        context.counters.add { $0.strays += 1 }
        if warnedOfStrays.insert(record.topicPartition).inserted {
            context.logger.warning(
                "\(record.topicPartition) at offset \(record.offset): not where the aggregator writes its user, so no God object is made of it; more of them are only counted. `rollcall verify` names them, `rollcall repair` removes them"
            )
        }
        guard record.value != nil else { return }
        let (reason, detail, users): (ParkReason, String, [UserID]) =
            switch standing {
            case .wrongPartition(let user, let home):
                (.wrongPartition, "the partition of \(user) is \(home), and this is \(record.partition)", [user])
            case .wrongKey(let user): (.badAggregate, "the key is another spelling of \(user)", [user])
            case .own, .nobodys: (.badAggregate, "the key is not a user id", [])
            }
        work.parkings.append(Work.Parked(reason: reason, detail: detail, users: users, record: record))
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

    /// Makes a God object of each aggregate, or says why not.
    ///
    /// - Returns: False when the whole batch was lost over the waiting.
    private func lookUp(_ work: inout Work) throws -> Bool {
        let live = work.liveUsers
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
        composer.compose(&work, answers)
        return true
    }

    // MARK: - What was done

    private func production(of product: Work.Product, at address: RecordAddress, _ nowMs: Int64) -> Production {
        Production(
            user: product.aggregate.user, god: address, godDigest: product.godDigest,
            aggregate: product.provenance.aggregate, aggregateDigest: product.provenance.aggregateDigest,
            version: product.provenance.version, mappingDigest: product.provenance.mappingDigest,
            producedAtMs: nowMs)
    }

    /// Writes the productions to the ledger, as long as they are ours to write.
    ///
    /// - Returns: False when the whole batch was lost over the waiting.
    private func record(_ productions: [Production], from products: [Work.Product]) throws -> Bool {
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

    private func countTimes(_ products: [Work.Product]) {
        var times = LatencyHistogram()
        let nowMs = context.clock.nowMs
        // By their places, because a product is large to copy.
        for index in products.indices {
            if let eventMs = EventTime.of(products[index].aggregate.record) { times.add(nowMs - eventMs) }
        }
        context.counters.add { $0.endToEnd.merge(times) }
    }
}
