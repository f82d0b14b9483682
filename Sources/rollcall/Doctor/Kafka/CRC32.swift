/// Where librdkafka's default partitioner puts a key, to recognise topics that were written with it.
enum CRC32 {
    /// The checksum of IEEE 802.3, as librdkafka's `rd_crc32` computes it.
    static func checksum(_ bytes: [UInt8]) -> UInt32 {
        var checksum: UInt32 = ~0
        for byte in bytes {
            checksum ^= UInt32(byte)
            for _ in 0..<8 { checksum = checksum & 1 == 1 ? checksum >> 1 ^ 0xEDB8_8320 : checksum >> 1 }
        }
        return ~checksum
    }

    /// librdkafka's `rd_kafka_msg_partitioner_consistent`.
    static func partition(of key: [UInt8], _ partitionCount: Int) -> Int32 {
        Int32(truncatingIfNeeded: Int(checksum(key)) % max(1, partitionCount))
    }
}
