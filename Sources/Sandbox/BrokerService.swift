import FlyingFox
import Foundation
import Kafka

/// The broker's own process: librdkafka's broker, and an HTTP endpoint that takes orders.
public enum BrokerService {
    /// Starts a broker with these topics, writes where it is to `readyFile`, and serves until the process ends.
    ///
    /// - Parameters:
    ///   - topics: topics to create, with their partition counts.
    ///   - brokers: how many brokers the cluster has.
    ///   - readyFile: is written once the topics exist: `{"bootstrap":"127.0.0.1:41234","port":39211}`.
    public static func run(topics: [SandboxTopic], brokers: Int, readyFile: String) async throws {
        let owner = try BrokerOwner(brokers: brokers)
        for topic in topics {
            try await owner.apply(.createTopic(name: topic.name, partitions: topic.partitions))
        }
        let control = try await ControlServer.start(handler: BrokerControl(owner: owner))
        try ReadyFile.write(.init(port: control.port, bootstrap: owner.bootstrap), to: readyFile)
        try await control.serving.value
    }
}

/// Keeps the broker to one caller at a time; its calls take microseconds, so they may run here.
private actor BrokerOwner {
    private let broker: MockBroker
    let bootstrap: String

    init(brokers: Int) throws {
        broker = try MockBroker(brokers: brokers)
        bootstrap = broker.bootstrap
    }

    func apply(_ order: BrokerOrder) throws {
        try order.apply(to: broker)
    }
}

private struct BrokerControl: HTTPHandler {
    let owner: BrokerOwner

    func handleRequest(_ request: HTTPRequest) async throws -> HTTPResponse {
        guard request.method == .POST, request.path == "/orders" else {
            return ControlServer.refusal(.notFound, "the broker knows POST /orders")
        }
        do {
            try await owner.apply(JSONDecoder().decode(BrokerOrder.self, from: await request.bodyData))
            return HTTPResponse(statusCode: .noContent)
        } catch {
            return ControlServer.refusal(.badRequest, "\(error)")
        }
    }
}
