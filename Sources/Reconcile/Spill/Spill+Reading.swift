import Domain

// How a spill's parts are read: whole, entry by entry, or one entry at its position.
extension Spill {
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

    private static var longestBlock: Int { headBytes + SpillEntry.headBytes + SpillEntry.longestPayload + 8 }

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
