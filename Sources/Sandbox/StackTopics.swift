/// The names of a stack's topics.
public struct StackTopics: Sendable, Codable, Equatable {
    /// Changes of `shop.users`.
    public var users = "shop.shop.users"
    /// Changes of `shop.preferences`.
    public var preferences = "shop.shop.preferences"
    /// Changes of `shop.rollcall_fence`; one partition.
    public var fence = "shop.shop.rollcall_fence"
    /// The connector's source offsets; one partition.
    public var offsets = "connect-offsets"
    /// Signals.
    public var signals = "rollcall.signals"
    /// Aggregates.
    public var aggregate = "rollcall.aggregate"
    /// God objects.
    public var god = "rollcall.god"
    /// What is asked of a running pipeline; one partition.
    public var control = "rollcall.control"

    /// Debezium's schema changes and heartbeats, which nobody here reads.
    var others = ["shop", "__debezium-heartbeat.shop"]

    /// The topics to create.
    func all(partitions: Int) -> [SandboxTopic] {
        [users, preferences, signals, aggregate, god].map { SandboxTopic($0, partitions: partitions) }
            + ([fence, offsets, control] + others).map { SandboxTopic($0, partitions: 1) }
    }
}
