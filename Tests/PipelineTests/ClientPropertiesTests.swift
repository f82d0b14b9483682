import Domain
import Kafka
import Testing

@testable import Pipeline

@Suite("What the pipeline tells librdkafka, and makes of what librdkafka says")
struct ClientPropertiesTests {
    @Test("the members of a process have names of their own in their groups, and what joins no group has none")
    func instanceNames() throws {
        var settings = try PipelineSettings.forTests()
        #expect(settings.consumerProperties(.intake, worker: "intake-1")["group.instance.id"] == nil)
        settings.kafka["group.instance.id"] = "host-a"
        #expect(settings.consumerProperties(.intake, worker: "intake-1")["group.instance.id"] == "host-a-intake-1")
        #expect(settings.consumerProperties(.intake)["group.instance.id"] == nil)
        #expect(settings.producerProperties()["group.instance.id"] == nil)
    }

    @Test("each client's queues are bounded, by what the settings say if they say something")
    func queues() throws {
        var settings = try PipelineSettings.forTests()
        #expect(settings.consumerProperties(.intake)["queued.max.messages.kbytes"] == "16384")
        #expect(settings.producerProperties()["queue.buffering.max.kbytes"] == "32768")
        settings.kafka["queued.max.messages.kbytes"] = "1024"
        settings.kafka["queue.buffering.max.kbytes"] = "2048"
        #expect(settings.consumerProperties(.intake)["queued.max.messages.kbytes"] == "1024")
        #expect(settings.producerProperties()["queue.buffering.max.kbytes"] == "2048")
    }

    @Test("the largest record finds room in the producer's queue, or nothing starts")
    func queueAndRecordSize() throws {
        var settings = try PipelineSettings.forTests()
        settings.kafka["message.max.bytes"] = "100000000"
        #expect(settings.producerProperties()["queue.buffering.max.kbytes"] == "97657")
        settings.kafka["queue.buffering.max.kbytes"] = "32768"
        let error = #expect(throws: PipelineError.self) { try StartUpChecks(settings: settings, hops: [.enricher]).run() }
        #expect(error?.code == .badSetting)
        #expect(error?.message.contains("queue.buffering.max.kbytes (32768)") == true)
    }

    @Test(
        "a delivery ends before the membership and the flush do, or nothing starts",
        arguments: [("0", "above 0"), ("-1", "above 0"), ("45000", "session.timeout.ms"), ("40000", "flush_timeout_seconds")])
    func messageTimeout(value: String, named: String) throws {
        var settings = try PipelineSettings.forTests()
        settings.kafka["message.timeout.ms"] = value
        let error = #expect(throws: PipelineError.self) {
            try StartUpChecks(settings: settings, hops: [.enricher]).run()
        }
        #expect(error?.code == .badSetting)
        #expect(error?.message.contains(named) == true)
    }

    /// An error of librdkafka's with the name of another: the type cannot be made outside of its module.
    private func error(_ name: String, isFatal: Bool = false) throws -> KafkaError {
        var error = try #require(throws: KafkaError.self) { _ = try Consumer(properties: ["no.such.property": "1"]) }
        error.name = name
        error.isFatal = isFatal
        return error
    }

    @Test(
        "trouble that is only reported ends nothing, because librdkafka goes on trying",
        arguments: ["_SSL", "_AUTHENTICATION", "_TRANSPORT", "_ALL_BROKERS_DOWN", "SASL_AUTHENTICATION_FAILED", "_RESOLVE"])
    func passingTrouble(name: String) throws {
        #expect(PortFailure(outOfBand: try error(name)) == nil)
    }

    @Test(
        "a missing right, a missing topic and a broken client end the worker",
        arguments: ["TOPIC_AUTHORIZATION_FAILED", "GROUP_AUTHORIZATION_FAILED", "UNKNOWN_TOPIC_OR_PART", "_UNKNOWN_TOPIC"])
    func lastingTrouble(name: String) throws {
        #expect(PortFailure(outOfBand: try error(name))?.kind == .fatal)
        #expect(PortFailure(outOfBand: try error("_SSL", isFatal: true))?.kind == .fatal)
    }
}
