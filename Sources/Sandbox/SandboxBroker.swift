import FoundationEssentials
import Glibc
import Kafka

/// Kafka for the sandbox: librdkafka's own broker in a process of its own, with faults on demand.
///
/// It keeps 5 MiB per partition and silently drops older batches, never compacts, and forgets everything when it ends; see
/// `Kafka.MockBroker`. Calls block until the broker has carried them out, usually for less than a millisecond.
public final class SandboxBroker: Sendable {
    /// The address for `bootstrap.servers`.
    public let bootstrap: String
    private let controlPort: Int
    private let process: ChildProcess

    /// Starts a broker and creates topics on it.
    ///
    /// - Parameters:
    ///   - topics: topics to create before it is ready; more can follow by ``createTopic(_:)``.
    ///   - brokers: how many brokers the cluster has, numbered from 1.
    ///   - directory: where its log and its ready file go; must exist.
    ///   - removing: temporary directories to remove if this process ends without having stopped it.
    /// - Throws: ``SandboxError``.
    public init(topics: [SandboxTopic] = [], brokers: Int = 1, directory: String, removing: [String] = []) throws(SandboxError) {
        let readyFile = "\(directory)/broker.json"
        ReadyFile.clear(readyFile)
        let arguments = ["sandbox-broker", "--ready-file", readyFile, "--brokers", "\(brokers)"]
        process = try ChildProcess(
            RollcallBinary.locate(), arguments + topics.flatMap { ["--topic", $0.argument] }, logFile: "\(directory)/broker.log",
            removing: removing)
        try process.waitUntil(timeoutMs: 20_000) { ReadyFile.exists(readyFile) }
        let address = try ReadyFile.read(readyFile)
        guard let bootstrap = address.bootstrap else { throw .file(path: readyFile, reason: "it names no broker") }
        self.bootstrap = bootstrap
        controlPort = address.port
    }

    /// Creates a topic; an error where it exists.
    public func createTopic(_ topic: SandboxTopic) throws(SandboxError) {
        try order(.createTopic(name: topic.name, partitions: topic.partitions))
    }

    /// Cuts all connections of a broker and refuses new ones.
    public func setDown(broker: Int = 1) throws(SandboxError) { try order(.setDown(broker: broker)) }

    /// Lets a broker take connections again.
    public func setUp(broker: Int = 1) throws(SandboxError) { try order(.setUp(broker: broker)) }

    /// Delays each answer of a broker.
    public func setRoundTrip(broker: Int = 1, milliseconds: Int) throws(SandboxError) {
        try order(.setRoundTrip(broker: broker, milliseconds: milliseconds))
    }

    /// Moves a partition's leadership, or takes it away.
    public func setLeader(of partition: TopicPartition, broker: Int?) throws(SandboxError) {
        try order(.setLeader(topic: partition.topic, partition: partition.partition, broker: broker))
    }

    /// Makes that broker the coordinator of a group.
    public func setCoordinator(ofGroup group: String, broker: Int) throws(SandboxError) {
        try order(.setCoordinator(group: group, broker: broker))
    }

    /// The next requests of that kind are answered with these errors, one each.
    public func push(_ faults: [MockBroker.Fault], for request: MockBroker.APIKey) throws(SandboxError) {
        try order(.pushFaults(request: request.rawValue, faults: faults.map(\.rawValue)))
    }

    /// Takes back the faults that have not been answered with yet.
    public func clearFaults(for request: MockBroker.APIKey) throws(SandboxError) {
        try order(.clearFaults(request: request.rawValue))
    }

    /// Requests about this topic are answered with that error until it is set to `nil`.
    public func setTopicFault(_ topic: String, _ fault: MockBroker.Fault?) throws(SandboxError) {
        try order(.setTopicFault(topic: topic, fault: fault?.rawValue))
    }

    /// Whether the broker's process runs.
    public var isRunning: Bool { process.isRunning }

    /// Stops the broker from doing anything, without closing its connections, until ``resume()``.
    public func pause() { process.send(signal: SIGSTOP) }

    /// Lets a paused broker go on.
    public func resume() { process.send(signal: SIGCONT) }

    /// Ends the broker; its topics are gone.
    public func stop() { process.terminate(graceMs: 1_000) }

    private func order(_ order: BrokerOrder) throws(SandboxError) {
        let body: Data
        do {
            body = try JSONEncoder().encode(order)
        } catch {
            throw .control(address: "sandbox-broker", reason: "\(error)")
        }
        try LoopbackRequest(port: controlPort, method: "POST", path: "/orders", body: Array(body)).sendExpectingSuccess()
    }
}
