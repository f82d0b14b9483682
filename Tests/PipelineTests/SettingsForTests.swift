import Domain
import Kafka
import MySQL
import Source

@testable import Pipeline

extension PipelineSettings {
    /// Settings of a pipeline without a MySQL, and without a broker unless one is given.
    static func forTests(broker: MockBroker? = nil) throws -> PipelineSettings {
        let query = try AggregateQuery(sql: "SELECT user_id FROM users WHERE :users", key: "user_id", kind: .integer)
        var topics = PipelineSettings.TopicNames(change: [:])
        topics.signals = "signals"
        topics.aggregate = "aggregate"
        topics.god = "god"
        let kafka =
            broker.map { MockBroker.recommendedConsumerProperties.merging(["bootstrap.servers": $0.bootstrap]) { $1 } }
            ?? ["bootstrap.servers": "127.0.0.1:1"]
        return PipelineSettings(
            kafka: kafka, topics: topics,
            source: SourceSettings(connection: ConnectionSettings(user: "nobody"), query: query, keyField: "user_id"))
    }
}
