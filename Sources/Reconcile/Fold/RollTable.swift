import Domain

/// What is known of the users of one part, side by side, in one flat block of memory: an open-addressing table whose places are a
/// few words each.
///
/// It holds digests and offsets, by which nearly everyone is judged, and the positions of the entries that they come from: whoever
/// is to be looked at closely is read again from there.
struct RollTable {
    struct Full: Error {}

    /// Where the words of a place stand. The later ones exist only where they are needed.
    private enum Word {
        static let low = 0
        static let traits = 1
        static let row = 2
        static let aggregate = 3
        /// The row's position and the aggregate's.
        static let positions = 4
        static let common = 5
        // From here on, behind the words in common, only where the God stage is judged.
        static let god = 0
        static let godOffset = 1
        static let madeOffset = 2
        static let madeDigest = 3
        static let madeFrom = 4
        static let godPositions = 5
        static let godCount = 6
    }

    struct Traits: OptionSet {
        let rawValue: UInt64
        static let taken = Traits(rawValue: 1)
        static let row = Traits(rawValue: 2)
        static let repeatedRow = Traits(rawValue: 4)
        static let aggregate = Traits(rawValue: 8)
        static let aggregateLive = Traits(rawValue: 16)
        static let god = Traits(rawValue: 32)
        static let godLive = Traits(rawValue: 64)
        static let made = Traits(rawValue: 128)
        static let madeLive = Traits(rawValue: 256)
        static let madeFromLive = Traits(rawValue: 512)
        /// Two ledgers, or one, describe the newest production in different ways.
        static let contradicted = Traits(rawValue: 1_024)
        /// Records or productions elsewhere, which the table does not hold.
        static let elsewhere = Traits(rawValue: 2_048)
        /// Open entries among the parked records, which the table does not hold.
        static let parked = Traits(rawValue: 4_096)
    }

    private var words: [UInt64]
    private let stride: Int
    private let godStart: Int
    private let highPlace: Int?
    private(set) var capacity: Int
    private(set) var count = 0
    private let limitBytes: Int

    /// - Parameters:
    ///   - expected: How many users there will probably be.
    ///   - isWide: Whether keys need all of their sixteen bytes.
    ///   - limitBytes: What the table may take; a larger one throws ``Full``.
    init(expected: Int, isWide: Bool, judgesGod: Bool, limitBytes: Int) throws(Full) {
        highPlace = isWide ? Word.common : nil
        godStart = Word.common + (isWide ? 1 : 0)
        stride = godStart + (judgesGod ? Word.godCount : 0)
        self.limitBytes = limitBytes
        capacity = 16
        while capacity * 7 / 10 < expected { capacity *= 2 }
        // A bold estimate is no reason to give up: the table can still grow as far as it may.
        while capacity > 16, capacity > limitBytes / (8 * stride) { capacity /= 2 }
        guard capacity * stride <= limitBytes / 8 else { throw Full() }
        words = Array(repeating: 0, count: capacity * stride)
    }

    // MARK: - Places

    /// The user's place, which is taken if the user has none.
    @inline(__always)
    mutating func place(of key: UserKey) throws(Full) -> Int {
        let mask = capacity - 1
        var index = Int(truncatingIfNeeded: key.spread) & mask
        while true {
            let place = index * stride
            if words[place + Word.traits] == 0 { break }
            if words[place + Word.low] == key.low, highPlace.map({ words[place + $0] == key.high }) ?? true { return place }
            index = (index + 1) & mask
        }
        guard (count + 1) * 10 <= capacity * 7 else {
            try grow()
            return try place(of: key)
        }
        count += 1
        let place = index * stride
        words[place + Word.low] = key.low
        words[place + Word.traits] = Traits.taken.rawValue
        if let highPlace { words[place + highPlace] = key.high }
        return place
    }

    /// The user's place; nil if the user has none.
    func find(_ key: UserKey) -> Int? {
        // A narrow table holds no wide key, and would take one for another's lower half.
        guard highPlace != nil || !key.isWide else { return nil }
        let mask = capacity - 1
        var index = Int(truncatingIfNeeded: key.spread) & mask
        while true {
            let place = index * stride
            if words[place + Word.traits] == 0 { return nil }
            if words[place + Word.low] == key.low, highPlace.map({ words[place + $0] == key.high }) ?? true { return place }
            index = (index + 1) & mask
        }
    }

    private mutating func grow() throws(Full) {
        // The old words live until the new ones hold them.
        guard capacity * stride * 3 <= limitBytes / 8 else { throw Full() }
        let old = words
        let oldCapacity = capacity
        capacity *= 2
        words = Array(repeating: 0, count: capacity * stride)
        let mask = capacity - 1
        for oldPlace in Swift.stride(from: 0, to: oldCapacity * stride, by: stride) where old[oldPlace + Word.traits] != 0 {
            var key = UserKey(exactly: old[oldPlace + Word.low])
            if let highPlace { key.high = old[oldPlace + highPlace] }
            var index = Int(truncatingIfNeeded: key.spread) & mask
            while words[index * stride + Word.traits] != 0 { index = (index + 1) & mask }
            for word in 0..<stride { words[index * stride + word] = old[oldPlace + word] }
        }
    }

    /// Shows the place of everyone.
    @inline(__always)
    func forEachPlace(_ body: (Int) throws -> Void) rethrows {
        for place in Swift.stride(from: 0, to: capacity * stride, by: stride) where words[place + Word.traits] != 0 {
            try body(place)
        }
    }

    func key(at place: Int) -> UserKey {
        var key = UserKey(exactly: words[place + Word.low])
        if let highPlace { key.high = words[place + highPlace] }
        return key
    }

    @inline(__always)
    func traits(at place: Int) -> Traits { Traits(rawValue: words[place + Word.traits]) }

    private mutating func set(_ traits: Traits, without others: Traits = [], at place: Int) {
        words[place + Word.traits] = words[place + Word.traits] & ~others.rawValue | traits.rawValue
    }

    mutating func noteElsewhere(at place: Int) { set(.elsewhere, at: place) }
    mutating func noteParked(at place: Int) { set(.parked, at: place) }

    // MARK: - Rows and records

    /// Puts a row down.
    @inline(__always)
    mutating func putRow(_ entry: SpillEntry, _ position: Spill.Position, at place: Int) {
        let isRepeated = traits(at: place).contains(.row)
        set(isRepeated ? [.row, .repeatedRow] : .row, at: place)
        words[place + Word.row] = entry.digest
        words[place + Word.positions] = words[place + Word.positions] & 0xFFFF_FFFF | UInt64(position) << 32
    }

    /// Puts down the record of a user's aggregate at its home; a later one replaces it.
    @inline(__always)
    mutating func putAggregate(_ entry: SpillEntry, _ position: Spill.Position, at place: Int) {
        let isLive = entry.traits.contains(.live)
        set(isLive ? [.aggregate, .aggregateLive] : .aggregate, without: .aggregateLive, at: place)
        words[place + Word.aggregate] = entry.digest
        words[place + Word.positions] = words[place + Word.positions] & ~0xFFFF_FFFF | UInt64(position)
    }

    mutating func putGod(_ entry: SpillEntry, _ position: Spill.Position, at place: Int) {
        let isLive = entry.traits.contains(.live)
        set(isLive ? [.god, .godLive] : .god, without: .godLive, at: place)
        words[place + godStart + Word.god] = entry.digest
        words[place + godStart + Word.godOffset] = UInt64(bitPattern: entry.offset)
        let positions = place + godStart + Word.godPositions
        words[positions] = words[positions] & ~0xFFFF_FFFF | UInt64(position)
    }

    /// Puts down the newest production at the user's home. The caller has seen that it is the newest.
    mutating func putProduction(_ entry: SpillEntry, from aggregate: Digest?, _ position: Spill.Position, at place: Int) {
        var traits: Traits = .made
        if entry.traits.contains(.live) { traits.insert(.madeLive) }
        if aggregate != nil { traits.insert(.madeFromLive) }
        set(traits, without: [.madeLive, .madeFromLive, .contradicted], at: place)
        words[place + godStart + Word.madeOffset] = UInt64(bitPattern: entry.offset)
        words[place + godStart + Word.madeDigest] = entry.digest
        words[place + godStart + Word.madeFrom] = aggregate?.rawValue ?? 0
        let positions = place + godStart + Word.godPositions
        words[positions] = words[positions] & 0xFFFF_FFFF | UInt64(position) << 32
    }

    mutating func noteContradiction(at place: Int) { set(.contradicted, at: place) }

    /// The offset of the newest production at the user's home; nil without one.
    func productionOffset(at place: Int) -> Int64? {
        traits(at: place).contains(.made) ? Int64(bitPattern: words[place + godStart + Word.madeOffset]) : nil
    }

    func rowDigest(at place: Int) -> Digest? {
        traits(at: place).contains(.row) ? Digest(rawValue: words[place + Word.row]) : nil
    }

    func rowPosition(at place: Int) -> Spill.Position? {
        traits(at: place).contains(.row) ? Spill.Position(words[place + Word.positions] >> 32) : nil
    }

    func aggregatePosition(at place: Int) -> Spill.Position? {
        traits(at: place).contains(.aggregate) ? Spill.Position(truncatingIfNeeded: words[place + Word.positions]) : nil
    }

    func godPosition(at place: Int) -> Spill.Position? {
        guard traits(at: place).contains(.god) else { return nil }
        return Spill.Position(truncatingIfNeeded: words[place + godStart + Word.godPositions])
    }

    func productionPosition(at place: Int) -> Spill.Position? {
        traits(at: place).contains(.made) ? Spill.Position(words[place + godStart + Word.godPositions] >> 32) : nil
    }

    // MARK: - The first look

    /// Whether all is plainly well with a user, so that ``judge(_:)`` would find nothing. Whoever is not plainly well is judged by
    /// that function, so this one may be wrong to the one side only.
    @inline(__always)
    func isPlainlyWell(at place: Int, judgesGod: Bool) -> Bool {
        let traits = traits(at: place)
        guard traits.isDisjoint(with: [.elsewhere, .repeatedRow, .parked]) else { return false }
        let isThere = traits.contains(.aggregateLive)
        guard traits.contains(.row) == isThere else { return false }
        if isThere, words[place + Word.row] != words[place + Word.aggregate] { return false }
        return !judgesGod || isGodPlainlyWell(traits, at: place, isThere: isThere)
    }

    private func isGodPlainlyWell(_ traits: Traits, at place: Int, isThere: Bool) -> Bool {
        guard traits.contains(.godLive) == isThere else { return false }
        guard isThere else { return true }
        // Both lie at home, so they are one record if their offsets are equal.
        return traits.isSuperset(of: [.made, .madeLive, .madeFromLive])
            && words[place + godStart + Word.madeOffset] == words[place + godStart + Word.godOffset]
            && words[place + godStart + Word.madeDigest] == words[place + godStart + Word.god]
            && words[place + godStart + Word.madeFrom] == words[place + Word.aggregate]
    }
}
