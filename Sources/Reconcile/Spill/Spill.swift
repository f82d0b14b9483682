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
    struct Run {
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
    static let headBytes = 8

    struct Part {
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
    private(set) var file: SpillFile?
    private var blocksTaken = 0
    private(set) var parts: [Part]
    /// One block for each part; empty until the first entry comes.
    private(set) var buffer: [UInt8] = []

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
}
