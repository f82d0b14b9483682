/// A topic to create on the sandbox's broker.
public struct SandboxTopic: Sendable, Hashable {
    /// The topic's name.
    public var name: String
    /// How many partitions it has.
    public var partitions: Int
    /// Its settings, on brokers that take any: such as `cleanup.policy`.
    public var settings: [String: String] = [:]

    /// A topic of that name and size.
    public init(_ name: String, partitions: Int, settings: [String: String] = [:]) {
        self.name = name
        self.partitions = partitions
        self.settings = settings
    }

    /// Reads `name:partitions`, as a command line gives it; `nil` if it is anything else.
    public init?(argument: String) {
        guard let colon = argument.lastIndex(of: ":"), colon != argument.startIndex,
            let partitions = Int(argument[argument.index(after: colon)...]), partitions > 0
        else { return nil }
        self.init(String(argument[..<colon]), partitions: partitions)
    }

    /// The form that ``init(argument:)`` reads.
    var argument: String { "\(name):\(partitions)" }
}
