import Domain
import Foundation
import Kafka
import Ledger
import Sandbox
import Source
import Testing

@testable import Pipeline

/// A broker, a MariaDB and a mapping service, with topics and files of one test's own.
final class PipelineStack {
    /// Sets of servers that tests share, because they are slow to start. Each test has its own topics and users.
    enum Servers {
        /// They stay up and answer well, so tests use them side by side. Their Kafka is the one that `ROLLCALL_TEST_KAFKA` names.
        case steady
        /// The same with a broker of the sandbox in any case: for tests that count partitions, or on what a broker refuses.
        case embedded
        /// Tests stop them and spoil their answers, one test at a time.
        case spoiled
        /// One test kills the database again and again.
        case mortal

        fileprivate func stack() throws -> Stack {
            switch self {
            case .steady: try Self.steadyStack.get()
            case .embedded: try GivenKafka.named == nil ? Self.steadyStack.get() : Self.embeddedStack.get()
            case .spoiled: try Self.spoiledStack.get()
            case .mortal: try Stack(StackOptions(parts: [.broker, .database, .mapping]))
            }
        }

        private static let steadyStack = Result {
            var options = StackOptions(parts: [.broker, .database, .mapping])
            options.kafka = .named
            return try Stack(options)
        }
        private static let embeddedStack = Result { try Stack(StackOptions(parts: [.broker, .database, .mapping])) }
        private static let spoiledStack = Result { try Stack(StackOptions(parts: [.broker, .database, .mapping])) }
    }

    let stack: Stack
    /// The mapping service: the one of the servers, or one of this test's own.
    let mappingServer: MappingServer
    let prefix: String
    let directory: URL
    let users: String
    let preferences: String
    var settings: PipelineSettings
    var mapping: MappingSettings
    let bootstrap: String
    private let isTemporary: Bool
    private let producer: Producer

    /// Topics, groups and files of one test's own, on servers that all tests share.
    ///
    /// - Parameters:
    ///   - broker: Another broker than the servers'.
    ///   - ownMapping: Whether the test gets a mapping service of its own, to treat as it likes.
    convenience init(
        _ prefix: String, on servers: Servers = .steady, partitions: Int = 3, broker: SandboxBroker? = nil,
        ownMapping: Bool = false
    ) throws {
        let stack = try servers.stack()
        let prefix = broker == nil ? stack.tag + prefix : prefix
        let (users, preferences) = ("\(prefix).shop.users", "\(prefix).shop.preferences")
        let decoder = ChangeEventDecoder(userField: "user_id", kind: .unsigned)
        var topics = PipelineSettings.TopicNames(change: [users: decoder, preferences: decoder])
        topics.signals = "\(prefix).signals"
        topics.aggregate = "\(prefix).aggregate"
        topics.god = "\(prefix).god"
        topics.control = "\(prefix).control"
        let created = [users, preferences, topics.signals, topics.aggregate, topics.god, topics.control].map {
            SandboxTopic($0, partitions: partitions)
        }
        if let broker {
            for topic in created { try broker.createTopic(topic) }
        } else {
            try stack.createTopics(created)
        }
        // Whatever a test before this one has left behind when it failed.
        if servers == .spoiled { try stack.requireMapping().clearFaults() }
        let directory = FileManager.default.temporaryDirectory.appending(path: "rollcall-pipeline-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: directory, withIntermediateDirectories: true)
        let mapping = try ownMapping ? MappingServer(directory: directory.path) : stack.requireMapping()
        try self.init(
            prefix, stack, mapping, directory: directory, isTemporary: true,
            bootstrap: broker?.bootstrap ?? stack.requireBootstrap(), users: users,
            preferences: preferences, topics: topics)
    }

    /// On a stack whose connector fills the change topics. Whoever comes later on the same stack goes on with the same files.
    convenience init(connectedTo stack: Stack) throws {
        let decoder = ChangeEventDecoder(userField: "user_id", kind: .unsigned)
        let names = stack.topics
        var topics = PipelineSettings.TopicNames(change: [names.users: decoder, names.preferences: decoder])
        topics.signals = names.signals
        topics.aggregate = names.aggregate
        topics.god = names.god
        try self.init(
            "connected", stack, stack.requireMapping(),
            directory: URL(fileURLWithPath: stack.directory).appending(path: "pipeline"), isTemporary: false,
            bootstrap: stack.requireBootstrap(), users: names.users, preferences: names.preferences,
            topics: topics)
    }

    private init(
        _ prefix: String, _ stack: Stack, _ mappingServer: MappingServer, directory: URL, isTemporary: Bool, bootstrap: String,
        users: String,
        preferences: String, topics: PipelineSettings.TopicNames
    ) throws {
        self.stack = stack
        self.mappingServer = mappingServer
        self.prefix = prefix
        self.bootstrap = bootstrap
        self.users = users
        self.preferences = preferences
        self.directory = directory
        self.isTemporary = isTemporary
        try FileManager.default.createDirectory(at: directory, withIntermediateDirectories: true)
        let query = try AggregateQuery(sql: Self.sql, key: "u.user_id", kind: .unsigned)
        var kafka = stack.consumerProperties
        kafka["bootstrap.servers"] = bootstrap
        settings = PipelineSettings(
            kafka: kafka, topics: topics,
            source: SourceSettings(connection: try stack.connectionSettings(), query: query, keyField: "user_id"))
        settings.groups.intake = "\(prefix).intake"
        settings.groups.aggregator = "\(prefix).aggregator"
        settings.groups.enricher = "\(prefix).enricher"
        settings.ledgerPath = directory.appending(path: "ledger.sqlite").path
        settings.parkedPath = directory.appending(path: "parked.sqlite").path
        mapping = MappingSettings(url: try MappingURL("\(mappingServer.url)/{user_id}"))
        producer = try Producer(properties: ["bootstrap.servers": bootstrap])
    }

    static let sql = """
        SELECT u.user_id, u.email, u.full_name, u.credit, p.dark_mode, p.locale
        FROM users u LEFT JOIN preferences p ON p.user_id = u.user_id WHERE :users
        """

    deinit {
        producer.close()
        if isTemporary { try? FileManager.default.removeItem(at: directory) }
    }

    /// Publishes records as the connector would.
    func publish(_ records: [OutgoingRecord]) throws {
        for record in records { _ = try producer.send(record) }
        for delivery in try producer.flush(timeoutMs: 30_000) { _ = try delivery.result.get() }
    }

    /// A change event of Debezium's, without a schema. Unsigned ids beyond 2⁶³ arrive negative, as Debezium writes them.
    func event(
        _ user: String, topic: String? = nil, operation: String = "u", at position: SourcePosition? = nil
    ) -> OutgoingRecord {
        let place =
            #""server_id":\#(position?.server ?? 0),"file":"\#(position?.file ?? "binlog.000001")","pos":\#(position?.offset ?? 4)"#
        let row = #"{"user_id":\#(user)}"#
        let (before, after) = operation == "d" ? (row, "null") : ("null", row)
        return OutgoingRecord(
            topic: topic ?? users, key: Array(row.utf8),
            value: Array(
                #"{"before":\#(before),"after":\#(after),"source":{"snapshot":"false",\#(place)},"op":"\#(operation)"}"#
                    .utf8))
    }

    func runner(only hops: Set<Hop> = Set(Hop.allCases), warnings: Warnings = Warnings()) -> StreamRunner {
        StreamRunner(settings: settings, mapping: mapping, only: hops, logger: warnings.logger)
    }

    /// The last record of each key.
    func live(_ topic: String) throws -> [String: Record] {
        try all(topic).reduce(into: [:]) { $0[$1.key.text ?? ""] = $1 }
    }

    /// How many partitions a topic has; a broker that was given may not make as many as it is asked for.
    func partitionCount(_ topic: String) throws -> Int {
        let cluster = try Cluster(properties: ["bootstrap.servers": bootstrap])
        defer { cluster.close() }
        return try cluster.partitionCount(topic, timeoutMs: 30_000) ?? 0
    }

    /// All records of a topic, in order within each partition.
    func all(_ topic: String) throws -> [Record] {
        let consumer = try Consumer(properties: ["bootstrap.servers": bootstrap])
        defer { consumer.close() }
        let count = try consumer.partitionCount(topic, timeoutMs: 10_000) ?? 0
        let partitions = (0..<Int32(count)).map { TopicPartition(topic, $0) }
        var open = try consumer.watermarks(partitions, timeoutMs: 10_000).filter { $0.value.high > 0 }.mapValues(\.high)
        try consumer.assign(Dictionary(uniqueKeysWithValues: open.keys.map { ($0, Offset.beginning) }))
        var records: [Record] = []
        while !open.isEmpty {
            let batch = try consumer.poll(maxRecords: 1_000, timeoutMs: 1_000)
            for record in batch.records {
                records.append(record)
                if record.offset + 1 >= open[record.topicPartition] ?? .max { open[record.topicPartition] = nil }
            }
        }
        return records
    }

    /// How many productions a ledger holds; 0 where there is none yet.
    func productionCount(_ ledger: String) throws -> Int64 {
        guard FileManager.default.fileExists(atPath: ledger) else { return 0 }
        do {
            return try LedgerReader(path: ledger).lastID()
        } catch let error as LedgerError where error.code == .missing {
            return 0
        }
    }

    /// How many records of these topics the group has not committed yet.
    func lag(_ group: String, _ topics: [String]) throws -> Int64 {
        let cluster = try Cluster(properties: ["bootstrap.servers": bootstrap])
        defer { cluster.close() }
        let consumer = try Consumer(properties: ["bootstrap.servers": bootstrap, "group.id": group])
        defer { consumer.close() }
        let partitions = try topics.flatMap { topic in
            (0..<Int32(try cluster.partitionCount(topic, timeoutMs: 30_000) ?? 0)).map { TopicPartition(topic, $0) }
        }
        let committed = try consumer.committed(partitions, timeoutMs: 30_000)
        return try cluster.watermarks(partitions, timeoutMs: 30_000).reduce(0) {
            $0 + $1.value.high - (committed[$1.key] ?? 0)
        }
    }

    /// The newest production of a user, if there is one.
    func newest(_ user: String) throws -> Production? {
        guard FileManager.default.fileExists(atPath: settings.ledgerPath) else { return nil }
        return try LedgerReader(path: settings.ledgerPath).newest(for: UserID(user)).max { $0.god.offset < $1.god.offset }
    }
}
