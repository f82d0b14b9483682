/// The names of a stack's topics.
public struct StackTopics: Sendable, Codable, Equatable {
    /// Changes of `shop.users`.
    public var users: String
    /// Changes of `shop.preferences`.
    public var preferences: String
    /// Changes of `shop.rollcall_fence`; one partition.
    public var fence: String
    /// The connector's source offsets; one partition.
    public var offsets: String
    /// Signals.
    public var signals: String
    /// Aggregates.
    public var aggregate: String
    /// God objects.
    public var god: String
    /// What is asked of a running pipeline; one partition.
    public var control: String

    /// Debezium's `topic.prefix`, which is the name of its topic of schema changes too.
    var server: String
    /// Debezium's schema changes and heartbeats, which nobody here reads.
    var others: [String]

    /// - Parameter tag: What all names begin with, save for the one that Debezium makes of its own.
    init(tag: String = "") {
        server = "\(tag)shop"
        users = "\(server).shop.users"
        preferences = "\(server).shop.preferences"
        fence = "\(server).shop.rollcall_fence"
        offsets = "\(tag)connect-offsets"
        signals = "\(tag)rollcall.signals"
        aggregate = "\(tag)rollcall.aggregate"
        god = "\(tag)rollcall.god"
        control = "\(tag)rollcall.control"
        others = [server, "__debezium-heartbeat.\(server)"]
    }

    /// The topics to create.
    func all(partitions: Int) -> [SandboxTopic] {
        let compacted = ["cleanup.policy": "compact"]
        return [users, preferences, signals].map { SandboxTopic($0, partitions: partitions) }
            + [aggregate, god].map { SandboxTopic($0, partitions: partitions, settings: compacted) }
            + ([fence] + others).map { SandboxTopic($0, partitions: 1) }
            + [offsets, control].map { SandboxTopic($0, partitions: 1, settings: compacted) }
    }
}
