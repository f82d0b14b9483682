/// Counts whole numbers in bins of equal width, in memory that does not grow with their number.
///
/// Bins begin as narrow as the ladder of widths allows. When the numbers span more bins than allowed, the next width is taken;
/// because each width is a multiple of the one before, nothing is counted anew and the result does not depend on the order.
struct SpanHistogram: Sendable, Equatable {
    /// The widths that can be taken, each a multiple of the one before.
    let ladder: [Int128]
    let binsAtMost: Int
    private(set) var rung = 0
    /// Numbers by bin; a bin's index is its first number divided by the width.
    private(set) var bins: [Int128: Int] = [:]
    private var lowest: Int128 = 0
    private var highest: Int128 = 0

    /// User ids: bins of 1, 10, 100, … ids.
    static var userIDs: SpanHistogram {
        var ladder: [Int128] = [1]
        // An unsigned 64-bit id has up to twenty digits.
        for _ in 0..<20 { ladder.append((ladder.last ?? 1) * 10) }
        return SpanHistogram(ladder: ladder, binsAtMost: 100)
    }

    /// Hours since 1970: bins of an hour, six hours, a day, a week, four weeks, about a year, about ten.
    static var hours: SpanHistogram { SpanHistogram(ladder: [1, 6, 24, 168, 672, 8_736, 87_360, 8_736_000], binsAtMost: 72) }

    init(ladder: [Int128], binsAtMost: Int) {
        self.ladder = ladder
        self.binsAtMost = binsAtMost
    }

    /// How many numbers one bin covers.
    var width: Int128 { ladder[rung] }
    var total: Int { bins.values.reduce(0, +) }
    var isEmpty: Bool { bins.isEmpty }

    mutating func add(_ number: Int128, count: Int = 1) {
        let index = Self.floorDivide(number, width)
        lowest = bins.isEmpty ? index : min(lowest, index)
        highest = bins.isEmpty ? index : max(highest, index)
        bins[index, default: 0] += count
        while highest - lowest >= Int128(binsAtMost), rung + 1 < ladder.count { coarsen() }
    }

    mutating func add(_ other: SpanHistogram) {
        guard !other.isEmpty else { return }
        while rung < other.rung { coarsen() }
        for (index, count) in other.bins { add(index * other.width, count: count) }
    }

    /// The bins that hold anything, in order: first number, and how many.
    var ordered: [(start: Int128, count: Int)] {
        bins.sorted { $0.key < $1.key }.map { (start: $0.key * width, count: $0.value) }
    }

    /// All bins from the first that holds anything to the last, the empty ones between them too.
    var contiguous: [(start: Int128, count: Int)] {
        guard !bins.isEmpty, highest - lowest < Int128(max(binsAtMost, 1_000)) else { return ordered }
        return (lowest...highest).map { (start: $0 * width, count: bins[$0] ?? 0) }
    }

    private mutating func coarsen() {
        let factor = ladder[rung + 1] / width
        rung += 1
        var coarser: [Int128: Int] = [:]
        for (index, count) in bins { coarser[Self.floorDivide(index, factor), default: 0] += count }
        bins = coarser
        lowest = Self.floorDivide(lowest, factor)
        highest = Self.floorDivide(highest, factor)
    }

    private static func floorDivide(_ number: Int128, _ divisor: Int128) -> Int128 {
        let quotient = number / divisor
        return number % divisor < 0 ? quotient - 1 : quotient
    }
}
