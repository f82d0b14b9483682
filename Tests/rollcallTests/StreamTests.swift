import Domain
import Foundation
import Kafka
import Sandbox
import Testing

@testable import rollcall

@Suite("rollcall stream, as a process against a broker", .timeLimit(.minutes(15)))
struct StreamTests {
    private let directory: TemporaryDirectory
    private let broker: MockBroker

    init() throws {
        directory = try TemporaryDirectory()
        broker = try MockBroker()
        for topic in ["shop.users", "rollcall.signals", "rollcall.aggregate", "rollcall.god"] {
            try broker.createTopic(topic, partitions: 2)
        }
        try directory.write("rollcall.yaml", completeYAML.replacing("127.0.0.1:9092", with: broker.bootstrap))
    }

    private var properties: Properties {
        ["bootstrap.servers": broker.bootstrap, "group.id": "test", "allow.auto.create.topics": "false"]
    }

    /// Reads the signals topic until a signal is there.
    private func awaitSignal() throws -> Record {
        let consumer = try Consumer(properties: properties)
        defer { consumer.close() }
        try consumer.assign([TopicPartition("rollcall.signals", 0): 0, TopicPartition("rollcall.signals", 1): 0])
        while true {
            if let record = try consumer.poll(maxRecords: 1, timeoutMs: 1_000).records.first { return record }
        }
    }

    @Test("A change event becomes a signal; the signal to stop drains, and the exit code names it", arguments: [SIGINT, SIGTERM])
    func drains(signal: Int32) throws {
        let producer = try Producer(properties: ["bootstrap.servers": broker.bootstrap])
        let event = #"{"op":"c","before":null,"after":{"user_id":42,"email":"a@b.c"},"source":{"file":"bin.000001","pos":4}}"#
        _ = try producer.send(
            OutgoingRecord(topic: "shop.users", key: Array(#"{"user_id":42}"#.utf8), value: Array(event.utf8)))
        for delivery in try producer.flush(timeoutMs: 30_000) { _ = try delivery.result.get() }
        producer.close()

        let output = try directory.write("out", "")
        let errors = try directory.write("err", "")
        let process = try Binary.start(
            ["stream", "--only", "intake", "--json"], in: directory.path, output: output, errors: errors)
        #expect(try awaitSignal().key == Array("42".utf8))
        kill(process.processIdentifier, signal)
        process.waitUntilExit()

        #expect(process.terminationReason == .exit)
        #expect(process.terminationStatus == 128 + signal)
        let counts = try JSONValue(parsing: Array(try String(contentsOfFile: output, encoding: .utf8).utf8))
        #expect(counts["intake"]?["records_in"] == 1)
        #expect(counts["intake"]?["records_out"] == 1)
        #expect(counts["enricher"] == nil)
        #expect(try String(contentsOfFile: errors, encoding: .utf8).hasPrefix("streaming intake; Ctrl-C drains\n"))
    }

    @Test("A broker that is not there ends the start in seconds, with its address and the setting")
    func noBroker() throws {
        let result = try Binary.run(
            ["stream", "--only", "intake", "--set", "kafka.bootstrap=127.0.0.1:1", "--set", "pipeline.start_timeout_seconds=1"],
            in: directory.path)
        #expect(result.status == 2)
        #expect(result.output == "")
        #expect(result.errors.contains("127.0.0.1:1"))
        #expect(result.errors.contains("kafka.bootstrap"))
    }

    @Test("A change topic that is not there is named, with what creates it")
    func noTopic() throws {
        let result = try Binary.run(
            ["stream", "--only", "intake"], in: directory.path,
            environment: ["ROLLCALL_CONFIG": try missingTopicFile()])
        #expect(result.status == 2)
        #expect(result.errors.hasPrefix("rollcall: topic shop.absent does not exist; "))
    }

    private func missingTopicFile() throws -> String {
        let yaml = completeYAML.replacing("127.0.0.1:9092", with: broker.bootstrap)
        return try directory.write("absent.yaml", yaml.replacing("shop.users", with: "shop.absent"))
    }
}
