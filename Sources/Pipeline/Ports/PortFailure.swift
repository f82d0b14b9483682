/// A port's failure, sorted by what a step is to do about it.
public struct PortFailure: Error, Sendable, Equatable, CustomStringConvertible {
    public enum Kind: String, Sendable {
        /// The other side is away for a while: wait and try again.
        case unavailable
        /// The record was given up on purpose, by a purge: send it again, if it is still ours to send.
        case purged
        /// The broker refuses a record of that size, today and tomorrow: park it.
        case tooLarge
        /// The partitions belong to another member of the group: drop what was made of their records.
        case assignmentLost
        /// Nothing that waiting would mend: the worker ends.
        case fatal
    }

    public var kind: Kind
    /// What happened, and to which topic, address or file.
    public var message: String

    public init(_ kind: Kind, _ message: String) {
        self.kind = kind
        self.message = message
    }

    public var description: String { message }
}
