/// A 64-bit digest of some bytes: XXH64 with seed 0.
///
/// XXH64 is specified with test vectors at https://github.com/Cyan4973/xxHash/blob/dev/doc/xxhash_spec.md. It is not
/// cryptographic: it tells whether two values that nobody forged are equal, with a chance of 2⁻⁶⁴ to be wrong for one pair.
public struct Digest: Hashable, Sendable, CustomStringConvertible {
    public let rawValue: UInt64

    public init(rawValue: UInt64) {
        self.rawValue = rawValue
    }

    /// The digest of these bytes.
    public init(of bytes: [UInt8]) {
        rawValue = bytes.withUnsafeBytes { XXH64.hash($0, seed: 0) }
    }

    /// The digest of bytes that the caller only borrows, so that a fold of millions of records copies nothing.
    public init(of bytes: UnsafeRawBufferPointer) {
        rawValue = XXH64.hash(bytes, seed: 0)
    }

    /// The same algorithm under another seed. Two digests under two seeds are 128 bits that stand for a key whose text is too
    /// long to be kept.
    public init(of bytes: UnsafeRawBufferPointer, seed: UInt64) {
        rawValue = XXH64.hash(bytes, seed: seed)
    }

    /// Parses sixteen hexadecimal digits.
    public init?(_ text: String) {
        // The standard library's parser would take a sign for one of the sixteen.
        guard text.utf8.count == 16, text.allSatisfy(\.isHexDigit), let value = UInt64(text, radix: 16) else { return nil }
        rawValue = value
    }

    /// Sixteen hexadecimal digits.
    public var description: String { String(decoding: utf8, as: UTF8.self) }

    /// The bytes of ``description``.
    var utf8: [UInt8] {
        [UInt8](unsafeUninitializedCapacity: 16) { digits, count in
            for place in 0..<16 {
                let digit = UInt8(truncatingIfNeeded: rawValue >> UInt64(60 - 4 * place)) & 0xF
                digits[place] = digit + (digit < 10 ? UInt8(ascii: "0") : UInt8(ascii: "a") - 10)
            }
            count = 16
        }
    }
}

/// The XXH64 algorithm, section by section as its specification orders it.
enum XXH64 {
    private static let prime1: UInt64 = 0x9E37_79B1_85EB_CA87
    private static let prime2: UInt64 = 0xC2B2_AE3D_27D4_EB4F
    private static let prime3: UInt64 = 0x1656_67B1_9E37_79F9
    private static let prime4: UInt64 = 0x85EB_CA77_C2B2_AE63
    private static let prime5: UInt64 = 0x27D4_EB2F_1656_67C5

    static func hash(_ bytes: UnsafeRawBufferPointer, seed: UInt64) -> UInt64 {
        var position = 0
        var accumulator = converge(bytes, seed: seed, position: &position)
        accumulator &+= UInt64(bytes.count)
        consumeRemainder(bytes, from: position, into: &accumulator)
        return avalanche(accumulator)
    }

    /// Four lanes over stripes of 32 bytes; shorter inputs skip them.
    private static func converge(_ bytes: UnsafeRawBufferPointer, seed: UInt64, position: inout Int) -> UInt64 {
        guard bytes.count >= 32 else { return seed &+ prime5 }
        var lane1 = seed &+ prime1 &+ prime2
        var lane2 = seed &+ prime2
        var lane3 = seed
        var lane4 = seed &- prime1
        while position + 32 <= bytes.count {
            lane1 = round(lane1, word(bytes, position))
            lane2 = round(lane2, word(bytes, position + 8))
            lane3 = round(lane3, word(bytes, position + 16))
            lane4 = round(lane4, word(bytes, position + 24))
            position += 32
        }
        var accumulator =
            rotate(lane1, 1) &+ rotate(lane2, 7) &+ rotate(lane3, 12) &+ rotate(lane4, 18)
        // Not a loop over an array: that would be allocated for every value.
        merge(lane1, into: &accumulator)
        merge(lane2, into: &accumulator)
        merge(lane3, into: &accumulator)
        merge(lane4, into: &accumulator)
        return accumulator
    }

    @inline(__always)
    private static func merge(_ lane: UInt64, into accumulator: inout UInt64) {
        accumulator = (accumulator ^ round(0, lane)) &* prime1 &+ prime4
    }

    private static func consumeRemainder(
        _ bytes: UnsafeRawBufferPointer, from start: Int, into accumulator: inout UInt64
    ) {
        var position = start
        while position + 8 <= bytes.count {
            accumulator = rotate(accumulator ^ round(0, word(bytes, position)), 27) &* prime1 &+ prime4
            position += 8
        }
        if position + 4 <= bytes.count {
            let half = UInt64(UInt32(littleEndian: bytes.loadUnaligned(fromByteOffset: position, as: UInt32.self)))
            accumulator = rotate(accumulator ^ (half &* prime1), 23) &* prime2 &+ prime3
            position += 4
        }
        while position < bytes.count {
            accumulator = rotate(accumulator ^ (UInt64(bytes[position]) &* prime5), 11) &* prime1
            position += 1
        }
    }

    private static func avalanche(_ value: UInt64) -> UInt64 {
        var value = value
        value = (value ^ (value >> 33)) &* prime2
        value = (value ^ (value >> 29)) &* prime3
        return value ^ (value >> 32)
    }

    @inline(__always)
    private static func round(_ accumulator: UInt64, _ lane: UInt64) -> UInt64 {
        rotate(accumulator &+ lane &* prime2, 31) &* prime1
    }

    @inline(__always)
    private static func word(_ bytes: UnsafeRawBufferPointer, _ position: Int) -> UInt64 {
        UInt64(littleEndian: bytes.loadUnaligned(fromByteOffset: position, as: UInt64.self))
    }

    @inline(__always)
    private static func rotate(_ value: UInt64, _ count: UInt64) -> UInt64 {
        value << count | value >> (64 - count)
    }
}
