import Domain
import Kafka
import Logging
import Pipeline
import Synchronization

/// One machine that runs the pipeline: starts its process, and starts it again whenever it has died.
struct Process: Sendable {
    let number: Int
    let variant: Variant

    /// What the workers of one process share.
    private final class Life: Sendable {
        /// A worker has ended, or somebody wants the process to end: the others finish the batch in hand.
        let isStopping = Mutex(false)
        let replays = KnownReplays()
    }

    func live(in world: World) throws {
        while true {
            let life = Life()
            try world.wait(for: [
                world.spawn("process \(number) starts", process: number) { world in
                    guard try recover(in: world) else { return }
                    world.act { _ = $0.weather.running.insert(number) }
                }
            ])
            if world.act({ $0.weather.running.contains(number) }) { try run(life, in: world) }
            try world.sleep(ms: world.act { $0.schedule.chance.within(5...400) })
        }
    }

    private func run(_ life: Life, in world: World) throws {
        var workers: [Int] = []
        for hop in Hop.allCases {
            for index in 0..<world.act({ $0.plan.workers(hop) }) {
                let worker = world.spawn("\(hop.rawValue) \(number).\(index)", process: number) { world in
                    defer { life.isStopping.withLock { $0 = true } }
                    try work(hop, life, in: world)
                }
                workers.append(worker)
            }
        }
        if world.act({ $0.plan.replays > 0 }) {
            workers.append(world.spawn("listener \(number)", process: number) { try listen(life, in: $0) })
        }
        try world.wait(for: workers)
        world.act { state in
            state.weather.running.remove(number)
            state.weather.stopping.remove(number)
        }
    }

    /// Follows the control topic, as the product's listener does: tells the enrichers what is asked for, and takes away what is done.
    private func listen(_ life: Life, in world: World) throws {
        while !life.isStopping.withLock({ $0 }) {
            try world.turn("read the control topic")
            let done = world.act { state -> [String] in
                guard !state.isAway(.broker) else { return [] }
                let open = state.replays.filter(\.isOpen)
                life.replays.post(open.map(\.request))
                return open.filter { $0.request.isDone($0.progress) }.map(\.request.id)
            }
            for id in done {
                try world.turn("take the replay away", id)
                world.act { state in
                    for index in state.replays.indices where state.replays[index].request.id == id {
                        state.replays[index].isOpen = false
                    }
                }
            }
            try world.sleep(ms: 250, unless: [Name.control])
        }
    }

    /// Records what a crash left unrecorded, before any worker starts.
    ///
    /// - Returns: Whether the process may start.
    private func recover(in world: World) throws -> Bool {
        let recovery = ProductionRecovery(
            topic: SimulatedProducedRecords(world: world), kind: .integer,
            ledger: SimulatedLedger(world: world, machine: number), ledgerName: "ledger \(number)")
        do {
            _ = try recovery.run()
            return true
        } catch let failure as PortFailure where failure.kind == .unavailable {
            return false
        }
    }

    private func work(_ hop: Hop, _ life: Life, in world: World) throws {
        let consumer = SimulatedConsumer(world, group: Self.group(of: hop))
        var ports = PortSet(
            source: consumer, sink: SimulatedProducer(world, for: consumer), rows: SimulatedRows(world),
            ledger: SimulatedLedger(world: world, machine: number),
            parkingLot: SimulatedParkingLot(world: world, machine: number), mappings: SimulatedMappings(world))
        variant.change(&ports, of: hop, in: world)
        let replays = world.act { $0.plan.replays > 0 } ? SimulatedReplaySource(world, life.replays) : nil
        let step = makeStep(hop, ports, replays, in: world)
        while !life.isStopping.withLock({ $0 }), !world.act({ $0.weather.stopping.contains(number) }) {
            do {
                _ = try step.step()
            } catch let failure as PortFailure where failure.kind != .fatal {
                throw PortFailure(.fatal, "a step did not handle its own failure: \(failure.kind) \(failure.message)")
            }
        }
        consumer.leave()
    }

    private func makeStep(_ hop: Hop, _ set: PortSet, _ replays: SimulatedReplaySource?, in world: World) -> any Step {
        let batch = world.act { $0.plan.batch }
        let logger = Logger(label: "simulator") { _ in TraceLog(world: world) }
        let ports = HopPorts(
            source: set.source, sink: set.sink, parkingLot: set.parkingLot, clock: SimulatedClock(world),
            counters: HopCounters(), logger: logger)
        switch hop {
        case .intake:
            let decoder = ChangeEventDecoder(userField: "user_id", kind: .integer)
            return Intake(
                settings: IntakeSettings(
                    decoders: Dictionary(uniqueKeysWithValues: Name.changes.map { ($0, decoder) }), signalsTopic: Name.signals,
                    batch: batch), ports: ports)
        case .aggregator:
            return Aggregator(
                settings: AggregatorSettings(
                    signalsTopic: Name.signals, aggregateTopic: Name.aggregate, userIDKind: .integer, encodingID: Name.encodingID,
                    batch: batch), reader: set.rows, ports: ports)
        case .enricher:
            return Enricher(
                settings: EnricherSettings(
                    signalsTopic: Name.signals, aggregateTopic: Name.aggregate, godTopic: Name.god, userIDKind: .integer,
                    batch: batch), mappings: set.mappings, ledger: set.ledger, ports: ports, replays: replays)
        }
    }

    static func group(of hop: Hop) -> String {
        switch hop {
        case .intake: Name.intake
        case .aggregator: Name.aggregator
        case .enricher: Name.enricher
        }
    }
}

/// The ports of one worker, which a ``Variant`` may put others in the place of.
struct PortSet {
    var source: any RecordSource
    var sink: any RecordSink
    var rows: any RowReader
    var ledger: any ProductionLog
    var parkingLot: any ParkingLot
    var mappings: any MappingLookup
}

extension Plan {
    fileprivate var batch: BatchSettings {
        var batch = BatchSettings()
        batch.maxRecords = batchRecords
        batch.flushTimeoutMs = 400
        batch.waiting.backoffInitialMs = 20
        batch.waiting.backoffMaximumMs = 200
        batch.waiting.rereadMaximumMs = 100
        return batch
    }
}

/// Shows the pipeline's warnings in the trace.
private struct TraceLog: Logging.LogHandler {
    let world: World
    var metadata: Logger.Metadata = [:]
    var logLevel = Logger.Level.warning

    init(world: World) { self.world = world }

    subscript(metadataKey key: String) -> Logger.Metadata.Value? {
        get { metadata[key] }
        set { metadata[key] = newValue }
    }

    func log(event: LogEvent) {
        world.act { $0.note("says: \(event.message)") }
    }
}
