import Domain

/// Where the newest signal of each user lies, in a temporary file in which a user is found without reading what is known of the others.
///
/// It is an open-addressing table for each part of the spill that it is made from, so that one part at a time has to be in memory,
/// and only while the table is made.
struct SignalTable {
    /// The slots of one part, or of a part of it that the next bits of the hash tell.
    private struct Region {
        var first: Int
        /// Zero where there is nobody.
        var slots = 0
    }

    private let shape: Spill.Shape
    private let file: SpillFile
    /// Bits of the hash by which parts are parted further, since all of a region has to fit into the memory that there is.
    private let finerBits: Int
    private var regions: [Region] = []

    private static let slotBytes = wordsPerSlot * 8
    /// Slots that are read at once: most users are found in the first few.
    private static let slotsPerRead = 4

    /// Brings signals into a table; of those of one user the last one stays.
    ///
    /// - Parameter limitBytes: What a region may take while it is made.
    init(_ signals: Spill, limitBytes: Int) throws {
        shape = signals.shape
        file = try SpillFile(in: shape.directory)
        var finerBits = 0
        let largest = (0..<shape.parts).map { signals.count(in: $0) }.max() ?? 0
        // A region may come to be twice as large as it need be, and then its former half lies beside it.
        while finerBits < Self.finestBits, Self.slots(for: largest >> finerBits) * Self.slotBytes > limitBytes / 3 {
            finerBits += 1
        }
        self.finerBits = finerBits
        for part in 0..<shape.parts {
            var counts = Array(repeating: 0, count: 1 << finerBits)
            if signals.count(in: part) > 0 {
                try signals.forEach(in: part) { entry, _, _ in counts[finerPart(of: entry.key)] += 1 }
            }
            for (finer, count) in counts.enumerated() { try append(signals, part, finer, count) }
        }
    }

    /// Beyond these, the list of regions would be large itself.
    private static let finestBits = 8

    /// A third of the slots stays free, so that whoever is not there is missed soon.
    private static func slots(for entries: Int) -> Int { entries + entries / 2 + 1 }

    private func finerPart(of key: UserKey) -> Int {
        guard finerBits > 0 else { return 0 }
        return Int(truncatingIfNeeded: (key.spread << UInt64(shape.usedBits + shape.partBits)) >> UInt64(64 - finerBits))
    }

    private mutating func append(_ signals: Spill, _ part: Int, _ finer: Int, _ count: Int) throws {
        let first = regions.last.map { $0.first + $0.slots } ?? 0
        guard count > 0 else { return regions.append(Region(first: first)) }
        // Of a user who was signalled again and again only one stays, so a bold start would be a waste.
        var table = Table(slots: min(Self.slots(for: count), Self.slotsAtFirst))
        try signals.forEach(in: part) { entry, _, _ in if finerPart(of: entry.key) == finer { table.put(entry) } }
        try table.words.withUnsafeBytes { try file.write($0, at: first * Self.slotBytes) }
        regions.append(Region(first: first, slots: table.slots))
    }

    private static let slotsAtFirst = 1_024

    /// A region while it is made.
    private struct Table {
        private(set) var slots: Int
        private(set) var words: [UInt64]
        private var taken = 0

        init(slots: Int) {
            self.slots = slots
            words = Array(repeating: 0, count: slots * wordsPerSlot)
        }

        mutating func put(_ entry: SpillEntry) {
            put(
                entry.key.low, entry.key.high, UInt64(bitPattern: entry.offset),
                takenMark | UInt64(UInt32(bitPattern: entry.partition)))
            guard taken * 3 > slots * 2 else { return }
            let old = words
            self = Table(slots: slots * 2)
            for word in stride(from: 0, to: old.count, by: wordsPerSlot) where old[word + 3] != 0 {
                put(old[word], old[word + 1], old[word + 2], old[word + 3])
            }
        }

        private mutating func put(_ low: UInt64, _ high: UInt64, _ offset: UInt64, _ place: UInt64) {
            var key = UserKey(exactly: low)
            key.high = high
            var slot = SignalTable.start(of: key, slots: slots)
            while words[slot * wordsPerSlot + 3] != 0, words[slot * wordsPerSlot] != low || words[slot * wordsPerSlot + 1] != high
            {
                slot = (slot + 1) % slots
            }
            let word = slot * wordsPerSlot
            if words[word + 3] == 0 { taken += 1 }
            words[word] = low
            words[word + 1] = high
            words[word + 2] = offset
            words[word + 3] = place
        }
    }

    /// The parts are chosen by the upper bits of the hash.
    private static func start(of key: UserKey, slots: Int) -> Int {
        Int(truncatingIfNeeded: key.spread & 0xFFFF_FFFF) % slots
    }

    /// Where a user's newest signal lies; nil for a user without one.
    func newest(of key: UserKey) throws -> RecordAddress? {
        let region = regions[shape.part(of: key) << finerBits | finerPart(of: key)]
        guard region.slots > 0 else { return nil }
        var words = [UInt64](repeating: 0, count: Self.slotsPerRead * wordsPerSlot)
        var slot = Self.start(of: key, slots: region.slots)
        // A third of the slots is free, so that this ends long before all were seen, unless the file was damaged.
        for _ in 0...region.slots {
            let count = min(Self.slotsPerRead, region.slots - slot)
            try words.withUnsafeMutableBytes { bytes in
                try file.read(
                    into: UnsafeMutableRawBufferPointer(rebasing: bytes[..<(count * Self.slotBytes)]),
                    at: (region.first + slot) * Self.slotBytes)
            }
            for word in stride(from: 0, to: count * wordsPerSlot, by: wordsPerSlot) {
                guard words[word + 3] != 0 else { return nil }
                guard words[word] == key.low, words[word + 1] == key.high else { continue }
                return RecordAddress(
                    partition: Int32(bitPattern: UInt32(truncatingIfNeeded: words[word + 3])),
                    offset: Int64(bitPattern: words[word + 2]))
            }
            slot = (slot + count) % region.slots
        }
        throw ReconcileError.temporaryFile(directory: shape.directory, reason: "what was read back is not what was written")
    }
}

/// Of each slot: the key's two words, the offset, and the partition with a mark that the slot is taken.
private let wordsPerSlot = 4
private let takenMark: UInt64 = 1 << 32
