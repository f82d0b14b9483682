import ArgumentParser
import Sandbox

/// Runs the sandbox's broker; the sandbox calls it, people do not.
struct SandboxBrokerCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "sandbox-broker",
        abstract: "Runs librdkafka's own broker until it is told to end.",
        shouldDisplay: false)

    @Option(help: "Where to write the broker's address once it is ready.")
    var readyFile: String

    @Option(help: "How many brokers the cluster has.")
    var brokers = 1

    @Option(name: .customLong("topic"), help: "A topic to create, as name:partitions.", transform: readTopic)
    var topics: [SandboxTopic] = []

    func run() {
        let (topics, brokers, readyFile) = (topics, brokers, readyFile)
        ServiceProcess.run { try await BrokerService.run(topics: topics, brokers: brokers, readyFile: readyFile) }
    }
}

private func readTopic(_ argument: String) throws -> SandboxTopic {
    guard let topic = SandboxTopic(argument: argument) else {
        throw ValidationError("'\(argument)' is not of the form name:partitions")
    }
    return topic
}
