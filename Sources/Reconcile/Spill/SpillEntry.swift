import Domain

/// What a fold keeps of one row, record or production, at a fixed size. Whatever has no fixed size, such as the text of an id that
/// is no integer, follows as the entry's payload.
struct SpillEntry {
    var key: UserKey
    /// The digest of the row or value; 0 for a tombstone.
    var digest: UInt64
    var offset: Int64
    var partition: Int32
    var traits: Traits
    var payloadBytes: Int

    struct Traits: OptionSet {
        let rawValue: UInt8
        /// There is a value: the record is no tombstone.
        static let live = Traits(rawValue: 1)
        /// The record lies elsewhere than the pipeline would write it, or under another key.
        static let stray = Traits(rawValue: 2)
        /// The key takes all of its sixteen bytes.
        fileprivate static let wide = Traits(rawValue: 128)
    }

    init(
        key: UserKey, digest: Digest?, address: RecordAddress = RecordAddress(partition: 0, offset: 0), isStray: Bool = false,
        payloadBytes: Int = 0
    ) {
        self.key = key
        self.digest = digest?.rawValue ?? 0
        offset = address.offset
        partition = address.partition
        traits = digest == nil ? [] : .live
        if isStray { traits.insert(.stray) }
        self.payloadBytes = payloadBytes
    }

    var address: RecordAddress { RecordAddress(partition: partition, offset: offset) }
    var liveDigest: Digest? { traits.contains(.live) ? Digest(rawValue: digest) : nil }
    var record: NewestRecord { NewestRecord(address: address, digest: liveDigest) }

    // MARK: - In memory and in files

    /// Payloads are this long at most, which leaves eight bits beside the length.
    static let longestPayload = (1 << 24) - 1
    static let narrowBytes = 32
    static let headBytes = 40

    private var headBytes: Int { key.isWide ? Self.headBytes : Self.narrowBytes }
    /// With the payload; a multiple of eight.
    var storedBytes: Int { headBytes + (payloadBytes + 7) & ~7 }
    var payloadRange: Range<Int> { headBytes..<(headBytes + payloadBytes) }

    /// Writes everything but the payload.
    @inline(__always)
    func store(in bytes: UnsafeMutableRawBufferPointer, at place: Int) {
        let stored = key.isWide ? traits.union(.wide) : traits
        let sizes = UInt64(UInt32(bitPattern: partition)) << 32 | UInt64(payloadBytes) << 8 | UInt64(stored.rawValue)
        bytes.storeBytes(of: key.low, toByteOffset: place, as: UInt64.self)
        bytes.storeBytes(of: digest, toByteOffset: place + 8, as: UInt64.self)
        bytes.storeBytes(of: offset, toByteOffset: place + 16, as: Int64.self)
        bytes.storeBytes(of: sizes, toByteOffset: place + 24, as: UInt64.self)
        if key.isWide { bytes.storeBytes(of: key.high, toByteOffset: place + 32, as: UInt64.self) }
    }

    /// Whether the entry that begins in these bytes has the longer head; the first 32 of them tell.
    static func isWide(storedIn bytes: UnsafeRawBufferPointer) -> Bool {
        Traits(rawValue: UInt8(truncatingIfNeeded: bytes.load(fromByteOffset: 24, as: UInt64.self))).contains(.wide)
    }

    /// Reads what ``store(in:at:)`` wrote.
    @inline(__always)
    init(loadingFrom bytes: UnsafeRawBufferPointer, at place: Int) {
        key = UserKey(exactly: bytes.load(fromByteOffset: place, as: UInt64.self))
        digest = bytes.load(fromByteOffset: place + 8, as: UInt64.self)
        offset = bytes.load(fromByteOffset: place + 16, as: Int64.self)
        let sizes = bytes.load(fromByteOffset: place + 24, as: UInt64.self)
        partition = Int32(bitPattern: UInt32(truncatingIfNeeded: sizes >> 32))
        payloadBytes = Int(UInt32(truncatingIfNeeded: sizes) >> 8)
        let stored = Traits(rawValue: UInt8(truncatingIfNeeded: sizes))
        traits = stored.subtracting(.wide)
        if stored.contains(.wide), bytes.count - place >= Self.headBytes {
            key.high = bytes.load(fromByteOffset: place + 32, as: UInt64.self)
        }
    }
}
