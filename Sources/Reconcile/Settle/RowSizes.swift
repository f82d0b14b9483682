import Domain

/// Of how many users rows can be asked for at once: an answer is held as a whole, and rows may be of any length.
///
/// Each answer may have twice as many rows as the one before, as long as that many of the longest row of the one before would fit. So the
/// next one after a long row is small, and a long row among many short ones does not hold back the answers ever after: only to a few times
/// as many as would fit if all were as long as it.
final class RowSizes {
    /// What the rows of one answer may take; nil for as much as they need. A row that is longer comes alone.
    let limitBytes: Int?
    private let most: Int
    private var allowed: Int
    private var largestBytes: Int

    /// How long a row is taken to be of which nothing is known. Longer ones are rare, and a few small questions more cost nothing.
    private static let unknownRowBytes = 256 << 10
    /// How much more than the longest rows allow may be asked for. Should they all come at once, they take half a budget too much; without
    /// any such venture, one row of some megabytes would make each row a question of its own.
    private static let venture = 8

    /// - Parameters:
    ///   - limitBytes: What the rows of one answer may take; nil for as much as they need.
    ///   - atMost: The largest number of users, whatever their rows.
    ///   - largestBytes: The longest row that there is; nil where nobody knows.
    init(limitBytes: Int?, atMost: Int, largestBytes: Int?) {
        self.limitBytes = limitBytes
        most = max(1, atMost)
        self.largestBytes = largestBytes ?? 0
        allowed = Self.count(of: largestBytes ?? Self.unknownRowBytes, in: limitBytes, atMost: most)
    }

    /// How many users to ask for next.
    var usersPerQuery: Int { allowed }

    /// Takes note of an answer.
    ///
    /// - Parameters:
    ///   - asked: How many users were asked for.
    ///   - largest: The longest row among theirs; 0 without any.
    func note(asked: Int, largest: Int) {
        largestBytes = max(largestBytes, largest)
        let ceiling = Self.count(of: largestBytes, in: limitBytes, atMost: most) * Self.venture
        let next = min(most, ceiling, asked >= allowed ? allowed * 2 : allowed)
        allowed = Self.count(of: largest, in: limitBytes, atMost: next)
    }

    func note(asked: Int, _ found: SnapshotRows) {
        note(asked: asked, largest: found.rows.values.reduce(0) { max($0, $1.count) })
    }

    /// How many rows of that length fit; one in any case.
    private static func count(of rowBytes: Int, in limitBytes: Int?, atMost most: Int) -> Int {
        guard let limitBytes else { return most }
        return max(1, min(most, limitBytes / max(1, rowBytes)))
    }
}
