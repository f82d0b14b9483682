import Kafka
import Testing

@Suite("Questions to a cluster")
struct ClusterTests {
    let broker: MockBroker

    init() throws {
        broker = try MockBroker(brokers: 3)
        try broker.createTopic("t", partitions: 5)
    }

    @Test("Asking for a topic that is not there gives nil, and does not create it")
    func absentTopic() throws {
        let cluster = try Cluster(properties: broker.properties)
        let consumer = try Consumer(properties: broker.properties)
        #expect(try cluster.partitionCount("absent", timeoutMs: 10_000) == nil)
        #expect(try consumer.partitionCount("absent", timeoutMs: 10_000) == nil)
        #expect(try cluster.partitionCount("t", timeoutMs: 10_000) == 5)
        #expect(try consumer.partitionCount("t", timeoutMs: 10_000) == 5)
        #expect(try cluster.topics(timeoutMs: 10_000).map(\.name) == ["t"])
        #expect(try cluster.topics(timeoutMs: 10_000).map(\.partitionCount) == [5])
    }

    @Test("Watermarks are the first offset and the next one, one partition at a time or many, on all leaders")
    func watermarks() throws {
        try Producer(properties: broker.properties).write(numbered(0..<9, topic: "t", partition: 3))
        let partitions = (0..<5).map { TopicPartition("t", $0) }
        let cluster = try Cluster(properties: broker.properties)
        let all = try cluster.watermarks(partitions, timeoutMs: 10_000)
        #expect(all.count == 5)
        for partition in partitions {
            let expected: Int64 = partition.partition == 3 ? 9 : 0
            #expect(all[partition]?.low == 0 && all[partition]?.high == expected)
            #expect(try cluster.watermarks(partition, timeoutMs: 10_000) == all[partition])
        }
        let consumer = try Consumer(properties: broker.properties)
        #expect(try consumer.watermarks(partitions, timeoutMs: 10_000) == all)
    }

    @Test("Watermarks of a partition without a leader, or whose broker is down, are an error and not a wait without end")
    func watermarksWithoutLeader() throws {
        let cluster = try Cluster(properties: broker.properties)
        let partition = TopicPartition("t", 1)
        _ = try cluster.watermarks(partition, timeoutMs: 10_000)
        try broker.setLeader(of: partition, broker: nil)
        let leaderless = try Cluster(properties: broker.properties)
        #expect(throws: KafkaError.self) { try leaderless.watermarks(partition, timeoutMs: 500) }
        for number in 1...3 { try broker.setDown(broker: number) }
        let error = try #require(throws: KafkaError.self) { try cluster.watermarks(partition, timeoutMs: 500) }
        #expect(error.isRetriable)
        #expect(error.message.contains(broker.bootstrap))
    }

    @Test("A partition that does not exist is an error that names it")
    func unknownPartition() throws {
        let cluster = try Cluster(properties: broker.properties)
        for ask in [
            { _ = try cluster.watermarks(TopicPartition("t", 9), timeoutMs: 2000) },
            { _ = try cluster.watermarks([TopicPartition("t", 9)], timeoutMs: 2000) },
        ] {
            let error = try #require(throws: KafkaError.self) { try ask() }
            #expect(error.message.contains("t[9]"))
        }
    }

    @Test("Settings that the broker cannot tell are nil, and a topic that it cannot create is an error")
    func unsupported() throws {
        let cluster = try Cluster(properties: broker.properties)
        #expect(try cluster.describeTopicConfig("t", timeoutMs: 5000) == nil)
        let error = try #require(throws: KafkaError.self) {
            try cluster.createTopic("new", partitions: 1, timeoutMs: 5000)
        }
        #expect(error.message.contains("new"))
    }

    @Test("A broker that cannot be reached is named, with the reason, within the time given")
    func unreachable() throws {
        // Port 1 (tcpmux) is reserved, and nothing listens on it.
        let cluster = try Cluster(properties: ["bootstrap.servers": "127.0.0.1:1"])
        let error = try #require(throws: KafkaError.self) { try cluster.checkReachable(timeoutMs: 2000) }
        #expect(error.message.contains("127.0.0.1:1"))
        #expect(error.message.contains("refused"))
        #expect(error.isRetriable && !error.isFatal)
        try Cluster(properties: broker.properties).checkReachable()
    }

    @Test("A consumer whose brokers are gone is told so by a notice, and goes on when they are back")
    func brokersDown() throws {
        let consumer = try Consumer(properties: broker.properties)
        let partition = TopicPartition("t", 0)
        try consumer.assign([partition: 0])
        _ = try consumer.gather { $0.ends[partition] == 0 }
        for number in 1...3 { try broker.setDown(broker: number) }
        let notices = try consumer.gather { batch in batch.notices.contains { $0.name == "_ALL_BROKERS_DOWN" } }.notices
        #expect(notices.allSatisfy { $0.isRetriable && !$0.isFatal })
        for number in 1...3 { try broker.setUp(broker: number) }
        try Producer(properties: broker.properties).write(numbered(0..<1, topic: "t"))
        #expect(try consumer.gather { !$0.records.isEmpty }.records.count == 1)
    }

    @Test("Closed things say so, and closing twice is fine")
    func useAfterClose() throws {
        let cluster = try Cluster(properties: broker.properties)
        cluster.close()
        cluster.close()
        #expect(throws: KafkaError.self) { try cluster.topics(timeoutMs: 10) }
        #expect(throws: KafkaError.self) { try cluster.describeTopicConfig("t") }
        broker.close()
        broker.close()
        #expect(throws: KafkaError.self) { try broker.createTopic("u", partitions: 1) }
    }
}

@Suite("Properties")
struct PropertiesTests {
    @Test("An unknown property is refused by name, for every kind of client")
    func unknownProperty() throws {
        let properties = ["bootstrap.servers": "127.0.0.1:1", "no.such.thing": "1"]
        for make in [
            { _ = try Consumer(properties: properties) }, { _ = try Producer(properties: properties) },
            { _ = try Cluster(properties: properties) },
        ] {
            let error = try #require(throws: KafkaError.self) { try make() }
            #expect(error.message.contains("no.such.thing"))
            #expect(!error.isRetriable)
        }
    }

    @Test("A bad value is refused with the property's name")
    func badValue() throws {
        let error = try #require(throws: KafkaError.self) { try Producer(properties: ["linger.ms": "soon"]) }
        #expect(error.message.contains("linger.ms"))
    }

    @Test("Values that contradict each other are refused")
    func contradiction() throws {
        let error = try #require(throws: KafkaError.self) {
            try Producer(properties: ["enable.idempotence": "true", "acks": "1"])
        }
        #expect(error.message.contains("acks"))
    }

    @Test("An assignor that this librdkafka cannot be trusted with is refused")
    func cooperative() throws {
        let error = try #require(throws: KafkaError.self) {
            try Consumer(properties: ["partition.assignment.strategy": "cooperative-sticky"])
        }
        #expect(error.message.contains("partition.assignment.strategy"))
    }

    @Test("librdkafka's log comes to the handler")
    func log() throws {
        var lines: [LogLine] = []
        let consumer = try Consumer(properties: ["bootstrap.servers": "127.0.0.1:1", "debug": "generic"]) { lines.append($0) }
        let line: LogLine = try eventually {
            _ = try consumer.poll(maxRecords: 1, timeoutMs: 50)
            return lines.first
        }
        #expect(!line.message.isEmpty)
        #expect(libraryVersion.split(separator: ".").count >= 3)
    }
}
