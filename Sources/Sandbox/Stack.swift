import Foundation
import Kafka
import MySQL

/// The embedded stack: real parts on 127.0.0.1, in one private directory, that end with this object and this process.
///
/// Test equipment. No port and no path is fixed, so many stacks can run side by side.
///
/// ```swift
/// let stack = try Stack(StackOptions(parts: [.broker, .database]))
/// let bootstrap = try stack.requireBroker().bootstrap
/// ```
public final class Stack: Sendable {
    /// The directory with the data and the logs of the parts; without a given one, MariaDB has a temporary one of its own.
    public var directory: String { files.path }
    /// The names of the topics.
    public let topics: StackTopics
    /// The name of the connector, as its source offset records tell it.
    public let connectorName = "shop"
    /// The connector's `topic.prefix`, as its source offset records tell it.
    public var connectorServer: String { topics.server }
    /// What the names of its topics begin with, and those of groups should: nothing, unless others use the same Kafka.
    public var tag: String { options.kafka?.tag ?? "" }
    /// How many partitions the topics of changes, signals, aggregates and God objects have.
    public let partitions: Int
    /// What it was set up with.
    public let options: StackOptions
    /// Kafka; `nil` if it is not part of the stack, as with the others.
    public let broker: SandboxBroker?
    /// MySQL.
    public let database: MariaDBServer?
    /// The mapping service.
    public let mapping: MappingServer?
    /// Debezium.
    public let connector: DebeziumConnector?

    private let files: StackDirectory

    /// Starts the parts, those that can at the same time, and returns once all are ready.
    ///
    /// With Debezium, ready means that the snapshot is delivered and the binlog is being read.
    ///
    /// - Parameters:
    ///   - options: what to start.
    ///   - directory: where everything goes, created if missing. MariaDB's data of an earlier stack are used again; topics
    ///     do not outlive their broker, so Debezium begins anew. Without one, a temporary directory, removed at the end.
    ///   - progress: is told of each part when it begins and when it is ready; called on several threads.
    /// - Throws: ``SandboxError``; nothing is left running then.
    public init(
        _ options: StackOptions = StackOptions(), directory: String? = nil,
        progress: @escaping @Sendable (StackProgress) -> Void = { _ in }
    ) throws(SandboxError) {
        if let missing = Self.missingParts(for: options.parts).first { throw missing }
        let topics = StackTopics(tag: options.kafka?.tag ?? "")
        self.topics = topics
        let files = try StackDirectory(path: directory)
        do throws(SandboxError) {
            let starter = StackStarter(options: options, topics: topics, files: files, progress: progress)
            partitions = try starter.prepareGivenKafka() ?? options.partitions
            let started = try starter.startIndependentParts()
            broker = started.broker
            database = started.database
            mapping = started.mapping
            connector = try starter.startConnector(named: connectorName, after: started)
        } catch {
            files.removeIfTemporary()
            throw error
        }
        self.files = files
        self.options = options
    }

    deinit {
        stop()
        files.removeIfTemporary()
    }

    /// What has to be installed before these parts can start; empty if all is there.
    public static func missingParts(for parts: Set<StackOptions.Part>) -> [SandboxError] {
        let parts = StackOptions(parts: parts).allParts
        var missing: [SandboxError] = []
        if parts.contains(.database), findProgram("mariadbd") == nil {
            missing.append(.programMissing(program: "mariadbd", package: "mariadb-server"))
        }
        guard parts.contains(.connector) else { return missing }
        if findProgram("java") == nil {
            missing.append(.programMissing(program: "java", package: "default-jre-headless"))
        }
        do throws(SandboxError) {
            _ = try PythonEnvironment.locate()
        } catch {
            missing.append(error)
        }
        return missing
    }

    /// Ends all parts: first what writes to others, then what is written to.
    public func stop() {
        connector?.stop()
        mapping?.stop()
        database?.stop()
        broker?.stop()
    }

    /// Runs statements as `root`, with the sample database as default; for what a test or a demo prepares.
    public func execute(_ statements: String...) throws(SandboxError) {
        try ShopDatabase.run(["USE shop"] + statements, on: requireDatabase())
    }

    /// How Rollcall's own account connects to the sample database: it reads all, and writes the fence table only.
    public func connectionSettings() throws(SandboxError) -> ConnectionSettings {
        let server = try requireDatabase()
        return ConnectionSettings(
            host: server.host, port: server.port, user: MariaDBServer.user, password: MariaDBServer.password,
            database: ShopDatabase.name)
    }

    /// How the shop itself connects to the sample database: it may write all of it.
    public func writerSettings() throws(SandboxError) -> ConnectionSettings {
        let server = try requireDatabase()
        return ConnectionSettings(
            host: server.host, port: server.port, user: ShopDatabase.writer, password: ShopDatabase.writerPassword,
            database: ShopDatabase.name)
    }

    /// The address for `bootstrap.servers`, or an error if the stack has no Kafka.
    public func requireBootstrap() throws(SandboxError) -> String {
        if let kafka = options.kafka { return kafka.bootstrap }
        return try requireBroker().bootstrap
    }

    /// Creates topics on the stack's Kafka; an error where one exists.
    ///
    /// - Throws: ``SandboxError`` or `KafkaError`.
    public func createTopics(_ topics: [SandboxTopic]) throws {
        if let kafka = options.kafka { return try kafka.create(topics) }
        let broker = try requireBroker()
        for topic in topics { try broker.createTopic(topic) }
    }

    /// Properties for consumers that would rather not wait, as far as the stack's Kafka allows: its own broker takes shorter sessions than
    /// Kafka does by default (`group.min.session.timeout.ms`).
    public var consumerProperties: [String: String] {
        let properties = MockBroker.recommendedConsumerProperties
        return options.kafka == nil ? properties : properties.merging(["session.timeout.ms": "6000"]) { $1 }
    }

    /// The broker, or an error if the stack has none.
    public func requireBroker() throws(SandboxError) -> SandboxBroker { try require(broker, .broker) }
    /// The database, or an error if the stack has none.
    public func requireDatabase() throws(SandboxError) -> MariaDBServer { try require(database, .database) }
    /// The mapping service, or an error if the stack has none.
    public func requireMapping() throws(SandboxError) -> MappingServer { try require(mapping, .mapping) }
    /// The connector, or an error if the stack has none.
    public func requireConnector() throws(SandboxError) -> DebeziumConnector { try require(connector, .connector) }

    private func require<Value>(_ value: Value?, _ part: StackOptions.Part) throws(SandboxError) -> Value {
        guard let value else { throw .partNotStarted(part: "\(part)") }
        return value
    }
}
