import Foundation
import Kafka

/// Kafka that somebody else runs, in place of the sandbox's own broker: for tests, the one that `ROLLCALL_TEST_KAFKA` names.
///
/// Others use it too, and nothing of it ends with the tests: so each stack on it has topics and groups of its own, whose names begin with
/// ``tag``, and whoever runs it removes them.
public struct GivenKafka: Sendable, Equatable {
    /// The environment variable that holds a `bootstrap.servers`.
    public static let environmentVariable = "ROLLCALL_TEST_KAFKA"

    /// The one that the environment names; `nil` where it names none.
    public static var named: GivenKafka? {
        ProcessInfo.processInfo.environment[environmentVariable].flatMap { $0.isEmpty ? nil : GivenKafka(bootstrap: $0) }
    }

    /// The address for `bootstrap.servers`.
    public let bootstrap: String
    /// What the names of this user's topics and groups begin with.
    public let tag: String

    /// Kafka at that address, with a tag of its own.
    public init(bootstrap: String) {
        self.bootstrap = bootstrap
        tag = "rollcall-test-" + UUID().uuidString.replacing("-", with: "").lowercased().prefix(12) + "-"
    }

    /// Creates topics, as `rollcall stream` does, and returns once they are there.
    ///
    /// Librdkafka's own broker, wherever it runs, creates none on request. Whoever asks it for a topic gets one, with as many partitions as
    /// it thinks fit, so that only the answer of ``partitionCount(_:)`` counts.
    /// - Throws: `KafkaError`.
    func create(_ topics: [SandboxTopic]) throws {
        let cluster = try Cluster(properties: ["bootstrap.servers": bootstrap])
        defer { cluster.close() }
        try cluster.checkReachable(timeoutMs: Self.timeoutMs)
        if try cluster.describeBrokerConfig(timeoutMs: Self.timeoutMs) != nil {
            for topic in topics {
                try cluster.createTopic(topic.name, partitions: topic.partitions, config: topic.settings)
            }
        } else {
            // The answer to the first question is that there is no such topic yet.
            let asking = try Consumer(properties: ["bootstrap.servers": bootstrap, "allow.auto.create.topics": "true"])
            defer { asking.close() }
            for topic in topics { _ = try? asking.watermarks([TopicPartition(topic.name, 0)], timeoutMs: Self.timeoutMs) }
        }
        for topic in topics { try Self.awaitTopic(topic.name, cluster) }
    }

    /// How many partitions a topic has.
    func partitionCount(_ topic: String) throws -> Int {
        let cluster = try Cluster(properties: ["bootstrap.servers": bootstrap])
        defer { cluster.close() }
        return try cluster.partitionCount(topic, timeoutMs: Self.timeoutMs) ?? 0
    }

    private static let timeoutMs = 15_000

    /// Brokers hear of a new topic one after the other.
    private static func awaitTopic(_ name: String, _ cluster: Cluster) throws {
        let deadlineMs = monotonicMs() + timeoutMs
        while try cluster.partitionCount(name, timeoutMs: timeoutMs) == nil {
            guard monotonicMs() < deadlineMs else {
                throw SandboxError.cannotStart(
                    program: environmentVariable, reason: "topic \(name) was created, and is not there")
            }
            usleep(20_000)
        }
    }
}
