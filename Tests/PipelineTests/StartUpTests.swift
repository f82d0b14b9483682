import Domain
import Sandbox
import Testing

@testable import Pipeline

extension RealParts {
    @Suite("Before anything starts, what is missing is named within seconds", .serialized)
    struct StartUpTests {
        private func failure(of stack: PipelineStack, mapping: MappingSettings? = nil) throws -> PipelineError {
            let runner = StreamRunner(settings: stack.settings, mapping: mapping ?? stack.mapping)
            let error = #expect(throws: PipelineError.self) { try runner.start() }
            return try #require(error)
        }

        @Test("no broker")
        func noBroker() throws {
            let stack = try PipelineStack("nobroker", on: .embedded)
            stack.settings.kafka["bootstrap.servers"] = "127.0.0.1:1"
            stack.settings.startTimeoutMs = 1_000
            let error = try failure(of: stack)
            #expect(error.code == .kafkaUnreachable)
            #expect(error.message.contains("127.0.0.1:1") && error.message.contains("kafka.bootstrap"))
        }

        @Test("no topic, on a broker that creates none")
        func noTopic() throws {
            let stack = try PipelineStack("notopic", on: .embedded)
            stack.settings.topics.god = "notopic.absent"
            let error = try failure(of: stack)
            #expect(error.code == .topicNotCreated)
            #expect(error.message.contains("--topic notopic.absent") && error.message.contains("cleanup.policy=compact"))
            stack.settings.topicSetup = nil
            #expect(try failure(of: stack).code == .topicMissing)
        }

        @Test("no change topic")
        func noChangeTopic() throws {
            let stack = try PipelineStack("nochange", on: .embedded)
            stack.settings.topics.change["nochange.absent"] = ChangeEventDecoder(userField: "user_id", kind: .unsigned)
            let error = try failure(of: stack)
            #expect(error.code == .topicMissing)
            #expect(error.message.contains("nochange.absent") && error.message.contains("connector"))
        }

        @Test("signals and aggregates of different partition counts")
        func partitionCounts() throws {
            let stack = try PipelineStack("counts", on: .embedded)
            try stack.stack.requireBroker().createTopic(SandboxTopic("counts.five", partitions: 5))
            stack.settings.topics.aggregate = "counts.five"
            #expect(try failure(of: stack).code == .partitionCountsDiffer)
        }

        @Test("no MySQL")
        func noMySQL() throws {
            let stack = try PipelineStack("nomysql", on: .embedded)
            stack.settings.source.connection.port = 1
            let error = try failure(of: stack)
            #expect(error.code == .mysqlUnreachable)
            #expect(error.message.contains("127.0.0.1:1"))
        }

        @Test("a MySQL that does not say what a snapshot sees, unless the settings give that promise up")
        func noSnapshotPosition() throws {
            let stack = try PipelineStack("noposition", on: .embedded)
            var options = MariaDBServer.Options()
            options.extraArguments = ["--skip-log-bin"]
            let server = try MariaDBServer(options: options)
            var connection = server.rootSettings
            connection.database = "mysql"
            stack.settings.source.connection = connection
            let error = try failure(of: stack)
            #expect(error.code == .sourceUnusable)
            #expect(error.message.contains("log_bin") && error.message.contains("pipeline.accept_unknown_position"))
            stack.settings.acceptsUnknownPosition = true
            try StartUpChecks(settings: stack.settings, hops: [.aggregator]).run()
        }

        @Test("but no mapping service that takes longer for its first answer than a call may take")
        func slowMapping() throws {
            let stack = try PipelineStack("slowmapping", on: .embedded, ownMapping: true)
            try stack.mappingServer.setFaults(MappingFaults(latencyMs: 400))
            var mapping = MappingSettings(url: try MappingURL(stack.mappingServer.url + "?ids={user_ids}"))
            mapping.http.totalTimeoutMs = 100
            try MappingCheck(settings: mapping).run()
            #expect(throws: PipelineError.self) { try MappingCheck(settings: mapping, timeoutMs: 100).run() }
        }

        @Test("no mapping service")
        func noMapping() throws {
            let stack = try PipelineStack("nomapping", on: .embedded)
            let error = try failure(of: stack, mapping: MappingSettings(url: try MappingURL("http://127.0.0.1:1/{user_id}")))
            #expect(error.code == .mappingUnreachable)
            #expect(error.message.contains("127.0.0.1:1") && error.message.contains("mapping.url"))
        }

        @Test("a flush that may take longer than the group's patience")
        func timeouts() throws {
            let stack = try PipelineStack("timeouts", on: .embedded)
            stack.settings.kafka["max.poll.interval.ms"] = "60000"
            #expect(try failure(of: stack).code == .badSetting)
        }

        @Test("a delivery that may outlast the membership")
        func messageTimeout() throws {
            let stack = try PipelineStack("messagetimeout", on: .embedded)
            stack.settings.kafka["message.timeout.ms"] = "60000"
            let error = try failure(of: stack)
            #expect(error.code == .badSetting)
            #expect(error.message.contains("session.timeout.ms"))
        }
    }
}
