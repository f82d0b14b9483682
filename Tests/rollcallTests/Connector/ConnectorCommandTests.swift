import Domain
import Foundation
import Kafka
import Testing

@testable import rollcall

@Suite("rollcall connector, as its users call it")
struct ConnectorCommandTests {
    private static func yaml(_ url: String) -> String {
        completeYAML.replacing("topic: shop.users,", with: "topic: shop.shop.users,")
            .replacing(
                "connector: {name: shop, server: shop}",
                with: "connector: {name: shop, server: shop, url: '\(url)', password_reference: '${file:/p:password}'}")
    }

    private static func run(_ server: ConnectServer, _ arguments: String...) throws -> Binary.Result {
        let directory = try TemporaryDirectory()
        try directory.write("rollcall.yaml", yaml(server.url))
        return try Binary.run(["connector"] + arguments, in: directory.path)
    }

    @Test("render prints one JSON object and asks nobody")
    func render() throws {
        try ConnectServer.with { server in
            let result = try Self.run(server, "render")
            #expect(result.status == 0)
            #expect(result.errors == "")
            let json = try JSONValue(parsing: result.output)
            #expect(json["table.include.list"] == "shop.users")
            #expect(json["database.password"] == "${file:/p:password}")
            #expect(server.state.withLock { $0.requests } == [])
        }
    }

    @Test("apply creates, then changes nothing; --dry-run tells the difference by its exit code")
    func apply() throws {
        try ConnectServer.with { server in
            server.state.withLock { $0.statuses = [ConnectServer.status()] }
            #expect(try Self.run(server, "apply", "--dry-run").status == 1)
            #expect(server.state.withLock { $0.configurations.isEmpty })
            let running = """
                connector  RUNNING  on 10.0.0.7:8083
                task 0     RUNNING  on 10.0.0.7:8083

                """
            #expect(try Self.run(server, "apply") == .init(status: 0, output: "connector shop: new\n" + running, errors: ""))
            #expect(
                try Self.run(server, "apply") == .init(status: 0, output: "connector shop: unchanged\n" + running, errors: ""))
            #expect(try Self.run(server, "apply", "--dry-run").status == 0)

            let change = try Self.run(server, "apply", "--set", "connector.heartbeat_seconds=5")
            #expect(change.status == 0)
            let expected = "connector shop: changes\n- heartbeat.interval.ms: 10000\n+ heartbeat.interval.ms: 5000\n"
            #expect(change.output == expected + running)
            let json = try Self.run(server, "apply", "--json")
            #expect(
                try JSONValue(parsing: json.output)["difference"] == [
                    ["property": "heartbeat.interval.ms", "old": "5000", "new": "10000"]
                ])
        }
    }

    @Test("apply of a connector that fails exits 2 with the root cause")
    func applyFails() throws {
        try ConnectServer.with { server in
            server.state.withLock { $0.statuses = [ConnectServer.status(task: "FAILED", trace: StackTraceTests.wrapped)] }
            let result = try Self.run(server, "apply")
            #expect(result.status == 2)
            #expect(result.errors.contains("Access denied for user 'debezium'@'%'"))
            #expect(!result.errors.contains("\tat "))
        }
    }

    @Test("status of a connector that is not there exits 1; of a Connect that does not answer, 2")
    func status() throws {
        try ConnectServer.with { server in
            let result = try Self.run(server, "status", "--set", "kafka.bootstrap=127.0.0.1:1", "--quiet")
            #expect(result.status == 1)
            #expect(
                result.output.hasSuffix("connector shop: there is no such connector; `rollcall connector apply` creates it\n"))
        }
        let directory = try TemporaryDirectory()
        try directory.write("rollcall.yaml", Self.yaml("http://127.0.0.1:1"))
        #expect(try Binary.run(["connector", "status"], in: directory.path).status == 2)
    }

    @Test("status exits 0 only while the source offset moves on, and 3 while there is none")
    func health() throws {
        let broker = try MockBroker()
        defer { broker.close() }
        try broker.createTopic("connect-offsets", partitions: 2)
        try ConnectServer.with { server in
            server.state.withLock { $0.statuses = [ConnectServer.status()] }
            let bootstrap = "kafka.bootstrap=\(broker.bootstrap)"
            #expect(try Self.run(server, "status", "--set", bootstrap).status == 3)
            let producer = try Producer(properties: ["bootstrap.servers": broker.bootstrap])
            defer { producer.close() }
            _ = try producer.send(
                OutgoingRecord(
                    topic: "connect-offsets", key: Array("[\"shop\",{\"server\":\"shop\"}]".utf8),
                    value: Array("{\"file\":\"binlog.000002\",\"pos\":900,\"server_id\":7}".utf8)))
            _ = try producer.flush(timeoutMs: 10_000)
            let healthy = try Self.run(server, "status", "--set", bootstrap)
            #expect(healthy.status == 0)
            #expect(healthy.output.contains("source offset 7@binlog.000002:900, committed "))
            #expect(healthy.output.hasSuffix("connector shop: works\n"))
            let json = try JSONValue(parsing: try Self.run(server, "status", "--json", "--set", bootstrap).output)
            #expect(json["verdict"] == "healthy")
            #expect(json["source_offset"] == "7@binlog.000002:900")
        }
    }

    @Test("Without connector.url, the message says what it is")
    func noAddress() throws {
        let directory = try TemporaryDirectory()
        try directory.write("rollcall.yaml", completeYAML)
        let result = try Binary.run(["connector", "status"], in: directory.path)
        #expect(result.status == 64)
        #expect(result.errors.contains("connector.url is not set"))
    }
}
