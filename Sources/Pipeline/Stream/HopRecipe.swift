import Domain
import Kafka
import Ledger
import Logging

/// Makes a mapping client on the thread that will use it.
public typealias MappingFactory = @Sendable (any Clock) throws -> any MappingLookup

/// What one worker is made from: nothing in it belongs to a thread.
struct HopRecipe: Sendable {
    let hop: Hop
    /// The worker's name, which no other of the process has.
    let name: String
    let settings: PipelineSettings
    let makeMappings: MappingFactory
    /// Nil unless the hop writes to it.
    let ledger: LedgerWriter?
    let parked: ParkedStore
    /// What is to be replayed; for enrichers.
    let replays: ReplayBoard
    let counters: HopCounters
    let stop: StopRequest
    let logger: Logger
    /// Is told of each point that the worker passes; nil in operation.
    var observer: PortObserver?

    /// Runs the hop on this thread, until the stop is asked for: then the batch in hand is finished, and the group left.
    func run() throws {
        hop.takePlace()
        let clock = WorkerClock(stop: stop)
        let properties = settings.consumerProperties(hop, worker: name)
        let consumer = try translatingFailures { try Consumer(properties: properties, onLog: log) }
        defer { consumer.close() }
        let producer = try translatingFailures { try Producer(properties: settings.producerProperties(), onLog: log) }
        defer { producer.close() }
        let rows = SourceRows(settings.source)
        defer { rows.close() }
        var ports = HopPorts(
            source: KafkaSource(
                consumer, properties: settings.consumerProperties(hop), timeoutMs: settings.startTimeoutMs, logger: logger),
            sink: KafkaSink(producer), parkingLot: ParkedFile(store: parked),
            clock: clock, counters: counters, logger: logger)
        if let tell { ports = ports.observed(by: tell) }
        let step = try makeStep(ports, rows: tell.map { ObservedRows(port: rows, tell: $0) } ?? rows)
        try translatingFailures { try consumer.subscribe(settings.inputs(hop)) }
        while !stop.isMade { _ = try step.step() }
    }

    private var tell: ((PortCall) -> Void)? {
        guard let observer else { return nil }
        return { [hop] call in observer(hop, call) }
    }

    private func makeStep(_ ports: HopPorts, rows: any RowReader) throws -> any Step {
        let topics = settings.topics
        let batch = settings.hop(hop).batch
        switch hop {
        case .intake:
            return Intake(
                settings: IntakeSettings(decoders: topics.change, signalsTopic: topics.signals, batch: batch), ports: ports)
        case .aggregator:
            return Aggregator(
                settings: AggregatorSettings(
                    signalsTopic: topics.signals, aggregateTopic: topics.aggregate, userIDKind: settings.source.query.kind,
                    encodingID: settings.source.encodingID, batch: batch),
                reader: rows, ports: ports)
        case .enricher:
            guard let ledger else { throw PipelineError(.badSetting, "the enricher needs a ledger") }
            let mappings = try makeMappings(ports.clock)
            let file: any ProductionLog = settings.isRecording ? LedgerFile(writer: ledger) : NoLedger()
            return Enricher(
                settings: EnricherSettings(
                    signalsTopic: topics.signals, aggregateTopic: topics.aggregate, godTopic: topics.god,
                    userIDKind: settings.source.query.kind, notFound: settings.notFound, batch: batch),
                mappings: tell.map { ObservedMappings(port: mappings, tell: $0) } ?? mappings,
                ledger: tell.map { ObservedLedger(port: file, tell: $0) } ?? file, ports: ports,
                replays: KafkaReplaySource(settings: settings, board: replays, onLog: log))
        }
    }

    /// Warnings and errors of librdkafka are passed on, such as an offset that it had to reset. The rest is for those who look for it,
    /// and so are its lines about connections: those come again and again, and the steps say once that Kafka is away. That an old
    /// broker may create topics for whoever asks (AUTOCREATE, of each connection) is no news: the start has seen that all are there.
    private func log(_ line: LogLine) {
        let isForUsers = line.severity <= 4 && !["FAIL", "ERROR", "AUTOCREATE"].contains(line.facility)
        let level: Logger.Level = isForUsers ? .warning : .debug
        logger.log(level: level, "librdkafka, \(line.facility): \(line.message)")
    }
}
