import Domain
import Foundation
import Kafka
import MySQL
import Pipeline
import Sandbox
import Source

/// Servers, users in MySQL, and preloaded change events in the shape of Debezium's.
final class StreamWorld {
    /// What the pipeline is to bear beside its own work.
    struct Latency {
        var mappingMs = 0
        var mysqlMs = 0
    }

    /// Topics of change events, and how many of them there are.
    struct Load {
        var topics: [String]
        var events: Int
        var users: Int
    }

    static let sql = """
        SELECT u.user_id, u.email, u.full_name, u.status, u.credit, u.created_at, u.updated_at, p.dark_mode, p.newsletter, \
        p.locale FROM users u LEFT JOIN preferences p ON p.user_id = u.user_id WHERE :users
        """
    private static let partitions = 12
    /// librdkafka's broker leaves Nagle's algorithm on: answers to requests that are under way at the same time then wait 40 ms
    /// for each other. Kafka's own broker turns it off, so that no one needs this there.
    static let producerProperties: Properties = ["max.in.flight.requests.per.connection": "1"]

    let stack: Stack
    let directory: String
    let users: Int
    let bootstrap: String
    private var random = SystemRandomNumberGenerator()
    private var runs = 0

    init(users: Int) throws {
        self.users = users
        var options = StackOptions(parts: [.broker, .database, .mapping])
        options.sampleUsers = users
        options.database.bufferPoolMB = 256
        BenchVerify.tell("starting MariaDB, a broker and a mapping service; inserting \(users) users")
        stack = try Stack(options)
        bootstrap = try stack.requireBroker().bootstrap
        directory = NSTemporaryDirectory() + "rollcall-bench-" + UUID().uuidString
        try FileManager.default.createDirectory(atPath: directory, withIntermediateDirectories: true)
    }

    deinit { try? FileManager.default.removeItem(atPath: directory) }

    // MARK: - Events

    /// Writes change events: pairs of one of each table, as a transaction makes them, a fifth of them of a few busy users.
    func preload(_ name: String, events: Int) throws -> Load {
        let topics = ["\(name).shop.users", "\(name).shop.preferences"]
        for topic in topics { try stack.requireBroker().createTopic(SandboxTopic(topic, partitions: Self.partitions)) }
        let seen = try write(events, to: topics)
        return Load(topics: topics, events: events / 2 * 2, users: seen.count)
    }

    /// Adds events to a load's topics, and returns how many they are.
    func publish(_ events: Int, to load: Load) throws -> Int {
        _ = try write(events, to: load.topics)
        return events / 2 * 2
    }

    /// - Returns: The users whom they concern.
    private func write(_ events: Int, to topics: [String]) throws -> Set<Int> {
        let producer = try Producer(properties: ["bootstrap.servers": bootstrap, "linger.ms": "50"])
        defer { producer.close() }
        var seen: Set<Int> = []
        for number in 0..<events / 2 {
            let isBusy = Int.random(in: 0..<5, using: &random) == 0
            let user = Int.random(in: 1...(isBusy ? min(100, users) : users), using: &random)
            seen.insert(user)
            for topic in topics { _ = try producer.send(event(user, topic: topic, number: number)) }
            if number % 20_000 == 19_999 { try flush(producer) }
        }
        try flush(producer)
        return seen
    }

    func event(_ user: Int, topic: String, number: Int) -> OutgoingRecord {
        let now = Int(Date().timeIntervalSince1970 * 1_000)
        let row =
            #"{"user_id":\#(user),"email":"user\#(user)@example.com","full_name":"Åsa Müller \#(number)","status":"active","credit":"Jj8=","created_at":1704067260000}"#
        let source =
            #"{"version":"3.1.1.Final","connector":"mysql","name":"shop","ts_ms":\#(now),"snapshot":"false","db":"shop","table":"users","server_id":0,"gtid":null,"file":"binlog.000001","pos":4,"row":0}"#
        return OutgoingRecord(
            topic: topic, key: Array(#"{"user_id":\#(user)}"#.utf8),
            value: Array(#"{"before":\#(row),"after":\#(row),"source":\#(source),"op":"u","ts_ms":\#(now)}"#.utf8))
    }

    private func flush(_ producer: Producer) throws {
        for delivery in try producer.flush(timeoutMs: 60_000) { _ = try delivery.result.get() }
    }

    // MARK: - Settings

    /// Topics, groups and files of one run's own.
    func settings(for load: Load, latency: Latency = Latency(), batch: Int? = nil) throws -> PipelineSettings {
        runs += 1
        let decoder = ChangeEventDecoder(userField: "user_id", kind: .unsigned)
        var topics = PipelineSettings.TopicNames(change: Dictionary(uniqueKeysWithValues: load.topics.map { ($0, decoder) }))
        topics.signals = "run\(runs).signals"
        topics.aggregate = "run\(runs).aggregate"
        topics.god = "run\(runs).god"
        for topic in [topics.signals, topics.aggregate, topics.god] {
            try stack.requireBroker().createTopic(SandboxTopic(topic, partitions: Self.partitions))
        }
        var kafka = MockBroker.recommendedConsumerProperties.merging(Self.producerProperties) { $1 }
        kafka["bootstrap.servers"] = bootstrap
        var settings = PipelineSettings(kafka: kafka, topics: topics, source: try source(latency))
        settings.groups.intake = "run\(runs).intake"
        settings.groups.aggregator = "run\(runs).aggregator"
        settings.groups.enricher = "run\(runs).enricher"
        settings.ledgerPath = "\(directory)/run\(runs)-ledger.sqlite"
        settings.parkedPath = "\(directory)/run\(runs)-parked.sqlite"
        if let batch {
            settings.intake.batch.maxRecords = batch
            settings.aggregator.batch.maxRecords = batch
            settings.enricher.batch.maxRecords = batch
        }
        return settings
    }

    /// For that hop alone: its input is that of the run, all else is its own.
    func settings(for hop: Hop, like run: PipelineSettings) throws -> PipelineSettings {
        runs += 1
        var settings = run
        let output = "run\(runs).output"
        try stack.requireBroker().createTopic(SandboxTopic(output, partitions: Self.partitions))
        switch hop {
        case .intake: (settings.topics.signals, settings.groups.intake) = (output, "run\(runs)")
        case .aggregator: (settings.topics.aggregate, settings.groups.aggregator) = (output, "run\(runs)")
        case .enricher: (settings.topics.god, settings.groups.enricher) = (output, "run\(runs)")
        }
        settings.ledgerPath = "\(directory)/run\(runs)-ledger.sqlite"
        settings.parkedPath = "\(directory)/run\(runs)-parked.sqlite"
        return settings
    }

    func source(_ latency: Latency) throws -> SourceSettings {
        var connection = try stack.connectionSettings()
        if latency.mysqlMs > 0 { connection.port = try DelayRelay(to: connection.port, delayMs: latency.mysqlMs).port }
        return SourceSettings(
            connection: connection, query: try AggregateQuery(sql: Self.sql, key: "u.user_id", kind: .unsigned),
            keyField: "user_id", usersTable: "users")
    }

    /// The mapping service, asked for up to 100 users at once.
    func mapping(_ latency: Latency = Latency()) throws -> MappingSettings {
        let service = try stack.requireMapping()
        try service.setFaults(MappingFaults(latencyMs: latency.mappingMs))
        return MappingSettings(url: try MappingURL(service.url + "?ids={user_ids}"))
    }
}
