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

    /// Blocks of one part that lie side by side in the file. These lists are all of a spill that grows in memory, so runs get longer as a
    /// part grows, and take as few bytes as possible: both numbers stay far below what 32 bits hold, since no file is longer than
    /// ``Position`` allows.
    private struct Run {
        /// The number of its first block.
        var first: UInt32
        /// Blocks that have been written; one entry that is longer than a block counts as one.
        var written: UInt32 = 0

        /// Where the next block goes.
        var next: Int { Int(first) + Int(written) }
    }

    /// Blocks that are set aside for a part at once, at most. What a part leaves unused of its last run is a hole in the file, and takes no
    /// room on the disk.
    private static let longestRun = 64
    /// A block begins with the number of its bytes, these included.
    private static let headBytes = 8

    private struct Part {
        var runs: [Run] = []
        /// Blocks of the last run that nothing has been written to.
        var left = 0
        /// Bytes of the block that is being filled, which is the next one of the last run; 0 while there is none.
        var openBytes = 0
        var entries = 0
        var isWide = false

        var last: Run { runs[runs.count - 1] }
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
        guard size <= shape.blockBytes - Self.headBytes else { return try appendLong(entry, payload, to: part) }
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
        let open = parts[part].openBytes
        if open > 0, open + size <= shape.blockBytes {
            parts[part].openBytes = open + size
            parts[part].entries += 1
            return part * shape.blockBytes + open
        }
        if open > 0 { try writeOpen(part) }
        try openBlock(part)
        parts[part].openBytes = Self.headBytes + size
        parts[part].entries += 1
        return part * shape.blockBytes + Self.headBytes
    }

    private mutating func openBlock(_ part: Int) throws {
        if buffer.isEmpty { buffer = Array(repeating: 0, count: shape.parts * shape.blockBytes) }
        guard parts[part].left == 0 else { return }
        // A run that was cut short by a long entry is no reason for another one that may be.
        let length = min(Self.longestRun, parts[part].runs.isEmpty ? 1 : 2 * max(1, Int(parts[part].last.written)))
        parts[part].runs.append(Run(first: UInt32(truncatingIfNeeded: try takeBlocks(length))))
        parts[part].left = length
    }

    /// Brings the block that is being filled to the file.
    private mutating func writeOpen(_ part: Int) throws {
        let file = try openFile()
        let start = part * shape.blockBytes
        let count = parts[part].openBytes
        let offset = parts[part].last.next * shape.blockBytes
        try buffer.withUnsafeMutableBytes { bytes in
            bytes.storeBytes(of: UInt64(count), toByteOffset: start, as: UInt64.self)
            try file.write(UnsafeRawBufferPointer(rebasing: bytes[start..<(start + count)]), at: offset)
        }
        noteWritten(part)
    }

    private mutating func noteWritten(_ part: Int) {
        parts[part].runs[parts[part].runs.count - 1].written += 1
        parts[part].left -= 1
        parts[part].openBytes = 0
    }

    private mutating func appendLong(_ entry: SpillEntry, _ payload: UnsafeRawBufferPointer, to part: Int) throws {
        guard entry.payloadBytes <= SpillEntry.longestPayload else { throw spillTooLarge("an entry") }
        let file = try openFile()
        let count = Self.headBytes + entry.storedBytes
        var bytes = [UInt8](repeating: 0, count: count)
        bytes.withUnsafeMutableBytes { bytes in
            bytes.storeBytes(of: UInt64(count), as: UInt64.self)
            entry.store(in: bytes, at: Self.headBytes)
            let range = entry.payloadRange
            bytes[(Self.headBytes + range.lowerBound)..<(Self.headBytes + range.upperBound)].copyBytes(from: payload)
        }
        // What came before goes first, because the order within a part is the order in which entries came.
        if parts[part].openBytes > 0 { try writeOpen(part) }
        let run = Run(first: UInt32(truncatingIfNeeded: try takeBlocks((count + shape.blockBytes - 1) / shape.blockBytes)))
        try bytes.withUnsafeBytes { try file.write($0, at: run.next * shape.blockBytes) }
        parts[part].runs.append(run)
        parts[part].left = 1
        noteWritten(part)
        parts[part].entries += 1
    }

    /// Brings everything to the file and gives the blocks back that were being filled, for a spill that will be read for a while. More may be
    /// appended all the same.
    mutating func flush() throws {
        guard !buffer.isEmpty else { return }
        for part in parts.indices where parts[part].openBytes > 0 { try writeOpen(part) }
        buffer = []
    }

    /// What it takes of memory, by and large.
    var heldBytes: Int {
        buffer.count + parts.reduce(0) { $0 + MemoryLayout<Part>.stride + $1.runs.capacity * MemoryLayout<Run>.stride }
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
        var next = BlockPlace()
        while let block = try load(&next, of: part, into: &scratch) {
            try scratch.withUnsafeBytes { bytes in
                var place = Self.headBytes
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

    /// Which block of a part comes next.
    fileprivate struct BlockPlace {
        var run = 0
        var block = 0
    }

    /// Reads the next block of a part; nil behind the last one.
    private func load(
        _ next: inout BlockPlace, of part: Int, into scratch: inout [UInt8]
    ) throws -> (number: Int, byteCount: Int)? {
        let runs = parts[part].runs
        while next.run + 1 < runs.count, next.block >= Int(runs[next.run].written) { next = BlockPlace(run: next.run + 1) }
        guard next.run < runs.count else { return nil }
        let run = runs[next.run]
        let number = Int(run.first) + next.block
        if next.block < Int(run.written) {
            next.block += 1
            return (number, try read(number, into: &scratch))
        }
        // The block that is being filled is the next one of the last run.
        let open = parts[part].openBytes
        guard open > 0, number == run.next else { return nil }
        next.block += 1
        scratch = Array(buffer[(part * shape.blockBytes)..<(part * shape.blockBytes + open)])
        return (number, open)
    }

    /// Reads a block of the file, and returns how many bytes it has.
    private func read(_ number: Int, into scratch: inout [UInt8]) throws -> Int {
        guard let file else { throw spillDamaged }
        if scratch.count < shape.blockBytes { scratch = Array(repeating: 0, count: shape.blockBytes) }
        let offset = number * shape.blockBytes
        // The file's last block may end before its room does.
        let found = try scratch.withUnsafeMutableBytes { bytes in
            try file.read(atMost: UnsafeMutableRawBufferPointer(rebasing: bytes[..<shape.blockBytes]), at: offset)
        }
        let stored = scratch.withUnsafeBytes { $0.load(as: UInt64.self) }
        guard found >= Self.headBytes, stored >= Self.headBytes, stored <= Self.longestBlock else { throw spillDamaged }
        let count = Int(stored)
        guard count > found else { return count }
        if scratch.count < count { scratch += Array(repeating: 0, count: count - scratch.count) }
        try scratch.withUnsafeMutableBytes { bytes in
            try file.read(into: UnsafeMutableRawBufferPointer(rebasing: bytes[found..<count]), at: offset + found)
        }
        return count
    }

    private static let longestBlock = headBytes + SpillEntry.headBytes + SpillEntry.longestPayload + 8

    /// One entry of a part, with its payload.
    func entry(at position: Position, in part: Int) throws -> (entry: SpillEntry, payload: [UInt8]) {
        let offset = Int(position) * 8
        if parts[part].openBytes > 0, offset / shape.blockBytes == parts[part].last.next {
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
        fileprivate var block = BlockPlace()
        fileprivate var place = 0
        fileprivate var bytes: [UInt8] = []
        fileprivate var byteCount = 0
    }

    /// The next entry's payload; nil at the end. Entries that are appended meanwhile may or may not be seen.
    func next(_ cursor: inout Cursor, in part: Int = 0) throws -> (entry: SpillEntry, payload: [UInt8])? {
        while cursor.place >= cursor.byteCount {
            guard let block = try load(&cursor.block, of: part, into: &cursor.bytes) else { return nil }
            cursor.byteCount = block.byteCount
            cursor.place = Self.headBytes
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
