import Domain
import Kafka
import Logging

/// Signals → aggregates: one query for all users of a batch, a tombstone for each of them that has no row.
public final class Aggregator: Step {
    private let settings: AggregatorSettings
    private let context: HopContext
    private let reader: VisibleRowReader

    public init(settings: AggregatorSettings, reader: any RowReader, ports: HopPorts) {
        self.settings = settings
        context = HopContext(.aggregator, ports: ports, batch: settings.batch)
        self.reader = VisibleRowReader(
            reader: reader, subscription: context.subscription, waiting: settings.batch.waiting, logger: ports.logger)
    }

    public func step() throws -> Progress {
        let records = try context.subscription.nextBatch(
            maxRecords: settings.batch.maxRecords, timeoutMs: settings.batch.pollTimeoutMs)
        if records.isEmpty { return Progress() }

        var parkings: [Parking] = []
        let signals = newestSignals(of: records, &parkings)
        var produced = 0
        var succeeded: [UserID] = []
        if !signals.isEmpty {
            let users = signals.map(\.signal.user)
            guard var snapshot = try reader.rows(of: users, positions: signals.compactMap(\.signal.position)),
                let misnamed = try settleMisnamed(in: &snapshot, signals)
            else { return try context.abandon(consumed: records.count) }
            parkings += failures(of: snapshot, signals)
            let usable = snapshot.failures.isEmpty ? signals : signals.filter { snapshot.failures[$0.signal.user] == nil }
            var shared = SharedParts(
                version: snapshot.position?.utf8, encoding: Array((snapshot.encodingID ?? settings.encodingID).utf8))
            let outcomes = try context.delivery.deliver(
                usable.map { shipment(for: $0, snapshot, &shared) } + misnamed.map { self.signal(for: $0) })
            for index in usable.indices {
                switch outcomes[index] {
                case .delivered: succeeded.append(usable[index].signal.user)
                case .tooLarge(let message):
                    parkings.append(
                        context.parking(
                            .recordTooLarge, message, users: [usable[index].signal.user], record: usable[index].record))
                case .lost: break
                }
            }
            produced = succeeded.count
            context.counters.add {
                $0.recordsOut += produced
                $0.tombstones += succeeded.count { snapshot.rows[$0] == nil }
            }
        }
        let parked = try context.park(parkings)
        try context.closeParked(succeeded)
        return try context.commit(consumed: records.count, produced: produced, parked: parked)
    }

    private struct Entry {
        var signal: Signal
        var record: Record
        var eventTimeMs: Int64?
    }

    /// The newest signal of each user, by partition and offset. One that cannot be read is parked, and its user looked at if its key
    /// says who that is.
    ///
    /// In this order they are produced too, so that the signal offsets in a partition of the aggregate topic only rise: that is
    /// how the enricher notices a late write.
    private func newestSignals(of records: [Record], _ parkings: inout [Parking]) -> [Entry] {
        var entries: [Entry] = []
        var newest: [UserID: Int] = [:]
        var read = 0
        for record in records {
            var signal: Signal
            do throws(SignalError) {
                signal = try Signal(key: record.key, value: record.value, kind: settings.userIDKind)
            } catch {
                parkings.append(context.parking(.badSignal, error.detail, users: error.user.map { [$0] } ?? [], record: record))
                guard let user = error.user else { continue }
                signal = Signal(user: user, position: nil, cause: .change)
            }
            read += 1
            var eventTimeMs = EventTime.of(record)
            if let index = newest[signal.user] {
                signal.position = newer(entries[index].signal.position, signal.position)
                if entries[index].signal.cause.asksAfresh { signal.cause = entries[index].signal.cause }
                eventTimeMs = EventTime.older(entries[index].eventTimeMs, eventTimeMs)
                entries[index] = Entry(signal: signal, record: record, eventTimeMs: eventTimeMs)
            } else {
                newest[signal.user] = entries.count
                entries.append(Entry(signal: signal, record: record, eventTimeMs: eventTimeMs))
            }
        }
        context.counters.add { $0.deduplicated += read - entries.count }
        // The places are sorted and not the entries, which are large to move.
        let places = entries.indices.map { (entries[$0].record.partition, entries[$0].record.offset, $0) }.sorted(by: <)
        return places.map { entries[$0.2] }
    }

    /// A repair or a retry carries no position; the change before it in the batch must be waited for all the same.
    private func newer(_ known: SourcePosition?, _ arriving: SourcePosition?) -> SourcePosition? {
        guard let known, let arriving else { return known ?? arriving }
        return known.joined(with: arriving) ?? arriving
    }

    private func failures(of snapshot: SnapshotRows, _ signals: [Entry]) -> [Parking] {
        if snapshot.failures.isEmpty { return [] }
        return signals.compactMap { entry in
            snapshot.failures[entry.signal.user].map {
                context.parking($0.reason, $0.message, users: [entry.signal.user], record: entry.record)
            }
        }
    }

    // MARK: - Rows under other ids

    /// Asks once more, one by one, for users without a row, if the query yielded rows of users that nobody had asked for.
    ///
    /// Such a row may be theirs: under a collation that ignores case the row of `Bob` answers for `bob`, and where an outer
    /// join finds nothing the key can be NULL. To delete a user for that would lose it, so it fails instead.
    ///
    /// - Returns: The signals for those other users, who have a row and were perhaps never signalled; nil when the whole batch was
    ///   lost over the waiting.
    private func settleMisnamed(in snapshot: inout SnapshotRows, _ signals: [Entry]) throws -> [Entry]? {
        // As a rule each row is one that was asked for, and no more needs to be looked at.
        let answered = signals.count { snapshot.rows[$0.signal.user] != nil }
        if answered == snapshot.rows.count, snapshot.failures.isEmpty { return [] }
        let asked = Set(signals.map(\.signal.user))
        guard !snapshot.users.isSubset(of: asked) else { return [] }
        var others: [UserID: Entry] = [:]
        for entry in signals {
            let user = entry.signal.user
            guard !snapshot.users.contains(user) else { continue }
            try context.subscription.keepAlive()
            guard let alone = try reader.rows(of: [user], positions: [entry.signal.position].compactMap { $0 }) else {
                return nil
            }
            if alone.users.contains(user) {
                snapshot.rows[user] = alone.rows[user]
                snapshot.failures[user] = alone.failures[user]
            } else if let other = alone.users.min() {
                snapshot.failures[user] = RowFailure(
                    .badUserID,
                    "the aggregate query, asked for `\(user)`, yields the row of `\(other)`; is the key's collation binary, and the key "
                        + "never NULL? \(alone.failures[other]?.message ?? "")")
                for other in alone.rows.keys where !asked.contains(other) {
                    others[other] = Entry(
                        signal: Signal(user: other, position: entry.signal.position, cause: entry.signal.cause),
                        record: entry.record)
                }
            }
        }
        return others.values.sorted { $0.signal.user < $1.signal.user }
    }

    private func signal(for entry: Entry) -> Shipment {
        Shipment(
            record: OutgoingRecord(topic: settings.signalsTopic, key: entry.signal.key, value: entry.signal.value),
            origins: [entry.record.topicPartition])
    }

    private func shipment(for entry: Entry, _ snapshot: SnapshotRows, _ shared: inout SharedParts) -> Shipment {
        let provenance = AggregateProvenance(
            version: snapshot.position,
            signal: RecordAddress(partition: entry.record.partition, offset: entry.record.offset),
            encoding: snapshot.encodingID ?? settings.encodingID, cause: entry.signal.cause)
        var headers: [Header] = []
        headers.reserveCapacity(5)
        provenance.forEachHeader(version: shared.version, encoding: shared.encoding) { headers.append(Header($0, $1)) }
        if let eventTime = EventTime.header(entry.eventTimeMs) { headers.append(eventTime) }
        return Shipment(
            record: OutgoingRecord(
                topic: settings.aggregateTopic, key: entry.signal.user.keyBytes, value: snapshot.rows[entry.signal.user],
                headers: headers),
            origins: shared.origins.of(entry.record))
    }
}

/// What the aggregates of a batch have in common.
private struct SharedParts {
    /// How the position of the snapshot is written.
    let version: [UInt8]?
    /// The id of query and encoding.
    let encoding: [UInt8]
    var origins = SharedOrigins()
}

/// What the aggregator is told.
public struct AggregatorSettings: Sendable {
    /// Where a user is signalled whose row answered for another id.
    public var signalsTopic: String
    public var aggregateTopic: String
    public var userIDKind: UserIDKind
    /// The id of query and encoding, which each aggregate carries whose row does not tell it.
    public var encodingID: String
    public var batch: BatchSettings

    public init(
        signalsTopic: String, aggregateTopic: String, userIDKind: UserIDKind, encodingID: String,
        batch: BatchSettings = BatchSettings()
    ) {
        self.signalsTopic = signalsTopic
        self.aggregateTopic = aggregateTopic
        self.userIDKind = userIDKind
        self.encodingID = encodingID
        self.batch = batch
    }
}
