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
            guard let snapshot = try reader.rows(of: users, positions: signals.compactMap(\.signal.position)) else {
                return try context.abandon(consumed: records.count)
            }
            parkings += failures(of: snapshot, signals)
            let usable = signals.filter { snapshot.failures[$0.signal.user] == nil }
            let outcomes = try context.delivery.deliver(usable.map { shipment(for: $0, snapshot) })
            for (entry, outcome) in zip(usable, outcomes) {
                switch outcome {
                case .delivered: succeeded.append(entry.signal.user)
                case .tooLarge(let message):
                    parkings.append(
                        context.parking(.recordTooLarge, message, users: [entry.signal.user], record: entry.record))
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
    }

    /// The newest signal of each user, by partition and offset.
    ///
    /// In this order they are produced too, so that the signal offsets in a partition of the aggregate topic only rise: that is
    /// how the enricher notices a late write.
    private func newestSignals(of records: [Record], _ parkings: inout [Parking]) -> [Entry] {
        var newest: [UserID: Entry] = [:]
        var read = 0
        for record in records {
            do throws(SignalError) {
                var signal = try Signal(key: record.key, value: record.value, kind: settings.userIDKind)
                read += 1
                if let older = newest[signal.user] { signal.position = newer(older.signal.position, signal.position) }
                newest[signal.user] = Entry(signal: signal, record: record)
            } catch {
                parkings.append(context.parking(.badSignal, error.detail, users: [], record: record))
            }
        }
        context.counters.add { $0.deduplicated += read - newest.count }
        return newest.values.sorted {
            ($0.record.partition, $0.record.offset) < ($1.record.partition, $1.record.offset)
        }
    }

    /// A repair or a retry carries no position; the change before it in the batch must be waited for all the same.
    private func newer(_ known: SourcePosition?, _ arriving: SourcePosition?) -> SourcePosition? {
        guard let known, let arriving else { return known ?? arriving }
        return known.compare(to: arriving) == .after ? known : arriving
    }

    private func failures(of snapshot: SnapshotRows, _ signals: [Entry]) -> [Parking] {
        signals.compactMap { entry in
            snapshot.failures[entry.signal.user].map {
                context.parking($0.reason, $0.message, users: [entry.signal.user], record: entry.record)
            }
        }
    }

    private func shipment(for entry: Entry, _ snapshot: SnapshotRows) -> Shipment {
        let provenance = AggregateProvenance(
            version: snapshot.position,
            signal: RecordAddress(partition: entry.record.partition, offset: entry.record.offset),
            encoding: settings.encodingID)
        return Shipment(
            record: OutgoingRecord(
                topic: settings.aggregateTopic, key: entry.signal.user.keyBytes, value: snapshot.rows[entry.signal.user],
                headers: provenance.headers.map { Header($0.name, text: $0.text) }),
            origins: [entry.record.topicPartition])
    }
}

/// What the aggregator is told.
public struct AggregatorSettings: Sendable {
    public var aggregateTopic: String
    public var userIDKind: UserIDKind
    /// The id of query and encoding, which each aggregate carries.
    public var encodingID: String
    public var batch: BatchSettings

    public init(
        aggregateTopic: String, userIDKind: UserIDKind, encodingID: String, batch: BatchSettings = BatchSettings()
    ) {
        self.aggregateTopic = aggregateTopic
        self.userIDKind = userIDKind
        self.encodingID = encodingID
        self.batch = batch
    }
}
