/// What an embedded stack consists of, and how it is set up.
public struct StackOptions: Sendable {
    /// The parts of a stack.
    public enum Part: String, Sendable, CaseIterable, CustomStringConvertible {
        /// Kafka: librdkafka's own broker.
        case broker
        /// MySQL: a private MariaDB server with the sample database.
        case database
        /// The mapping service.
        case mapping
        /// Debezium, which needs the broker and the database.
        case connector

        /// The part's name for people.
        public var description: String {
            switch self {
            case .broker: "Kafka broker"
            case .database: "MariaDB"
            case .mapping: "mapping service"
            case .connector: "Debezium"
            }
        }
    }

    /// The parts to start; a connector brings the broker and the database along.
    public var parts: Set<Part> = Set(Part.allCases)
    /// Kafka to use in place of a broker of the stack's own: no broker is started then, and none can be told to fail.
    public var kafka: GivenKafka?
    /// How many partitions the topics of changes, signals, aggregates and God objects have.
    public var partitions = 24
    /// How many brokers the cluster has.
    public var brokers = 1
    /// Topics to create beside the stack's own.
    public var extraTopics: [SandboxTopic] = []
    /// How many sample users are inserted before the connector takes its snapshot.
    public var sampleUsers = 0
    /// Statements to run as `root`, with the sample database as default, before the connector starts.
    public var preparation: [String] = []
    /// What to do differently with MariaDB.
    public var database = MariaDBServer.Options()
    /// Whether change events carry their schema.
    public var schemas = false
    /// Debezium's `snapshot.mode`: `initial` or `no_data`.
    public var snapshotMode = "initial"
    /// How often Debezium sends a heartbeat, in milliseconds.
    public var heartbeatIntervalMs = 1_000
    /// Further properties of the connector, which win over the stack's.
    public var connectorProperties: [String: String] = [:]

    /// All parts, with the values above.
    public init() {}

    /// These parts only, else the values above.
    public init(parts: Set<Part>) {
        self.parts = parts
    }

    /// The parts that will really be started.
    var allParts: Set<Part> {
        let needed = parts.contains(.connector) ? parts.union([.broker, .database]) : parts
        return kafka == nil ? needed : needed.subtracting([.broker])
    }
}

/// What a stack tells while it starts.
public struct StackProgress: Sendable, Equatable, CustomStringConvertible {
    /// The part that it is about.
    public var part: StackOptions.Part
    /// How long the part took to become ready, in milliseconds; `nil` if it has only begun to start.
    public var readyAfterMs: Int?

    /// For example `MariaDB: ready after 1240 ms`.
    public var description: String {
        readyAfterMs.map { "\(part): ready after \($0) ms" } ?? "\(part): starting"
    }
}
