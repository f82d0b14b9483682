/// Where a record lies in its topic.
public struct RecordAddress: Hashable, Sendable, CustomStringConvertible {
    public let partition: Int32
    public let offset: Int64

    public init(partition: Int32, offset: Int64) {
        self.partition = partition
        self.offset = offset
    }

    /// Parses what ``description`` prints.
    public init?(_ text: String) {
        let parts = text.split(separator: ":", omittingEmptySubsequences: false)
        guard parts.count == 2, let partition = Int32(parts[0]), let offset = Int64(parts[1]) else { return nil }
        self.init(partition: partition, offset: offset)
        // One address has one text: neither a sign nor leading zeros.
        guard description == text else { return nil }
    }

    /// `partition:offset`.
    public var description: String { "\(partition):\(offset)" }
}
