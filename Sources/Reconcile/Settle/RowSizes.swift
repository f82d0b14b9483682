import Domain

/// Of how many users rows can be asked for at once: an answer is held as a whole, and rows may be of any length.
///
/// Where the longest row is known, it decides. Else the first answers are small, and each may have twice as many rows as the one before, as
/// long as that many of the longest row so far would fit.
final class RowSizes {
    private let limitBytes: Int?
    private let most: Int
    private var largestBytes: Int
    private var ventured: Int

    /// How long a row is taken to be of which nothing is known. Longer ones are rare, and a few small questions more cost nothing.
    private static let unknownRowBytes = 256 << 10

    /// - Parameters:
    ///   - limitBytes: What the rows of one answer may take; nil for as much as they need.
    ///   - atMost: The largest number of users, whatever their rows.
    ///   - largestBytes: The longest row that there is; nil where nobody knows.
    init(limitBytes: Int?, atMost: Int, largestBytes: Int?) {
        self.limitBytes = limitBytes
        most = max(1, atMost)
        self.largestBytes = largestBytes ?? 0
        ventured = limitBytes == nil || largestBytes != nil ? .max : max(1, (limitBytes ?? 0) / Self.unknownRowBytes)
    }

    /// How many users to ask for next.
    var usersPerQuery: Int {
        let fitting = limitBytes.map { max(1, $0 / max(1, largestBytes)) } ?? .max
        return min(most, ventured, fitting)
    }

    /// Takes note of an answer.
    ///
    /// - Parameters:
    ///   - asked: How many users were asked for.
    ///   - largest: The longest row among theirs; 0 without any.
    func note(asked: Int, largest: Int) {
        largestBytes = max(largestBytes, largest)
        guard ventured < most, asked >= ventured else { return }
        ventured *= 2
    }

    func note(asked: Int, _ found: SnapshotRows) {
        note(asked: asked, largest: found.rows.values.reduce(0) { max($0, $1.count) })
    }
}
