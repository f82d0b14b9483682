import Dispatch
import Synchronization

/// Starts the parts of a stack in the order that their needs allow.
struct StackStarter: Sendable {
    let options: StackOptions
    let topics: StackTopics
    let files: StackDirectory
    let progress: @Sendable (StackProgress) -> Void

    /// The parts that need no other.
    struct Independent: Sendable {
        var broker: SandboxBroker?
        var database: MariaDBServer?
        var mapping: MappingServer?
        var failure: SandboxError?
    }

    /// Starts the broker, the database and the mapping service, all at the same time.
    func startIndependentParts() throws(SandboxError) -> Independent {
        let parts = [StackOptions.Part.broker, .database, .mapping].filter(options.allParts.contains)
        let started = Mutex(Independent())
        DispatchQueue.concurrentPerform(iterations: parts.count) { index in
            do throws(SandboxError) {
                switch parts[index] {
                case .broker:
                    let broker = try startBroker()
                    started.withLock { $0.broker = broker }
                case .database:
                    let database = try startDatabase()
                    started.withLock { $0.database = database }
                case .mapping:
                    let mapping = try startMapping()
                    started.withLock { $0.mapping = mapping }
                case .connector: break
                }
            } catch {
                started.withLock { $0.failure = $0.failure ?? error }
            }
        }
        let result = started.withLock { $0 }
        if let failure = result.failure { throw failure }
        return result
    }

    /// Creates the topics on a Kafka that was given, and returns how many partitions the wide ones have there.
    func prepareGivenKafka() throws(SandboxError) -> Int? {
        guard let kafka = options.kafka else { return nil }
        do {
            try kafka.create(topics.all(partitions: options.partitions) + options.extraTopics)
            return try kafka.partitionCount(topics.god)
        } catch {
            throw .cannotStart(program: GivenKafka.environmentVariable, reason: "\(error)")
        }
    }

    /// Starts the connector, if the stack has one.
    func startConnector(named name: String, after started: Independent) throws(SandboxError) -> DebeziumConnector? {
        guard options.allParts.contains(.connector), let bootstrap = options.kafka?.bootstrap ?? started.broker?.bootstrap,
            let database = started.database
        else { return nil }
        // The topics are new, so what an earlier connector remembers is about others.
        files.clear(.connector)
        var settings = DebeziumConnector.Settings()
        settings.name = name
        settings.topicPrefix = topics.server
        settings.tables = ShopDatabase.tables
        settings.offsetsTopic = topics.offsets
        settings.schemas = options.schemas
        settings.snapshotMode = options.snapshotMode
        settings.heartbeatIntervalMs = options.heartbeatIntervalMs
        settings.extraProperties = options.connectorProperties
        let source = DebeziumConnector.Source(
            host: database.host, port: database.port, user: MariaDBServer.user, password: MariaDBServer.password)
        return try timed(.connector) { () throws(SandboxError) in
            try DebeziumConnector(
                source: source, bootstrap: bootstrap, settings: settings, directory: files.directory(of: .connector),
                removing: files.removing)
        }
    }

    private func startBroker() throws(SandboxError) -> SandboxBroker {
        try timed(.broker) { () throws(SandboxError) in
            try SandboxBroker(
                topics: topics.all(partitions: options.partitions) + options.extraTopics, brokers: options.brokers,
                directory: files.directory(of: .broker), removing: files.removing)
        }
    }

    private func startDatabase() throws(SandboxError) -> MariaDBServer {
        try timed(.database) { () throws(SandboxError) in
            // A temporary directory of its own goes when the server has ended, which takes longer than the other parts.
            let directory = files.isTemporary ? nil : try files.directory(of: .database)
            let server = try MariaDBServer(directory: directory, options: options.database)
            let sample = ShopDatabase.definition + ShopDatabase.sample(users: options.sampleUsers)
            try ShopDatabase.run(sample + ["USE shop"] + options.preparation, on: server)
            return server
        }
    }

    private func startMapping() throws(SandboxError) -> MappingServer {
        try timed(.mapping) { () throws(SandboxError) in
            try MappingServer(directory: files.directory(of: .mapping), removing: files.removing)
        }
    }

    /// Tells when a part begins to start and when it is ready.
    private func timed<Value>(
        _ part: StackOptions.Part, _ start: () throws(SandboxError) -> Value
    ) throws(SandboxError) -> Value {
        progress(StackProgress(part: part, readyAfterMs: nil))
        let beganAtMs = monotonicMs()
        let value = try start()
        progress(StackProgress(part: part, readyAfterMs: monotonicMs() - beganAtMs))
        return value
    }
}
