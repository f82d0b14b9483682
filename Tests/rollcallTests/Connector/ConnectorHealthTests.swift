import Domain
import Kafka
import Testing

@testable import rollcall

@Suite("Whether a connector works")
struct ConnectorHealthTests {
    private static let running = ConnectorStatus(ConnectServer.status())
    private static let failed = ConnectorStatus(ConnectServer.status(task: "FAILED", trace: StackTraceTests.wrapped))
    private static let nowMs: Int64 = 1_700_000_000_000

    private static func committed(_ agoMs: Int64?) -> ConnectorHealth.Offset {
        let position = SourcePosition(server: 4242, file: "binlog.000003", offset: 1234)
        return .committed(
            CommittedSourceOffset(
                offset: ConnectorOffset(
                    position: position ?? SourcePosition(server: 1, logName: "", logNumber: 1, offset: 4), isSnapshot: false),
                committedAtMs: agoMs.map { nowMs - $0 }))
    }

    private static func health(_ status: ConnectorStatus?, _ offset: ConnectorHealth.Offset) -> ConnectorHealth {
        ConnectorHealth(status: status, offset: offset, nowMs: nowMs, maximumAgeMs: 300_000)
    }

    @Test(
        "Only a running connector whose offset moves on works",
        arguments: [
            Case(running, committed(5_000), .healthy), Case(running, committed(-5_000), .healthy),
            Case(running, committed(300_001), .unhealthy), Case(running, committed(nil), .unknown),
            Case(running, .none, .unknown), Case(running, .unreadable("no broker"), .unknown),
            Case(failed, committed(5_000), .unhealthy), Case(nil, committed(5_000), .unhealthy),
            Case(ConnectorStatus(ConnectServer.status(task: "")), committed(5_000), .unhealthy),
            Case(ConnectorStatus(ConnectServer.status(connector: "PAUSED", task: "PAUSED")), committed(5_000), .unhealthy),
        ])
    func verdicts(one: Case) {
        #expect(Self.health(one.status, one.offset).verdict == one.expected)
    }

    struct Case: Sendable {
        var status: ConnectorStatus?
        var offset: ConnectorHealth.Offset
        var expected: ConnectorHealth.Verdict

        init(_ status: ConnectorStatus?, _ offset: ConnectorHealth.Offset, _ expected: ConnectorHealth.Verdict) {
            self.status = status
            self.offset = offset
            self.expected = expected
        }
    }

    @Test("A connector that says RUNNING and is dead is told by the age of its offset")
    func dead() {
        let health = Self.health(Self.running, Self.committed(7_200_000))
        let expected = """
            connector  RUNNING  on 10.0.0.7:8083
            task 0     RUNNING  on 10.0.0.7:8083
            source offset 4242@binlog.000003:1234, committed 2 h 0 min ago

            """
        #expect(health.text == expected)
        #expect(health.conclusion == "said to run, but has committed nothing for 2 h 0 min; restart it")
        #expect(health.json(name: "shop")["source_offset_age_ms"] == 7_200_000)
    }

    @Test(
        "What is not a status is none", arguments: ["{}", "[]", "{\"connector\":{}}", "{\"connector\":{\"state\":\"RUNNING\"}}"])
    func noStatus(text: String) throws {
        #expect(ConnectorStatus(try JSONValue(parsing: text)) == nil)
    }
}

@Suite("The last committed source offset, as a real broker holds it")
struct CommittedSourceOffsetTests {
    @Test("It is the newest of that connector, wherever it lies, and none once it was taken back")
    func newest() throws {
        let broker = try MockBroker()
        defer { broker.close() }
        try broker.createTopic("offsets", partitions: 3)
        let properties = ["bootstrap.servers": broker.bootstrap]
        func read(_ server: String? = "shop") throws -> CommittedSourceOffset? {
            try CommittedSourceOffset.read(topic: "offsets", connector: "crm", server: server, properties: properties)
        }
        #expect(try read() == nil)

        let producer = try Producer(properties: properties)
        defer { producer.close() }
        func write(_ key: String, _ value: String?) throws {
            _ = try producer.send(
                OutgoingRecord(topic: "offsets", key: Array(key.utf8), value: value.map { Array($0.utf8) }))
            let deliveries = try producer.flush(timeoutMs: 10_000)
            #expect(deliveries.count == 1)
        }
        let key = "[\"crm\",{\"server\":\"shop\"}]"
        try write(key, "{\"file\":\"binlog.000001\",\"pos\":4}")
        try write(key, "{\"file\":\"binlog.000002\",\"pos\":900,\"server_id\":7,\"snapshot\":true}")
        try write("[\"other\",{\"server\":\"shop\"}]", "{\"file\":\"binlog.000009\",\"pos\":1}")
        let found = try #require(try read())
        #expect(found.offset.position.description == "7@binlog.000002:900")
        #expect(found.offset.isSnapshot)
        #expect(found.committedAtMs != nil)
        #expect(try read("elsewhere") == nil)

        try write(key, nil)
        #expect(try read() == nil)
    }

    @Test("A topic that does not exist is said to be missing")
    func missing() throws {
        let broker = try MockBroker()
        defer { broker.close() }
        let error = #expect(throws: CommandError.self) {
            try CommittedSourceOffset.read(
                topic: "nowhere", connector: "crm", server: nil, properties: ["bootstrap.servers": broker.bootstrap])
        }
        #expect(error?.description == "topic `nowhere` does not exist")
    }
}
