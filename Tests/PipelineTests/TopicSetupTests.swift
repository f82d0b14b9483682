import Kafka
import Testing

@testable import Pipeline

/// The broker of these tests cannot create topics, so what would be created is read from the command that the refusal advises.
@Suite("Absent topics are created as the pipeline needs them")
struct TopicSetupTests {
    let broker: MockBroker
    let settings: PipelineSettings

    init() throws {
        broker = try MockBroker()
        settings = try .forTests(broker: broker)
    }

    private func advice() throws -> String {
        let cluster = try Cluster(properties: settings.kafka)
        defer { cluster.close() }
        let error = #expect(throws: PipelineError.self) {
            try TopicSetup().ensure(settings: settings, hops: [.aggregator], cluster: cluster)
        }
        #expect(error?.code == .topicNotCreated)
        return error?.message ?? ""
    }

    @Test("the signals topic is kept for 30 days, whatever the broker's default, and as partitioned as the aggregates are")
    func signals() throws {
        try broker.createTopic("aggregate", partitions: 7)
        let advice = try advice()
        #expect(advice.contains("--topic signals --partitions 7 "))
        #expect(advice.contains("--config retention.ms=2592000000") && advice.contains("--config cleanup.policy=delete"))
    }

    @Test("the aggregate topic is as partitioned as the signals are, and compacted")
    func aggregates() throws {
        try broker.createTopic("signals", partitions: 5)
        let advice = try advice()
        #expect(advice.contains("--topic aggregate --partitions 5 ") && advice.contains("cleanup.policy=compact"))
    }

    @Test("where neither is there, the settings decide")
    func neither() throws {
        #expect(try advice().contains("--topic aggregate --partitions 24 "))
    }
}
