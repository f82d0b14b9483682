import Kafka

/// What the supervisor may ask of the broker's process: the body of `POST /orders`, as JSON.
enum BrokerOrder: Codable, Equatable {
    case createTopic(name: String, partitions: Int)
    case setDown(broker: Int)
    case setUp(broker: Int)
    case setRoundTrip(broker: Int, milliseconds: Int)
    /// No broker leaves the partition without a leader.
    case setLeader(topic: String, partition: Int32, broker: Int?)
    case setCoordinator(group: String, broker: Int)
    /// Fault and request as numbers of Kafka's protocol.
    case pushFaults(request: Int16, faults: [Int32])
    case clearFaults(request: Int16)
    /// No fault ends the one that was set.
    case setTopicFault(topic: String, fault: Int32?)

    /// Carries the order out.
    func apply(to broker: MockBroker) throws {
        switch self {
        case .createTopic(let name, let partitions): try broker.createTopic(name, partitions: partitions)
        case .setDown(let number): try broker.setDown(broker: number)
        case .setUp(let number): try broker.setUp(broker: number)
        case .setRoundTrip(let number, let milliseconds):
            try broker.setRoundTrip(broker: number, milliseconds: milliseconds)
        case .setLeader(let topic, let partition, let number):
            try broker.setLeader(of: TopicPartition(topic, partition), broker: number)
        case .setCoordinator(let group, let number): try broker.setCoordinator(ofGroup: group, broker: number)
        case .pushFaults(let request, let faults):
            try broker.push(faults.compactMap(MockBroker.Fault.init(rawValue:)), for: Self.key(request))
        case .clearFaults(let request): try broker.clearFaults(for: Self.key(request))
        case .setTopicFault(let topic, let fault):
            try broker.setTopicFault(topic, fault.flatMap(MockBroker.Fault.init(rawValue:)))
        }
    }

    private static func key(_ number: Int16) throws(SandboxError) -> MockBroker.APIKey {
        guard let key = MockBroker.APIKey(rawValue: number) else {
            throw .control(address: "sandbox-broker", reason: "no faults can be pushed for request \(number)")
        }
        return key
    }
}
