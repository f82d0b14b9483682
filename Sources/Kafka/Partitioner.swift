/// Where a record goes when nobody says which partition.
public enum Partitioner {
    /// The partition that Java's default partitioner, and librdkafka's `murmur2_random`, choose for a key that is not null.
    ///
    /// A `partitionCount` below 1 counts as 1. The hash is Kafka's 32-bit MurmurHash2 with seed `0x9747b28c`
    /// (`org.apache.kafka.common.utils.Utils.murmur2`); its sign bit is cleared, then the remainder is taken.
    public static func murmur2(key: some Collection<UInt8>, partitionCount: Int) -> Int32 {
        let hash = key.withContiguousStorageIfAvailable { murmur2($0.span.bytes) } ?? murmur2(Array(key).span.bytes)
        return partition(of: hash, partitionCount)
    }

    /// The same for bytes that are borrowed, as a scan hands them out.
    public static func murmur2(key: RawSpan, partitionCount: Int) -> Int32 {
        partition(of: murmur2(key), partitionCount)
    }

    /// Kafka's 32-bit MurmurHash2 of the bytes, as an unsigned number (Java prints the same bits with a sign).
    public static func murmur2(_ bytes: RawSpan) -> UInt32 {
        let multiplier: UInt32 = 0x5bd1_e995
        var hash: UInt32 = 0x9747_b28c ^ UInt32(truncatingIfNeeded: bytes.byteCount)
        let wordBytes = bytes.byteCount & ~3
        for offset in stride(from: 0, to: wordBytes, by: 4) {
            var word = UInt32(littleEndian: bytes.unsafeLoadUnaligned(fromByteOffset: offset, as: UInt32.self))
            word &*= multiplier
            word ^= word >> 24
            word &*= multiplier
            hash = (hash &* multiplier) ^ word
        }
        if bytes.byteCount > wordBytes {
            for offset in wordBytes..<bytes.byteCount {
                let byte = bytes.unsafeLoad(fromByteOffset: offset, as: UInt8.self)
                hash ^= UInt32(byte) << UInt32(8 * (offset - wordBytes))
            }
            hash &*= multiplier
        }
        hash ^= hash >> 13
        hash &*= multiplier
        return hash ^ (hash >> 15)
    }

    private static func partition(of hash: UInt32, _ partitionCount: Int) -> Int32 {
        Int32(truncatingIfNeeded: Int(hash & 0x7fff_ffff) % max(1, partitionCount))
    }
}
