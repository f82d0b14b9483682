import Domain

/// Entries on their way to being compared, parted by a hash of the user, so that all that is known of a user lies in parts of the
/// same number, and a part fits into memory.
///
/// Each part fills a block in memory; full blocks go to a temporary file, one behind the other. What never fills a block never
/// touches the disk. A copy shares the file, so only one of them may be written to.
struct Spill: Sendable {
    /// The shape that all spills have which are compared with each other.
    struct Shape: Sendable {
        /// There are 2 to the power of `partBits` parts.
        var partBits: Int
        /// Bits of the hash that were used up by the spill that this one is a part of.
        var usedBits = 0
        /// The size of a block; a multiple of eight.
        var blockBytes: Int
        var directory: String

        var parts: Int { 1 << partBits }

        @inline(__always)
        func part(of key: UserKey) -> Int {
            partBits == 0 ? 0 : Int(truncatingIfNeeded: (key.spread << UInt64(usedBits)) >> UInt64(64 - partBits))
        }
    }

    /// Where an entry lies, in units of eight bytes from the file's beginning: 32 GiB at most.
    typealias Position = UInt32

    /// In as few bytes as possible, because these lists are all of a spill that grows in memory. Both numbers stay far below what 32 bits
    /// hold: no file is longer than ``Position`` allows, and no block than the longest payload.
    private struct Block {
        private let storedNumber: UInt32
        private var storedBytes: UInt32

        init(number: Int, byteCount: Int) {
            storedNumber = UInt32(truncatingIfNeeded: number)
            storedBytes = UInt32(truncatingIfNeeded: byteCount)
        }

        /// The first of the file's blocks that it fills; one entry that is longer than a block fills several.
        var number: Int { Int(storedNumber) }

        var byteCount: Int {
            get { Int(storedBytes) }
            set { storedBytes = UInt32(truncatingIfNeeded: newValue) }
        }
    }

    private struct Part {
        /// Blocks that are in the file.
        var full: [Block] = []
        /// The block that is being filled; nil before the first entry.
        var open: Block?
        var entries = 0
        var isWide = false
    }

    let shape: Shape
    private var file: SpillFile?
    private var blocksTaken = 0
    private var parts: [Part]
    /// One block for each part; empty until the first entry comes.
    private var buffer: [UInt8] = []

    init(_ shape: Shape) {
        self.shape = shape
        parts = Array(repeating: Part(), count: shape.parts)
    }

    /// Moves everything out, and leaves an empty spill behind.
    mutating func take() -> Spill {
        defer { self = Spill(shape) }
        return self
    }

    /// Entries in a part.
    func count(in part: Int) -> Int { parts[part].entries }

    /// Whether a part holds keys that take all of their sixteen bytes.
    func isWide(in part: Int) -> Bool { parts[part].isWide }

    // MARK: - Writing

    /// Appends an entry to its user's part.
    mutating func append(_ entry: SpillEntry, payload: UnsafeRawBufferPointer = UnsafeRawBufferPointer(start: nil, count: 0))
        throws
    {
        try append(entry, payload: payload, to: shape.part(of: entry.key))
    }

    /// Appends an entry to a part of the caller's choice.
    @inline(__always)
    mutating func append(_ entry: SpillEntry, payload: UnsafeRawBufferPointer, to part: Int) throws {
        let size = entry.storedBytes
        if entry.key.isWide { parts[part].isWide = true }
        guard size <= shape.blockBytes else { return try appendLong(entry, payload, to: part) }
        let place = try makeRoom(for: size, in: part)
        buffer.withUnsafeMutableBytes { bytes in
            entry.store(in: bytes, at: place)
            guard entry.payloadBytes > 0 else { return }
            bytes[(place + entry.payloadRange.lowerBound)..<(place + entry.payloadRange.upperBound)].copyBytes(from: payload)
        }
    }

    mutating func append(_ entry: SpillEntry, payload: [UInt8]) throws {
        try payload.withUnsafeBytes { try append(entry, payload: $0) }
    }

    /// Returns where in the buffer the entry is to be put.
    @inline(__always)
    private mutating func makeRoom(for size: Int, in part: Int) throws -> Int {
        if let open = parts[part].open, open.byteCount + size <= shape.blockBytes {
            parts[part].open?.byteCount += size
            parts[part].entries += 1
            return part * shape.blockBytes + open.byteCount
        }
        if let open = parts[part].open { try write(open, of: part) }
        if buffer.isEmpty { buffer = Array(repeating: 0, count: shape.parts * shape.blockBytes) }
        parts[part].open = Block(number: try takeBlocks(1), byteCount: size)
        parts[part].entries += 1
        return part * shape.blockBytes
    }

    private mutating func write(_ block: Block, of part: Int) throws {
        let file = try openFile()
        let start = part * shape.blockBytes
        try buffer.withUnsafeBytes { bytes in
            try file.write(
                UnsafeRawBufferPointer(rebasing: bytes[start..<(start + block.byteCount)]), at: block.number * shape.blockBytes)
        }
        parts[part].full.append(block)
    }

    private mutating func appendLong(_ entry: SpillEntry, _ payload: UnsafeRawBufferPointer, to part: Int) throws {
        guard entry.payloadBytes <= SpillEntry.longestPayload else { throw spillTooLarge("an entry") }
        let file = try openFile()
        let blocks = (entry.storedBytes + shape.blockBytes - 1) / shape.blockBytes
        let block = Block(number: try takeBlocks(blocks), byteCount: entry.storedBytes)
        var bytes = [UInt8](repeating: 0, count: entry.storedBytes)
        bytes.withUnsafeMutableBytes { bytes in
            entry.store(in: bytes, at: 0)
            bytes[entry.payloadRange].copyBytes(from: payload)
        }
        try bytes.withUnsafeBytes { try file.write($0, at: block.number * shape.blockBytes) }
        // What came before goes first, because the order within a part is the order in which entries came.
        if let open = parts[part].open { try write(open, of: part) }
        parts[part].open = nil
        parts[part].full.append(block)
        parts[part].entries += 1
    }

    private mutating func takeBlocks(_ count: Int) throws -> Int {
        defer { blocksTaken += count }
        guard (blocksTaken + count) * shape.blockBytes / 8 <= Int(Position.max) else { throw spillTooLarge("a fold") }
        return blocksTaken
    }

    private mutating func openFile() throws -> SpillFile {
        if let file { return file }
        let opened = try SpillFile(in: shape.directory)
        file = opened
        return opened
    }

    private func spillTooLarge(_ what: String) -> ReconcileError {
        .temporaryFile(directory: shape.directory, reason: "\(what) takes more than it can hold")
    }

    // MARK: - Reading

    /// Shows the entries of a part in the order in which they came.
    ///
    /// - Parameter body: Takes the entry, its payload, which is only lent, and its position.
    @inline(__always)
    func forEach(
        in part: Int, _ body: (SpillEntry, UnsafeRawBufferPointer, Position) throws -> Void
    ) throws {
        var scratch: [UInt8] = []
        for index in 0..<blockCount(of: part) {
            let block = try load(index, of: part, into: &scratch)
            try scratch.withUnsafeBytes { bytes in
                var place = 0
                while place < block.byteCount {
                    let entry = try self.entry(in: bytes, at: place, before: block.byteCount)
                    let range = entry.payloadRange
                    try body(
                        entry, UnsafeRawBufferPointer(rebasing: bytes[(place + range.lowerBound)..<(place + range.upperBound)]),
                        Position((block.number * shape.blockBytes + place) / 8))
                    place += entry.storedBytes
                }
            }
        }
    }

    /// Reads an entry of a block that came from the file, where it may have been damaged.
    @inline(__always)
    private func entry(in bytes: UnsafeRawBufferPointer, at place: Int, before end: Int) throws -> SpillEntry {
        guard end - place >= SpillEntry.narrowBytes else { throw spillDamaged }
        let entry = SpillEntry(loadingFrom: bytes, at: place)
        guard end - place >= entry.storedBytes else { throw spillDamaged }
        return entry
    }

    private var spillDamaged: ReconcileError {
        .temporaryFile(directory: shape.directory, reason: "what was read back is not what was written")
    }

    private func blockCount(of part: Int) -> Int { parts[part].full.count + (parts[part].open == nil ? 0 : 1) }

    private func load(_ index: Int, of part: Int, into scratch: inout [UInt8]) throws -> Block {
        if index < parts[part].full.count {
            let block = parts[part].full[index]
            if scratch.count < block.byteCount { scratch = Array(repeating: 0, count: max(block.byteCount, shape.blockBytes)) }
            try scratch.withUnsafeMutableBytes { bytes in
                try file?.read(
                    into: UnsafeMutableRawBufferPointer(rebasing: bytes[..<block.byteCount]), at: block.number * shape.blockBytes)
            }
            return block
        }
        guard let open = parts[part].open else { return Block(number: 0, byteCount: 0) }
        scratch = Array(buffer[(part * shape.blockBytes)..<(part * shape.blockBytes + open.byteCount)])
        return open
    }

    /// One entry of a part, with its payload.
    func entry(at position: Position, in part: Int) throws -> (entry: SpillEntry, payload: [UInt8]) {
        let offset = Int(position) * 8
        if let open = parts[part].open, offset / shape.blockBytes == open.number {
            return buffer.withUnsafeBytes { bytes in
                let place = part * shape.blockBytes + offset % shape.blockBytes
                let entry = SpillEntry(loadingFrom: bytes, at: place)
                return (entry, Array(bytes[(place + entry.payloadRange.lowerBound)..<(place + entry.payloadRange.upperBound)]))
            }
        }
        // The file may end within the longest head: the last entry may be a short one.
        var head = [UInt8](repeating: 0, count: SpillEntry.headBytes)
        let narrow = SpillEntry.narrowBytes
        let entry = try head.withUnsafeMutableBytes { bytes in
            try file?.read(into: UnsafeMutableRawBufferPointer(rebasing: bytes[..<narrow]), at: offset)
            if SpillEntry.isWide(storedIn: UnsafeRawBufferPointer(bytes)) {
                try file?.read(into: UnsafeMutableRawBufferPointer(rebasing: bytes[narrow...]), at: offset + narrow)
            }
            return SpillEntry(loadingFrom: UnsafeRawBufferPointer(bytes), at: 0)
        }
        var payload = [UInt8](repeating: 0, count: entry.payloadBytes)
        try payload.withUnsafeMutableBytes { try file?.read(into: $0, at: offset + entry.payloadRange.lowerBound) }
        return (entry, payload)
    }

    // MARK: - One after the other

    /// A place in a part, for readers that take some entries now and others later.
    struct Cursor {
        fileprivate var block = 0
        fileprivate var place = 0
        fileprivate var bytes: [UInt8] = []
        fileprivate var byteCount = 0
    }

    /// The next entry's payload; nil at the end. Entries that are appended meanwhile may or may not be seen.
    func next(_ cursor: inout Cursor, in part: Int = 0) throws -> (entry: SpillEntry, payload: [UInt8])? {
        while cursor.place >= cursor.byteCount {
            guard cursor.block < blockCount(of: part) else { return nil }
            cursor.byteCount = try load(cursor.block, of: part, into: &cursor.bytes).byteCount
            cursor.block += 1
            cursor.place = 0
        }
        return try cursor.bytes.withUnsafeBytes { bytes in
            let entry = try self.entry(in: bytes, at: cursor.place, before: cursor.byteCount)
            let range = entry.payloadRange
            let payload = Array(bytes[(cursor.place + range.lowerBound)..<(cursor.place + range.upperBound)])
            cursor.place += entry.storedBytes
            return (entry, payload)
        }
    }
}
