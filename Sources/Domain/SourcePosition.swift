/// A place in what a MySQL server has logged: everything before it has been written, nothing after it is claimed.
///
/// It is known as a place in the binary log's files, as a set of transactions by their global ids, or as both. Places are ordered
/// only within one server and one naming of its log files; a failover voids such comparisons. Global ids outlive one. Where two
/// positions have neither in common, ``compare(to:)`` says so instead of guessing.
public struct SourcePosition: Hashable, Sendable, CustomStringConvertible {
    /// Where it lies in the binary log; nil where only transactions are known.
    public let place: BinlogPlace?
    /// The transactions that lie before it; of a change event, the one that it belongs to. Nil where they have no global ids.
    public let gtids: GTIDSet?

    /// - Returns: Nil when nothing is known.
    public init?(place: BinlogPlace?, gtids: GTIDSet?) {
        guard place != nil || gtids != nil else { return nil }
        self.place = place
        self.gtids = gtids
    }

    public init(server: UInt64?, logName: String, logNumber: UInt64, offset: UInt64) {
        place = BinlogPlace(server: server, logName: logName, logNumber: logNumber, offset: offset)
        gtids = nil
    }

    /// A position from a log file's full name, such as `binlog.000017`; nil when the name does not end in a number.
    public init?(server: UInt64?, file: String, offset: UInt64) {
        guard let place = BinlogPlace(server: server, file: file, offset: offset) else { return nil }
        self.place = place
        gtids = nil
    }

    /// Parses what ``description`` prints.
    public init?(_ text: String) {
        guard let mark = Self.markStart(in: text.utf8) else {
            guard let place = BinlogPlace(text) else { return nil }
            self.place = place
            gtids = nil
            return
        }
        let before = text[..<mark]
        guard before.isEmpty || before.last == " ",
            let transactions = String(text.utf8[mark...].dropFirst(Self.mark.utf8.count)),
            let gtids = GTIDSet(executed: transactions)
        else { return nil }
        if before.isEmpty {
            place = nil
        } else {
            guard let place = BinlogPlace(String(before.dropLast())) else { return nil }
            self.place = place
        }
        self.gtids = gtids
    }

    private static let mark = "gtid="

    /// Byte by byte, because a search for a text costs more than all else about a signal.
    private static func markStart(in text: String.UTF8View) -> String.Index? {
        // Most positions are places alone, and this is the sign that tells.
        guard text.withContiguousStorageIfAvailable({ $0.contains(UInt8(ascii: "=")) }) ?? true else { return nil }
        return text.indices.first { text[$0] == UInt8(ascii: "g") && text[$0...].starts(with: mark.utf8) }
    }

    /// The server's `server_id`; nil where the writer of the position did not say.
    public var server: UInt64? { place?.server }
    /// The log file's name; nil where only transactions are known.
    public var file: String? { place?.file }
    /// The log file's number.
    public var logNumber: UInt64? { place?.logNumber }
    /// The byte offset in the file.
    public var offset: UInt64? { place?.offset }

    /// `4242@binlog.000017:1234`, `gtid=0-1-57` where only transactions are known, or both, with a space between them.
    public var description: String {
        guard let gtids else { return place?.description ?? "" }
        let transactions = Self.mark + gtids.description
        return place.map { "\($0) \(transactions)" } ?? transactions
    }

    /// The bytes of ``description``.
    public var utf8: [UInt8] { Array(description.utf8) }

    /// How this position lies to another one.
    public func compare(to other: SourcePosition) -> Order {
        if let order = placeOrder(to: other) { return order }
        guard let gtids, let theirs = other.gtids else { return .incomparable }
        switch (gtids.contains(theirs), theirs.contains(gtids)) {
        case (true, true): return .same
        case (true, false): return .after
        case (false, true): return .before
        case (false, false): return .incomparable
        }
    }

    /// Whether this position is known to lie at `other` or after it. False also when the two cannot be compared.
    public func hasReached(_ other: SourcePosition) -> Bool {
        if let order = placeOrder(to: other) { return order != .before }
        guard let gtids, let theirs = other.gtids else { return false }
        return gtids.contains(theirs)
    }

    /// Whether it can be told if this position has reached the other one. Two sets of transactions, neither of which contains the
    /// other, are in no order, and yet it is clear that the one has not reached the other.
    public func isComparable(to other: SourcePosition) -> Bool {
        if placeOrder(to: other) != nil { return true }
        guard let gtids, let theirs = other.gtids else { return false }
        return gtids.isComparable(to: theirs)
    }

    /// A position such that a reader that has reached it has seen what lies before both, as far as that reader can be compared with
    /// each of them; nil where the two have nothing in common.
    public func joined(with other: SourcePosition) -> SourcePosition? {
        var union = gtids ?? other.gtids
        if let gtids, let theirs = other.gtids {
            union = gtids.union(theirs)
            if union == nil { return nil }
        }
        if let order = placeOrder(to: other) {
            return SourcePosition(place: order == .before ? other.place : place, gtids: union)
        }
        // A place would be compared before the transactions are, and it would be the place of one of the two alone.
        return gtids == nil || other.gtids == nil ? nil : SourcePosition(place: nil, gtids: union)
    }

    private func placeOrder(to other: SourcePosition) -> Order? {
        guard let place, let theirs = other.place else { return nil }
        let order = place.compare(to: theirs)
        return order == .incomparable ? nil : order
    }

    public enum Order: Sendable {
        case before, same, after
        /// Different servers or differently named logs, and no transactions by which to tell.
        case incomparable
    }
}
