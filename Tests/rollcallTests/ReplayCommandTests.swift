import Domain
import Foundation
import Kafka
import Ledger
import Sandbox
import Testing

@testable import rollcall

@Suite("rollcall replay, as a process", .timeLimit(.minutes(15)), .serialized)
struct ReplayCommandTests {
    private let directory: TemporaryDirectory
    private let stack: Stack

    init() throws {
        directory = try TemporaryDirectory()
        stack = try Stack(StackOptions(parts: [.broker, .mapping]))
        let broker = try stack.requireBroker()
        // A group of the mock broker rebalances within its session timeout.
        let quick = "\(broker.bootstrap)\n  properties: {session.timeout.ms: \"4000\", heartbeat.interval.ms: \"200\"}"
        let yaml = completeYAML.replacing("127.0.0.1:9092", with: quick)
            .replacing("http://127.0.0.1:8080/{user_id}", with: "\(try stack.requireMapping().url)/{user_id}")
        try directory.write("rollcall.yaml", yaml)
        let producer = try Producer(properties: ["bootstrap.servers": broker.bootstrap])
        defer { producer.close() }
        for user in 1...40 {
            _ = try producer.send(
                OutgoingRecord(topic: "rollcall.aggregate", key: Array("\(user)".utf8), value: Array("{}".utf8)))
        }
        for delivery in try producer.flush(timeoutMs: 30_000) { _ = try delivery.result.get() }
    }

    private func replay(_ arguments: [String]) throws -> JSONValue {
        let result = try Binary.run(["replay", "--json"] + arguments, in: directory.path)
        #expect(result.status == 0, "\(result.errors)")
        return try JSONValue(parsing: Array(result.output.utf8))
    }

    @Test("Where no pipeline answers, the command joins the group itself, and the productions go to its ledger")
    func idleGroup() throws {
        let all = try replay(["--all"])
        #expect(all["done"] == true)
        #expect(all["joined"] == true)
        #expect(all["records"] == 40)
        #expect(all["enriched_here"] == 40)
        #expect(try LedgerReader(path: directory.path + "/ledger.sqlite").statistics().users == 40)

        try stack.requireMapping().setGeneration(2, users: ["7", "8"])
        let some = try replay(["--users", try directory.write("users.txt", "7\n\n8\r\n")])
        #expect(some["enriched_here"] == 2)

        let resumed = try replay(["--resume"])
        #expect(resumed["requests"] == [])
    }

    @Test("A request that nobody waits for stays open, and can be gone on with or taken back")
    func detached() throws {
        let first = try #require(try replay(["--since", "1h", "--detach"])["requests"]?.firstText)
        let second = try #require(try replay(["--all", "--detach"])["requests"]?.firstText)
        #expect(try replay(["--cancel", first])["cancelled"] == .string(first))
        let resumed = try replay(["--resume"])
        #expect(resumed["requests"] == [.string(second)])
        #expect(resumed["enriched_here"] == 40)
    }

    @Test(
        "A call that does not say who is meant, or says it wrongly, is refused",
        arguments: [[], ["--all", "--resume"], ["--since", "yesterday"], ["--users", "absent.txt"]])
    func refused(arguments: [String]) throws {
        let result = try Binary.run(["replay"] + arguments, in: directory.path)
        #expect(result.status == 64)
    }

    @Test("A line that is no user id is named")
    func badLine() throws {
        let file = try directory.write("users.txt", "7\neight\n")
        let result = try Binary.run(["replay", "--users", file], in: directory.path)
        #expect(result.status == 64)
        #expect(result.errors == "rollcall: \(file):2: not a user id of type integer\n")
    }
}

extension JSONValue {
    fileprivate var firstText: String? {
        if case .array(let elements) = self { elements.first?.text } else { nil }
    }
}
