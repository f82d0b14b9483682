import Foundation
import Kafka
import MySQL
@testable import Sandbox
import Testing

@Suite("The embedded stack")
struct StackTests {
    @Test("starts the parts that are asked for, and describes them")
    func partsOfAStack() throws {
        var options = StackOptions(parts: [.broker, .database])
        options.partitions = 2
        options.sampleUsers = 20
        options.extraTopics = [SandboxTopic("extra", partitions: 5)]
        let stack = try Stack(options)
        let broker = try stack.requireBroker()
        let cluster = try Cluster(properties: ["bootstrap.servers": broker.bootstrap])
        defer { cluster.close() }
        #expect(try cluster.partitionCount(stack.topics.god, timeoutMs: 5_000) == 2)
        #expect(try cluster.partitionCount("extra", timeoutMs: 5_000) == 5)
        try broker.createTopic(SandboxTopic("later", partitions: 1))
        #expect(try cluster.partitionCount("later", timeoutMs: 5_000) == 1)

        let connection = try Connection(stack.connectionSettings())
        defer { connection.close() }
        let counts = try connection.query("SELECT (SELECT COUNT(*) FROM users), (SELECT COUNT(*) FROM preferences)")
        #expect(counts.text(0, 0) == "20")
        #expect(counts.text(0, 1) == "16")
        #expect(throws: MySQLError.self) { try connection.execute("DELETE FROM users") }

        #expect(throws: SandboxError.partNotStarted(part: "mapping service")) { try stack.requireMapping() }
        let description = "\(stack.directory)/stack.json"
        try stack.writeDescription(to: description)
        let text = try Data(contentsOf: URL(fileURLWithPath: description))
        #expect(try JSONDecoder().decode(StackDescription.self, from: text).bootstrap == broker.bootstrap)

    }

    @Test("runs beside others on a Kafka that was given, with topics of its own, and without a broker to spoil")
    func givenKafka() throws {
        let directory = try StackDirectory(path: nil)
        defer { directory.removeIfTemporary() }
        let elsewhere = try SandboxBroker(directory: directory.path)
        let stacks = try (1...2).map { _ in
            var options = StackOptions(parts: [.broker])
            options.kafka = GivenKafka(bootstrap: elsewhere.bootstrap)
            return try Stack(options)
        }
        let cluster = try Cluster(properties: ["bootstrap.servers": elsewhere.bootstrap])
        defer { cluster.close() }
        for stack in stacks {
            #expect(try stack.requireBootstrap() == elsewhere.bootstrap)
            #expect(throws: SandboxError.partNotStarted(part: "Kafka broker")) { try stack.requireBroker() }
            try stack.createTopics([SandboxTopic(stack.tag + "later", partitions: 1)])
            let names = try cluster.topics(timeoutMs: 10_000).map(\.name).filter { $0.contains(stack.tag) }
            #expect(Set(names).isSuperset(of: [stack.topics.god, stack.topics.offsets, stack.tag + "later"]))
            // This broker decides for itself how many there are.
            #expect(try cluster.partitionCount(stack.topics.god, timeoutMs: 5_000) == stack.partitions)
        }
        #expect(stacks[0].topics.god != stacks[1].topics.god)
        stacks.forEach { $0.stop() }
        #expect(elsewhere.isRunning)
    }

    @Test("leaves no file and no process behind")
    func end() throws {
        var stack: Stack? = try Stack(StackOptions(parts: [.mapping]))
        let directory = try #require(stack?.directory)
        #expect(FileManager.default.fileExists(atPath: directory))
        let port = try ReadyFile.read("\(directory)/mapping/mapping.json").port
        stack = nil
        #expect(!FileManager.default.fileExists(atPath: directory))
        #expect(throws: SandboxError.self) { try LoopbackRequest(port: port, path: "/_stats").send() }
    }

    @Test("says what to install when a part is missing")
    func missingPart() throws {
        let error = #expect(throws: SandboxError.self) {
            try PythonEnvironment.locate(environment: ["ROLLCALL_SANDBOX_HOME": "/nowhere"])
        }
        #expect(error == .pythonMissing(searched: ["/nowhere/venv/bin/python"]))
        #expect(error?.description.contains("scripts/setup") == true)
    }
}

@Suite("The broker of the sandbox")
struct SandboxBrokerTests {
    @Test("refuses connections while it is told to be down, and takes them afterwards")
    func downAndUp() throws {
        let directory = try StackDirectory(path: nil)
        defer { directory.removeIfTemporary() }
        let broker = try SandboxBroker(topics: [SandboxTopic("t", partitions: 1)], directory: directory.path)
        let cluster = try Cluster(properties: ["bootstrap.servers": broker.bootstrap])
        defer { cluster.close() }
        #expect(try cluster.partitionCount("t", timeoutMs: 5_000) == 1)
        try broker.setDown()
        #expect(throws: KafkaError.self) { try cluster.topics(timeoutMs: 500) }
        try broker.setUp()
        #expect(try cluster.topics(timeoutMs: 10_000).contains { $0.name == "t" })
    }

    @Test("ends with the process that started it")
    func endsWithItsParent() throws {
        let directory = try StackDirectory(path: nil)
        defer { directory.removeIfTemporary() }
        var broker: SandboxBroker? = try SandboxBroker(directory: directory.path)
        let bootstrap = try #require(broker?.bootstrap)
        let port = try #require(Int(bootstrap.split(separator: ":")[1]))
        broker = nil
        #expect(throws: SandboxError.self) { try LoopbackRequest(port: port, path: "/").send() }
    }
}
