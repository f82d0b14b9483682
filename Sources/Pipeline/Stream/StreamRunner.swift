import Domain
import Ledger
import Logging
import Synchronization

/// The pipeline of one process: some workers per hop, the ledger and the parked records that they share, from start to stop.
///
/// ```swift
/// let stream = StreamRunner(settings: settings, mapping: mapping)
/// try stream.start()          // throws in seconds when something is missing
/// …
/// stream.requestStop()        // from any thread
/// try stream.wait()
/// ```
public final class StreamRunner: Sendable {
    /// What the workers have done so far.
    public let counters: PipelineCounters
    private let settings: PipelineSettings
    private let hops: [Hop]
    private let makeMappings: MappingFactory
    private let checkMapping: @Sendable () throws -> Void
    private let logger: Logger
    private let observer: PortObserver?
    private let stop: StopRequest
    private let replays = ReplayBoard()
    private let running = Mutex(Running())

    private struct Running {
        var workers: [Worker] = []
        var ledger: LedgerWriter?
        var parked: ParkedStore?
        var endedWorkers = 0
    }

    /// - Parameter only: The hops to run; all by default.
    public convenience init(
        settings: PipelineSettings, mapping: MappingSettings, only hops: Set<Hop> = Set(Hop.allCases),
        logger: Logger = Logger(label: "rollcall.stream"), observer: PortObserver? = nil
    ) {
        let counters = PipelineCounters()
        self.init(settings: settings, only: hops, logger: logger, counters: counters, observer: observer) { clock in
            try HTTPMappingService(settings: mapping, clock: clock, counters: counters.mapping)
        } checkMapping: {
            try MappingCheck(settings: mapping, timeoutMs: settings.startTimeoutMs).run()
        }
    }

    /// - Parameters:
    ///   - only: The hops to run; all by default.
    ///   - observer: Is told of each point that a worker passes; for tests of crashes.
    ///   - mappings: Makes a mapping client for each enricher, on its thread.
    ///   - checkMapping: Throws when the mapping service is not there.
    public init(
        settings: PipelineSettings, only hops: Set<Hop> = Set(Hop.allCases), logger: Logger = Logger(label: "rollcall.stream"),
        counters: PipelineCounters = PipelineCounters(), observer: PortObserver? = nil, mappings: @escaping MappingFactory,
        checkMapping: @escaping @Sendable () throws -> Void = {}
    ) {
        self.settings = settings
        self.counters = counters
        self.hops = Hop.allCases.filter(hops.contains)
        self.logger = logger
        self.observer = observer
        makeMappings = mappings
        self.checkMapping = checkMapping
        stop = StopRequest(drainTimeoutMs: settings.drainTimeoutMs)
    }

    /// Checks that all that is needed is there, opens the files, and starts the workers.
    ///
    /// - Parameter isStopRequested: Looked at while it takes long. If it says so, or ``requestStop()`` was called, no worker is started.
    /// - Throws: ``PipelineError`` for what is missing, `LedgerError` for a file that cannot be used.
    public func start(isStopRequested: @escaping () -> Bool = { false }) throws {
        try StartUpChecks(settings: settings, hops: hops).run()
        if hops.contains(.enricher) { try checkMapping() }
        let isStopped = { [stop] in stop.isMade || isStopRequested() }
        let parked = try openParked()
        var ledger: LedgerWriter?
        if hops.contains(.enricher) {
            let writer = try LedgerWriter(path: settings.ledgerPath, godTopic: settings.topics.god)
            ledger = writer
            let recorded = try LedgerCatchUp(settings: settings, ledger: writer, isStopped: isStopped).run()
            if recorded > 0 { logger.warning("\(recorded) productions of before a crash were still to be recorded") }
        }
        let hops = isStopped() ? [] : hops
        let workers = hops.flatMap { hop in
            (1...max(1, settings.hop(hop).workers)).map { number in
                worker(hop, number: number, ledger: ledger, parked: parked)
            }
        }
        let listener = hops.contains(.enricher) ? [replayListener()] : []
        running.withLock {
            $0.workers = workers + listener
            $0.ledger = ledger
            $0.parked = parked
        }
    }

    /// Hops that run in processes of their own share the settings, but each process needs a file of its own.
    private func openParked() throws -> ParkedStore {
        do {
            return try ParkedStore(path: settings.parkedPath)
        } catch var error as LedgerError where error.code == .locked {
            error.message +=
                "; where several processes run the hops, give each a file of its own by ledger.parked_path, and name the others' in ledger.parked_paths"
            throw error
        }
    }

    /// Asks the workers to finish the batch in hand and to leave. Returns at once.
    public func requestStop() {
        stop.make()
    }

    /// Whether all workers that were started are still at work.
    public var isRunning: Bool {
        running.withLock { !$0.workers.isEmpty && $0.endedWorkers == 0 }
    }

    /// Waits until all workers have ended, and closes the files.
    ///
    /// - Throws: ``PipelineError``, of the first worker that did not end because of ``requestStop()``.
    public func wait() throws {
        let workers = running.withLock { $0.workers }
        var failures: [any Error] = []
        for worker in workers {
            do { try worker.join() } catch { failures.append(error) }
        }
        running.withLock {
            $0.workers = []
            $0.ledger?.close()
            $0.parked?.close()
        }
        // A worker that could not drain says less than one that broke and thereby stopped the others.
        let isGrave = { (error: any Error) in (error as? PipelineError)?.code != .drainTimedOut }
        if let failure = failures.first(where: isGrave) ?? failures.first { throw failure }
    }

    /// Watches the running pipeline from now until its end. To be called once, after ``start(isStopRequested:)``.
    public func watch(_ watching: WatchSettings = WatchSettings()) -> StreamWatch {
        let watch = StreamWatch(
            hops: hops, settings: settings, watching: watching, counters: counters, parked: running.withLock { $0.parked },
            logger: logger
        ) { [self] in isRunning }
        let worker = Worker(name: "watch") { [stop] in
            watch.run(until: stop)
        } onEnd: { _ in
        }
        running.withLock { $0.workers.append(worker) }
        return watch
    }

    private func replayListener() -> Worker {
        let listener = ReplayListener(settings: settings, board: replays, stop: stop, logger: logger)
        return Worker(name: "replay-listener") {
            listener.run()
        } onEnd: { _ in
        }
    }

    private func worker(_ hop: Hop, number: Int, ledger: LedgerWriter?, parked: ParkedStore) -> Worker {
        let name = "\(hop.rawValue)-\(number)"
        var logger = logger
        logger[metadataKey: "worker"] = "\(name)"
        let recipe = HopRecipe(
            hop: hop, name: name, settings: settings, makeMappings: makeMappings, ledger: hop == .enricher ? ledger : nil,
            parked: parked, replays: replays, counters: counters[hop], stop: stop, logger: logger, observer: observer)
        return Worker(name: name) {
            do {
                try recipe.run()
            } catch let failure as PortFailure {
                throw PipelineError(.workerFailed, "\(name): \(failure.message)")
            }
        } onEnd: { [self, logger] failure in
            if let failure, (failure as? PipelineError)?.code != .drainTimedOut {
                logger.error("the worker ends, and the others with it: \(failure)")
            }
            running.withLock { $0.endedWorkers += 1 }
            // A pipeline with a missing hop would look alive and fall behind for ever.
            stop.make()
        }
    }
}
