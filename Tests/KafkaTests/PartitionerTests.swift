import Kafka
import Testing

@Suite("The partitioner")
struct PartitionerTests {
    /// From Kafka's own `UtilsTest.testMurmur2`.
    @Test(
        "Hashes are those of Java's Utils.murmur2",
        arguments: [
            ("21", -973_932_308), ("foobar", -790_332_482), ("a-little-bit-long-string", -985_981_536),
            ("a-little-bit-longer-string", -1_486_304_829),
            ("lkjh234lh9fiuh90y23oiuhsafujhadof229phr9h19h89h8", -58_897_971), ("abc", 479_470_107),
        ] as [(String, Int32)])
    func javaVectors(key: String, hash: Int32) {
        let bytes = Array(key.utf8)
        #expect(Int32(bitPattern: Partitioner.murmur2(bytes.span.bytes)) == hash)
    }

    @Test("A record lands where the function says, for keys of every length")
    func agreesWithLibrdkafka() throws {
        let broker = try MockBroker()
        try broker.createTopic("t", partitions: 12)
        let keys = (0..<200).map { length in (0..<length % 23).map { UInt8(truncatingIfNeeded: $0 &* 37 &+ length) } }
            .filter { !$0.isEmpty }
        let positions = try Producer(properties: broker.properties)
            .write(keys.map { OutgoingRecord(topic: "t", key: $0, value: nil) })
        #expect(positions.map(\.partition) == keys.map { Partitioner.murmur2(key: $0, partitionCount: 12) })
        #expect(Set(positions.map(\.partition)).count == 12)
    }
}
