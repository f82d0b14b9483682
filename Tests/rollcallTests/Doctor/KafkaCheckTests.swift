import Domain
@testable import Kafka
import Testing

@testable import rollcall

@Suite("Judging topics and groups")
struct KafkaCheckTests {
    private static func topic(_ name: String = "god", partitions: Int? = 4, _ config: [String: String]? = [:]) -> TopicFacts {
        TopicFacts(
            name: name, partitionCount: partitions, config: config,
            watermarks: Dictionary(
                uniqueKeysWithValues: (0..<Int32(partitions ?? 0)).map { ($0, Watermarks(low: 10, high: 100)) }))
    }

    @Test("A topic that is not there yet is a warning, and nothing else is asked about it")
    func absent() {
        let absent = Self.topic(partitions: nil, nil)
        #expect(TopicExistenceCheck.judge(absent, owner: .stream).state == .warning)
        #expect(TopicExistenceCheck.judge(Self.topic(partitions: 1), owner: .connector).finding == "topic god has 1 partition")
        #expect(CleanupPolicyCheck.judge(absent) == nil)
        #expect(RetentionChecks.compactionLag(absent) == nil)
        #expect(PartitionCountCheck.judge(signals: absent, aggregate: Self.topic()) == nil)
        #expect(GroupOffsetsCheck.judge(group: "g", topic: absent, committed: [:]) == nil)
    }

    @Test(
        "Signals and aggregates need as many partitions; more cannot be given to the aggregate topic",
        arguments: [(4, 4), (4, 8), (8, 4)])
    func partitionCounts(signals: Int, aggregate: Int) {
        let check = PartitionCountCheck.judge(
            signals: Self.topic("s", partitions: signals), aggregate: Self.topic("a", partitions: aggregate))
        #expect(check?.state == (signals == aggregate ? .ok : .failure))
        if signals < aggregate { #expect(check?.mend?.contains("--alter --topic s --partitions 8") == true) }
        if signals > aggregate { #expect(check?.mend?.contains("a new aggregate topic") == true) }
    }

    @Test(
        "The state's topics are compacted, and nothing else",
        arguments: [
            (["cleanup.policy": "compact"], Check.State.ok), (["cleanup.policy": "delete"], .failure),
            (["cleanup.policy": "compact,delete"], .failure), (["cleanup.policy": "delete, compact"], .failure), ([:], .unknown),
            (nil, .unknown),
        ] as [([String: String]?, Check.State)])
    func cleanupPolicy(config: [String: String]?, expected: Check.State) {
        #expect(CleanupPolicyCheck.judge(Self.topic("god", config))?.state == expected)
    }

    @Test("What compaction and time remove should stay for a while")
    func retention() {
        func lag(_ ms: String) -> Check.State? {
            RetentionChecks.compactionLag(Self.topic("t", ["min.compaction.lag.ms": ms]))?.state
        }
        #expect(lag("0") == .warning)
        #expect(lag("86400000") == .ok)
        #expect(
            RetentionChecks.compactionLag(Self.topic("t", nil)) == nil, "cleanup.policy says already that the broker cannot say")
        func tombstones(_ ms: String) -> Check.State? {
            RetentionChecks.tombstones(Self.topic("t", ["delete.retention.ms": ms]))?.state
        }
        #expect(tombstones("86400000") == .ok)
        #expect(tombstones("60000") == .warning)
        func age(_ policy: String, _ ms: String) -> Check.State? {
            RetentionChecks.age(Self.topic("t", ["cleanup.policy": policy, "retention.ms": ms]))?.state
        }
        #expect(age("delete", "604800000") == .ok)
        #expect(age("delete", "-1") == .ok)
        #expect(age("delete", "3600000") == .warning)
        #expect(age("compact", "3600000") == nil)
    }

    private static func sample(_ partitions: Int, _ keys: [(String, Int32)]) -> KeySample {
        KeySample(
            topic: "god", partitionCount: partitions, keys: keys.map { KeySample.Key(bytes: Array($0.0.utf8), partition: $0.1) })
    }

    @Test("Keys lie where murmur2 puts them, or it is said who put them elsewhere")
    func partitioner() {
        let users = (1...50).map(String.init)
        func placed(_ count: Int, by partition: (String) -> Int32) -> Check {
            PartitionerCheck.judge(Self.sample(count, users.map { ($0, partition($0)) }))
        }
        #expect(placed(12) { Partitioner.murmur2(key: Array($0.utf8), partitionCount: 12) }.state == .ok)
        let crc32 = placed(12) { CRC32.partition(of: Array($0.utf8), 12) }
        #expect(crc32.state == .failure)
        #expect(crc32.finding.hasSuffix("; librdkafka's default partitioner (CRC32) wrote them"))
        let grown = placed(12) { Partitioner.murmur2(key: Array($0.utf8), partitionCount: 8) }
        #expect(grown.finding.hasSuffix("; the topic had 8 partitions when they were written"))
        #expect(PartitionerCheck.judge(Self.sample(4, [])).state == .ok)
        var unread = Self.sample(4, [])
        unread.trouble = "timed out"
        #expect(PartitionerCheck.judge(unread).state == .unknown)
    }

    @Test("CRC32 is that of IEEE 802.3")
    func crc32() {
        #expect(CRC32.checksum(Array("123456789".utf8)) == 0xCBF4_3926)
        #expect(CRC32.checksum([]) == 0)
    }

    @Test(
        "Each form of key is told from the others",
        arguments: [
            (nil, KeyEncoding.absent), ("", .empty), ("42", .plain), ("ann", .plain), ("\"42\"", .quoted),
            ("{\"user_id\":42}", .object),
            ("{\"schema\":{},\"payload\":{\"user_id\":42}}", .withSchema), ("\u{0}\u{0}\u{0}\u{0}\u{1}\u{2}", .registry),
            ("{broken", .plain),
        ] as [(String?, KeyEncoding)])
    func encodings(key: String?, expected: KeyEncoding) {
        #expect(KeyEncoding(key.map { Array($0.utf8) }) == expected)
    }

    @Test(
        "Our own topics hold plain user ids and nothing else",
        arguments: ["{\"user_id\":42}", "\"42\"", "007", "ann", "-0", " 42"])
    func ownKeys(stray: String) {
        let sample = Self.sample(4, [("42", 0), (stray, 1)])
        #expect(KeyEncodingCheck.own(sample, kind: .integer).state == .failure)
        #expect(KeyEncodingCheck.own(Self.sample(4, [("42", 0), ("-7", 0)]), kind: .integer).state == .ok)
    }

    @Test("Change topics may have any one form, and null keys beside it")
    func changeKeys() {
        func state(_ keys: [String?]) -> Check.State {
            var sample = Self.sample(1, [])
            sample.keys = keys.map { KeySample.Key(bytes: $0.map { Array($0.utf8) }, partition: 0) }
            return KeyEncodingCheck.changes([sample]).state
        }
        #expect(state(["{\"user_id\":1}", nil, "{\"user_id\":2}"]) == .ok)
        #expect(state(["{\"user_id\":1}", "{\"schema\":{},\"payload\":{\"user_id\":1}}"]) == .warning)
        #expect(state(["\u{0}\u{0}\u{0}\u{0}\u{1}\u{2}"]) == .failure)
    }

    @Test("A group that has lost records unread, or reads a topic that was recreated, is a failure")
    func groups() {
        func check(_ committed: [Int32: Int64]) -> Check? {
            GroupOffsetsCheck.judge(group: "g", topic: Self.topic(partitions: 2), committed: committed)
        }
        #expect(check([0: 10, 1: 100])?.state == .ok)
        #expect(check([:])?.state == .ok, "it has not begun")
        #expect(check([0: 7, 1: 100])?.finding == "3 records of god were removed before group g read them, in partition 0")
        #expect(check([0: 101, 1: 50])?.finding == "group g is past the end of god in partition 0: the topic was recreated")
        #expect(check([0: 50])?.state == .warning)
    }

    @Test(
        "Offsets of idle groups should outlast a week",
        arguments: [("10080", Check.State.ok), ("1440", .warning), ("?", .unknown)])
    func offsetsRetention(minutes: String, expected: Check.State) {
        #expect(OffsetsRetentionCheck.judge(broker: ["offsets.retention.minutes": minutes]).state == expected)
        #expect(OffsetsRetentionCheck.judge(broker: nil).state == .unknown)
    }

    @Test("Client properties that break promises are named")
    func clientProperties() {
        func states(_ properties: [String: String], statement: Int = 60, version: String = "2.0.2") -> [Check.State] {
            ClientPropertiesCheck.judge(properties, statementTimeoutSeconds: statement, libraryVersion: version).map(\.state)
        }
        #expect(states([:]) == [.ok, .ok, .ok])
        let cooperative = ["partition.assignment.strategy": "cooperative-sticky"]
        #expect(states(cooperative)[0] == .warning)
        #expect(states(cooperative, version: "2.4.0")[0] == .ok)
        #expect(states(["message.timeout.ms": "60000"])[1] == .warning)
        #expect(states(["message.timeout.ms": "60000", "session.timeout.ms": "90000"])[1] == .ok)
        #expect(states(["message.timeout.ms": "0"])[1] == .warning, "0 is for ever")
        #expect(states([:], statement: 200)[2] == .failure)
    }
}
