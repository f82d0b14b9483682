import Glibc
import Kafka
import Ledger
import Report
import Source
import Synchronization

/// Ports to real servers and files.
public struct RealPorts: ReconcilePorts {
    private let sourceSettings: SourceSettings
    private let kafkaProperties: Properties
    private let connector: ConnectorSettings?
    private let ledgerPaths: [String]
    private let parkedPaths: [String]
    private let godTopic: String?
    private let controlTopic: String?
    private let replicaSettings: [String: SourceSettings]
    private let scanProperties: Properties
    private let mappingService: (@Sendable () throws -> any MappingPort)?
    private let brokerTimeoutMs: Int
    private let cacheBytes: Int?
    public let clock: any ReconcileClock

    /// - Parameters:
    ///   - godTopic: The topic whose productions the ledgers have to list; nil takes any.
    ///   - replicas: Servers to watch while the source is scanned, by name.
    ///   - mappings: Makes the mapping service's client, for runs that ask for mappings again.
    ///   - controlTopic: Where replays are asked for; nil where nobody can ask for one.
    ///   - memoryBytes: What a run may take, which decides how much is fetched ahead and cached; nil for as much as it
    ///     needs.
    ///   - brokerTimeoutMs: How long one question to the broker may wait for its answer.
    public init(
        source: SourceSettings, kafkaProperties: Properties, connector: ConnectorSettings?, ledgerPaths: [String],
        parkedPaths: [String], godTopic: String? = nil, controlTopic: String? = nil, memoryBytes: Int? = nil,
        replicas: [String: SourceSettings] = [:],
        mappings: (@Sendable () throws -> any MappingPort)? = nil, brokerTimeoutMs: Int = 10_000,
        clock: any ReconcileClock = SystemClock()
    ) {
        mappingService = mappings
        sourceSettings = source
        self.brokerTimeoutMs = brokerTimeoutMs
        self.kafkaProperties = kafkaProperties
        self.connector = connector
        self.ledgerPaths = ledgerPaths
        self.parkedPaths = parkedPaths
        self.godTopic = godTopic
        self.controlTopic = controlTopic
        replicaSettings = replicas
        // At most the aggregate topic and the God topic are read at the same time.
        let fetchBytes = MemoryPlan.fetchBytes(budgetBytes: memoryBytes, topics: ledgerPaths.isEmpty ? 1 : 2)
        scanProperties = KafkaTopic.scanProperties(fetchBytes: fetchBytes, given: kafkaProperties)
        cacheBytes = MemoryPlan(budgetBytes: memoryBytes).databaseCacheBytes
        self.clock = clock
    }

    public func source() throws -> any SourcePort { try SourceReader(sourceSettings) }

    public func replicas() throws -> [NamedSource] {
        try replicaSettings.sorted { $0.key < $1.key }.map { NamedSource(name: $0.key, port: try SourceReader($0.value)) }
    }

    public func topic(_ name: String) throws -> any TopicPort {
        try KafkaTopic(name, properties: scanProperties, timeoutMs: brokerTimeoutMs)
    }

    public func progress() throws -> any ProgressPort {
        KafkaProgress(properties: kafkaProperties, connector: connector, timeoutMs: brokerTimeoutMs)
    }

    public func ledger() throws -> any LedgerPort {
        try LedgerFiles(paths: ledgerPaths, godTopic: godTopic, cacheBytes: cacheBytes)
    }

    public func parked() throws -> any ParkedPort { ParkedFiles(paths: parkedPaths, cacheBytes: cacheBytes) }

    public func mappings() throws -> any MappingPort {
        guard let mappingService else { throw ReconcileError.noMappingService }
        return try mappingService()
    }

    public func replays() throws -> any ReplayPort {
        guard let controlTopic else { return NoReplays() }
        return ControlledReplays(controlTopic, properties: scanProperties, timeoutMs: brokerTimeoutMs)
    }

    public func cleanupPolicy(ofTopic name: String) throws -> String? {
        let cluster = try Cluster(properties: kafkaProperties)
        defer { cluster.close() }
        // A question that the account may not ask is one that is not answered.
        return try? cluster.describeTopicConfig(name)?["cleanup.policy"]
    }

    public func concurrently(_ tasks: [@Sendable () throws -> Void]) throws {
        let firstError = Mutex<(any Error)?>(nil)
        let threads = tasks.map { task in
            WorkerThread {
                do { try task() } catch { firstError.withLock { $0 = $0 ?? error } }
            }
        }
        for thread in threads { thread.join() }
        if let error = firstError.withLock({ $0 }) { throw error }
    }
}

/// The machine's clock.
public struct SystemClock: ReconcileClock {
    public init() {}

    public func nowMs() -> Int64 { UTCTime.now().millisecondsSince1970 }

    public func sleep(ms: Int) {
        usleep(UInt32(clamping: ms) * 1000)
    }
}
