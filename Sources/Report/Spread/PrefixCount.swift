/// Counts texts by how they begin, in memory that does not grow with their number: when there are too many beginnings, all
/// of them are shortened by one character.
struct PrefixCount: Sendable, Equatable {
    private(set) var counts: [String: Int] = [:]
    private var length = 8
    private let prefixesAtMost = 64

    mutating func add(_ text: String, count: Int = 1) {
        counts[String(text.prefix(length)), default: 0] += count
        while counts.count > prefixesAtMost, length > 0 { shorten(to: length - 1) }
    }

    mutating func add(_ other: PrefixCount) {
        if other.length < length { shorten(to: other.length) }
        for (prefix, count) in other.counts { add(prefix, count: count) }
    }

    /// The most frequent beginning first. Nothing where all that the texts have in common is nothing.
    var ordered: [(prefix: String, count: Int)] {
        counts.filter { !$0.key.isEmpty }.sorted { ($1.value, $0.key) < ($0.value, $1.key) }.map {
            (prefix: $0.key, count: $0.value)
        }
    }

    private mutating func shorten(to length: Int) {
        self.length = length
        var shorter: [String: Int] = [:]
        for (prefix, count) in counts { shorter[String(prefix.prefix(length)), default: 0] += count }
        counts = shorter
    }
}
