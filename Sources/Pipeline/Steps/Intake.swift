import Domain
import Kafka
import Logging

/// Change topics → signals.
///
/// Whatever shape and key Debezium's events have, a signal has one form, and one partition per user.
public final class Intake: Step {
    private let settings: IntakeSettings
    private let context: HopContext
    private let logger: Logger
    private var deletes = DeleteWatch()
    /// That of the last record: as a rule the next one is of the same topic.
    private var lastDecoder: (topic: String, decoder: ChangeEventDecoder)?

    public init(settings: IntakeSettings, ports: HopPorts) {
        self.settings = settings
        logger = ports.logger
        context = HopContext(.intake, ports: ports, batch: settings.batch)
    }

    public func step() throws -> Progress {
        let records = try context.subscription.nextBatch(
            maxRecords: settings.batch.maxRecords, timeoutMs: settings.batch.pollTimeoutMs)
        noteChangedHands()
        if records.isEmpty { return Progress() }

        var batch = SignalBatch()
        var parkings: [Parking] = []
        for (index, record) in records.enumerated() {
            do throws(ChangeEventError) {
                let event = try decode(record)
                batch.add(event.users, position: event.position, from: record, at: index)
            } catch {
                if error.reason == .truncate { warn(ofTruncate: error.detail) }
                parkings.append(context.parking(error.reason, error.detail, users: error.users, record: record))
                batch.add(error.users, position: nil, from: record, at: index)
            }
        }

        // Before the signals go out: the aggregator may answer one at once, and then closes what is parked for the user.
        var parked = try context.park(parkings)
        parkings = []

        let signals = batch.signals
        let shipments = signals.map { entry in
            Shipment(
                record: OutgoingRecord(
                    topic: settings.signalsTopic, key: entry.signal.key, value: entry.signal.value,
                    headers: EventTime.header(entry.eventTimeMs).map { [$0] } ?? []),
                origins: entry.origins)
        }
        let outcomes = try context.delivery.deliver(shipments)
        var produced = 0
        for (entry, outcome) in zip(signals, outcomes) {
            switch outcome {
            case .delivered: produced += 1
            case .tooLarge(let message):
                parkings.append(
                    context.parking(.recordTooLarge, message, users: [entry.signal.user], record: records[entry.newest]))
            case .lost: break
            }
        }
        let lastEventMs = lastEvents(of: records)
        context.counters.add {
            $0.lastEventMs.merge(lastEventMs) { max($0, $1) }
            $0.recordsOut += produced
            $0.deduplicated += batch.mentions - signals.count
        }
        parked += try context.park(parkings)
        return try context.commit(consumed: records.count, produced: produced, parked: parked)
    }

    private func warn(ofTruncate table: String) {
        logger.warning("\(table) was emptied by TRUNCATE, which names no users; `rollcall verify` finds them, `repair` ends them")
    }

    private func decode(_ record: Record) throws(ChangeEventError) -> ChangeEvent {
        guard let decoder = decoder(for: record.topic) else {
            throw ChangeEventError(.unknownShape, "topic \(record.topic) is not among the change topics")
        }
        let isAnnounced = deletes.announces(record)
        deletes.pass(record)
        let event = try decoder.decode(key: record.key, value: record.value) { record.header($0) }
        if event.operation == .delete { deletes.note(record) }
        guard !event.users.isEmpty || isAnnounced else {
            throw ChangeEventError(
                .noUserID,
                "a tombstone with no field `\(decoder.userField)` in its key, and no delete of that key directly before it; let "
                    + "deletes through (delete.tombstone.handling.mode=rewrite-with-tombstone)")
        }
        return event
    }

    private func decoder(for topic: String) -> ChangeEventDecoder? {
        if let last = lastDecoder, last.topic == topic { return last.decoder }
        guard let decoder = settings.decoders[topic] else { return nil }
        lastDecoder = (topic, decoder)
        return decoder
    }

    /// The newest timestamp of each topic.
    private func lastEvents(of records: [Record]) -> [String: Int64] {
        var newest: [String: Int64] = [:]
        var topic = ""
        var newestMs: Int64?
        for record in records {
            if record.topic != topic {
                newest[topic] = newestMs
                topic = record.topic
                newestMs = newest[topic]
            }
            guard let timeMs = record.timestampMs else { continue }
            newestMs = max(newestMs ?? timeMs, timeMs)
        }
        newest[topic] = newestMs
        return newest
    }

    /// What is remembered of a partition is void once another member has had it; what came last there is looked up instead.
    private func noteChangedHands() {
        deletes.forget(context.subscription.takeChangedHands())
        for (partition, history) in context.subscription.takeHistories() {
            guard let last = history.last.last, let decoder = settings.decoders[partition.topic],
                let event = try? decoder.decode(key: last.key, value: last.value, header: { last.header($0) }),
                event.operation == .delete
            else { continue }
            deletes.note(last)
        }
    }
}

/// What the intake is told.
public struct IntakeSettings: Sendable {
    /// How to read each change topic.
    public var decoders: [String: ChangeEventDecoder]
    public var signalsTopic: String
    public var batch: BatchSettings

    public init(decoders: [String: ChangeEventDecoder], signalsTopic: String, batch: BatchSettings = BatchSettings()) {
        self.decoders = decoders
        self.signalsTopic = signalsTopic
        self.batch = batch
    }
}

/// One signal per user of a batch, in the order in which the users first appear.
struct SignalBatch {
    struct Entry {
        var signal: Signal
        /// The place in the batch of the newest record that concerns the user.
        var newest: Int
        /// Where all records that concern the user came from.
        var origins: [TopicPartition]
        /// When the oldest of them was written.
        var eventTimeMs: Int64?
    }

    private(set) var signals: [Entry] = []
    /// How often users were named: what the signals would be without de-duplication.
    private(set) var mentions = 0
    private var indices: [UserID: Int] = [:]
    private var origins = SharedOrigins()

    mutating func add(_ users: [UserID], position: SourcePosition?, from record: Record, at place: Int) {
        for user in users {
            mentions += 1
            if let index = indices[user] {
                signals[index].signal.position = newer(signals[index].signal.position, position)
                signals[index].newest = place
                let origin = record.topicPartition
                if !signals[index].origins.contains(origin) { signals[index].origins.append(origin) }
                signals[index].eventTimeMs = EventTime.older(signals[index].eventTimeMs, record.timestampMs)
            } else {
                indices[user] = signals.count
                signals.append(
                    Entry(
                        signal: Signal(user: user, position: position, cause: .change), newest: place,
                        origins: origins.of(record), eventTimeMs: record.timestampMs))
            }
        }
    }

    /// Of two positions that cannot be compared (the source failed over) the later to arrive wins.
    private func newer(_ known: SourcePosition?, _ arriving: SourcePosition?) -> SourcePosition? {
        guard let known, let arriving else { return known ?? arriving }
        return known.joined(with: arriving) ?? arriving
    }
}
