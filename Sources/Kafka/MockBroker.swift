import CRDKafka

/// librdkafka's own broker, in this process: the real protocol over loopback, and faults on demand. Test equipment.
///
/// What it does not do like Kafka: it keeps 5 MiB per partition and silently drops older batches, never compacts, answers a fetch with one
/// batch per partition, shows aborted transactions, and knows neither CreateTopics nor DescribeConfigs. A topic that
/// a client so much as asks for is created, with `defaultPartitionCount` partitions.
///
/// A group's first member waits 3 s for others (like `group.initial.rebalance.delay.ms`), and every later rebalance lasts the
/// session timeout less one second. Sessions end meanwhile, as Kafka's would not: a member whose session is over while it waits is forgotten,
/// and its request never answered, so that it waits for five minutes. `recommendedConsumerProperties` shortens what can be shortened.
public final class MockBroker {
    private let client: ClientHandle
    private let cluster: OpaquePointer
    /// The addresses of the brokers, as `bootstrap.servers` wants them.
    public let bootstrap: String

    /// Requests that faults can be pushed for, by their number in Kafka's protocol.
    public enum APIKey: Int16, Sendable, CaseIterable {
        case produce = 0
        case fetch = 1
        case listOffsets = 2
        case metadata = 3
        case offsetCommit = 8
        case offsetFetch = 9
        case findCoordinator = 10
        case joinGroup = 11
        case heartbeat = 12
        case leaveGroup = 13
        case syncGroup = 14
        case initProducerID = 22
    }

    /// Errors that brokers answer with, by their number in Kafka's protocol.
    public enum Fault: Int32, Sendable, CaseIterable {
        /// The connection is cut in the place of an answer.
        case disconnect = -195
        case offsetOutOfRange = 1
        case corruptMessage = 2
        case unknownTopicOrPartition = 3
        case leaderNotAvailable = 5
        case notLeaderForPartition = 6
        case requestTimedOut = 7
        case messageTooLarge = 10
        case coordinatorLoadInProgress = 14
        case coordinatorNotAvailable = 15
        case notCoordinator = 16
        case notEnoughReplicas = 19
        case illegalGeneration = 22
        case unknownMember = 25
        case rebalanceInProgress = 27
        case topicAuthorizationFailed = 29
    }

    /// How long a group's first member waits for others; librdkafka 2.0 offers no way to change it.
    public static let firstMemberWaitMs = 3_000

    /// Properties for consumers of this broker that would rather not wait: a group rebalances in about three seconds, and the end of a
    /// partition is seen at once, not after half a second. Sessions last a second longer than anybody waits to join.
    public static let recommendedConsumerProperties: Properties = [
        "session.timeout.ms": "4000", "heartbeat.interval.ms": "200", "fetch.wait.max.ms": "50",
    ]

    /// How many partitions a topic has that a client created by using it.
    public static let defaultPartitionCount = 4

    /// Starts that many brokers, numbered from 1.
    public init(brokers: Int = 1) throws(KafkaError) {
        client = try ClientHandle(.producer, properties: ["client.id": "mock-broker"], onLog: nil)
        guard let cluster = rd_kafka_mock_cluster_new(try client.open(), Int32(clamping: brokers)) else {
            throw KafkaError(code: RD_KAFKA_RESP_ERR__CRIT_SYS_RESOURCE, message: "could not start \(brokers) mock brokers")
        }
        self.cluster = cluster
        bootstrap = String(cString: rd_kafka_mock_cluster_bootstraps(cluster))
        Self.answerAtOnce(onPorts: Set(bootstrap.split(separator: ",").compactMap { UInt16($0.drop { $0 != ":" }.dropFirst()) }))
    }

    deinit { close() }

    /// Stops the brokers and forgets all topics. Calls after the first do nothing.
    public func close() {
        guard client.isOpen else { return }
        rd_kafka_mock_cluster_destroy(cluster)
        client.destroy()
    }

    /// Makes a topic. Throws where it exists.
    public func createTopic(_ name: String, partitions: Int, replication: Int = 1) throws(KafkaError) {
        let cluster = try open()
        let code = rd_kafka_mock_topic_create(cluster, name, Int32(clamping: partitions), Int32(clamping: replication))
        try check(code, "create topic \(name)")
    }

    // MARK: - Faults

    /// The next requests of that kind are answered with these errors, one each.
    public func push(_ faults: [Fault], for request: APIKey) throws(KafkaError) {
        let cluster = try open()
        let codes = faults.map { rd_kafka_resp_err_t($0.rawValue) }
        rd_kafka_mock_push_request_errors_array(cluster, request.rawValue, codes.count, codes)
    }

    /// Takes back the faults that have not been answered with yet.
    public func clearFaults(for request: APIKey) throws(KafkaError) {
        rd_kafka_mock_clear_request_errors(try open(), request.rawValue)
    }

    /// Requests about this topic are answered with that error until it is set to nil.
    public func setTopicFault(_ topic: String, _ fault: Fault?) throws(KafkaError) {
        let code = fault.map { rd_kafka_resp_err_t($0.rawValue) } ?? RD_KAFKA_RESP_ERR_NO_ERROR
        rd_kafka_mock_topic_set_error(try open(), topic, code)
    }

    /// Cuts all connections of a broker and refuses new ones.
    public func setDown(broker: Int) throws(KafkaError) {
        try check(rd_kafka_mock_broker_set_down(try open(), Int32(clamping: broker)), "set broker \(broker) down")
    }

    /// Lets a broker take connections again.
    public func setUp(broker: Int) throws(KafkaError) {
        try check(rd_kafka_mock_broker_set_up(try open(), Int32(clamping: broker)), "set broker \(broker) up")
    }

    /// Delays each answer of a broker.
    public func setRoundTrip(broker: Int, milliseconds: Int) throws(KafkaError) {
        let code = rd_kafka_mock_broker_set_rtt(try open(), Int32(clamping: broker), Int32(clamping: milliseconds))
        try check(code, "set the round trip of broker \(broker)")
    }

    /// Moves a partition to another leader; nil leaves it without one.
    public func setLeader(of partition: TopicPartition, broker: Int?) throws(KafkaError) {
        let code = rd_kafka_mock_partition_set_leader(
            try open(), partition.topic, partition.partition, broker.map { Int32(clamping: $0) } ?? -1)
        try check(code, "set the leader of \(partition)")
    }

    /// Makes a broker the coordinator of a group.
    public func setCoordinator(ofGroup group: String, broker: Int) throws(KafkaError) {
        let code = rd_kafka_mock_coordinator_set(try open(), "group", group, Int32(clamping: broker))
        try check(code, "set the coordinator of group \(group)")
    }

    private func open() throws(KafkaError) -> OpaquePointer {
        guard client.isOpen else { throw .closed("mock broker") }
        return cluster
    }

    private func check(_ code: rd_kafka_resp_err_t, _ action: String) throws(KafkaError) {
        guard code == RD_KAFKA_RESP_ERR_NO_ERROR else { throw KafkaError(code: code, doing: action) }
    }
}
