/// A set of transactions, by their global ids: what a server has executed, or what one change event is of.
///
/// MySQL lists the transactions of each source as intervals, `3e11fa47-71ca-11e1-9e33-c80aa9429562:1-5:11`, since 8.3 also under a
/// tag behind the source's id: https://dev.mysql.com/doc/refman/8.4/en/replication-gtids-concepts.html. MariaDB names the newest
/// transaction of each domain, `0-1-57`, and means it and all before it in that domain: https://mariadb.com/kb/en/gtid/.
public struct GTIDSet: Hashable, Sendable, CustomStringConvertible {
    private enum Form: Hashable, Sendable {
        /// MySQL: for each source, intervals that rise and do not touch.
        case intervals([String: [ClosedRange<UInt64>]])
        /// MariaDB: for each domain, the newest transaction and the server where it arose.
        case newest([UInt64: Newest])
    }

    private struct Newest: Hashable, Sendable {
        var server: UInt64
        var sequence: UInt64
    }

    private var form: Form

    private init(_ form: Form) {
        self.form = form
    }

    /// Parses what either server writes; nil for anything else, and for an empty text, which does not say whose it is.
    public init?(_ text: String) {
        let elements = text.split { $0 == "," || $0.isWhitespace }
        guard let first = elements.first else { return nil }
        guard let form = first.contains(":") ? Self.intervals(elements) : Self.newest(elements) else { return nil }
        self.form = form
    }

    /// Parses a MySQL server's `gtid_executed`, which is empty where nothing was executed yet.
    public init?(executed text: String) {
        if text.contains(where: { !$0.isWhitespace }) {
            self.init(text)
        } else {
            self.init(.intervals([:]))
        }
    }

    /// The newest transactions that a MariaDB server has applied, one per domain; none where nothing was applied yet.
    public init(newest: some Sequence<(domain: UInt64, server: UInt64, sequence: UInt64)>) {
        var found: [UInt64: Newest] = [:]
        for entry in newest { found[entry.domain] = Newest(server: entry.server, sequence: entry.sequence) }
        form = .newest(found)
    }

    /// As the server writes it, sources and domains in order.
    public var description: String {
        switch form {
        case .intervals(let sources):
            sources.sorted { $0.key < $1.key }.map { source, intervals in
                ([source]
                    + intervals.map { $0.lowerBound == $0.upperBound ? "\($0.lowerBound)" : "\($0.lowerBound)-\($0.upperBound)" })
                    .joined(separator: ":")
            }.joined(separator: ",")
        case .newest(let domains):
            domains.sorted { $0.key < $1.key }.map { "\($0)-\($1.server)-\($1.sequence)" }.joined(separator: ",")
        }
    }

    public var isEmpty: Bool {
        switch form {
        case .intervals(let sources): sources.isEmpty
        case .newest(let domains): domains.isEmpty
        }
    }

    /// Whether both are of the same kind of server, so that the one can contain the other.
    public func isComparable(to other: GTIDSet) -> Bool {
        switch (form, other.form) {
        case (.intervals, .intervals), (.newest, .newest): true
        default: false
        }
    }

    /// Whether every transaction of the other set is in this one.
    public func contains(_ other: GTIDSet) -> Bool {
        switch (form, other.form) {
        case (.intervals(let mine), .intervals(let theirs)):
            theirs.allSatisfy { source, intervals in
                intervals.allSatisfy { interval in
                    (mine[source] ?? []).contains { $0.lowerBound <= interval.lowerBound && interval.upperBound <= $0.upperBound }
                }
            }
        case (.newest(let mine), .newest(let theirs)):
            theirs.allSatisfy { domain, newest in mine[domain].map { $0.sequence >= newest.sequence } ?? false }
        default: false
        }
    }

    /// The smallest set that contains both; nil where they are of two kinds.
    public func union(_ other: GTIDSet) -> GTIDSet? {
        switch (form, other.form) {
        case (.intervals(let mine), .intervals(let theirs)):
            GTIDSet(.intervals(mine.merging(theirs) { Self.normalized($0 + $1) }))
        case (.newest(let mine), .newest(let theirs)):
            GTIDSet(.newest(mine.merging(theirs) { $0.sequence >= $1.sequence ? $0 : $1 }))
        default: nil
        }
    }

    // MARK: - Reading

    private static func intervals(_ elements: [Substring]) -> Form? {
        var sources: [String: [ClosedRange<UInt64>]] = [:]
        for element in elements {
            var parts = element.split(separator: ":", omittingEmptySubsequences: false)
            guard parts.count > 1, isUUID(parts[0]) else { return nil }
            var source = parts.removeFirst().lowercased()
            let server = source
            for part in parts {
                if let interval = interval(part) {
                    sources[source, default: []].append(interval)
                } else if isTag(part) {
                    source = "\(server):\(part.lowercased())"
                } else {
                    return nil
                }
            }
        }
        return .intervals(sources.mapValues(normalized))
    }

    private static func interval(_ text: Substring) -> ClosedRange<UInt64>? {
        let bounds = text.split(separator: "-", omittingEmptySubsequences: false).map { UInt64($0) }
        guard let first = bounds[0], first > 0 else { return nil }
        if bounds.count == 1 { return first...first }
        guard bounds.count == 2, let last = bounds[1], first <= last else { return nil }
        return first...last
    }

    private static func normalized(_ intervals: [ClosedRange<UInt64>]) -> [ClosedRange<UInt64>] {
        var joined: [ClosedRange<UInt64>] = []
        for interval in intervals.sorted(by: { $0.lowerBound < $1.lowerBound }) {
            if let last = joined.last, interval.lowerBound - last.lowerBound <= last.upperBound - last.lowerBound + 1 {
                joined[joined.count - 1] = last.lowerBound...max(last.upperBound, interval.upperBound)
            } else {
                joined.append(interval)
            }
        }
        return joined
    }

    private static func isUUID(_ text: Substring) -> Bool {
        let groups = text.split(separator: "-", omittingEmptySubsequences: false)
        return groups.map(\.count) == [8, 4, 4, 4, 12] && groups.allSatisfy { $0.allSatisfy(\.isHexDigit) }
    }

    /// Up to 32 letters, digits and underscores, the first of which is no digit.
    private static func isTag(_ text: Substring) -> Bool {
        guard let first = text.first, first == "_" || first.isLetter, text.count <= 32 else { return false }
        return text.allSatisfy { $0 == "_" || ($0.isASCII && ($0.isLetter || $0.isNumber)) }
    }

    private static func newest(_ elements: [Substring]) -> Form? {
        var domains: [UInt64: Newest] = [:]
        for element in elements {
            let numbers = element.split(separator: "-", omittingEmptySubsequences: false).map { UInt64($0) }
            guard numbers.count == 3, let domain = numbers[0], let server = numbers[1], let sequence = numbers[2] else {
                return nil
            }
            domains[domain] = Newest(server: server, sequence: sequence)
        }
        return .newest(domains)
    }
}
