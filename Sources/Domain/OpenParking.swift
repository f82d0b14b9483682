/// A record of a user that could not be processed, and that nobody has settled since: the entry among the parked records is open.
public struct OpenParking: Sendable, Equatable {
    /// Where it was parked.
    public var hop: Hop
    public var reason: ParkReason
    /// Where the record lies in the topic that the hop reads: a change topic, the signals topic, the aggregate topic.
    public var address: RecordAddress
    /// When it was parked last, in milliseconds since 1970.
    public var parkedAtMs: Int64

    public init(hop: Hop, reason: ParkReason, address: RecordAddress, parkedAtMs: Int64) {
        self.hop = hop
        self.reason = reason
        self.address = address
        self.parkedAtMs = parkedAtMs
    }

    /// Whether the hop got further with the user afterwards, so that the entry is open only because it lies in the file of another
    /// process than the one that succeeded.
    ///
    /// - Parameters:
    ///   - answered: Where the record lies of which the hop made its newest product.
    ///   - atMs: When that was, in milliseconds since 1970, where one record may be processed again and again, as when everyone is
    ///     enriched anew: then the later attempt counts. Nil where a product of the very record that was parked settles it.
    public func isSettled(by answered: RecordAddress?, atMs: Int64? = nil) -> Bool {
        guard let answered else { return false }
        // No record of the user's own lies in that partition; whatever came of the user afterwards settles it.
        if reason == .wrongPartition { return atMs.map { $0 > parkedAtMs } ?? false }
        guard answered.partition == address.partition else { return false }
        if answered.offset != address.offset { return answered.offset > address.offset }
        return atMs.map { $0 > parkedAtMs } ?? true
    }
}
