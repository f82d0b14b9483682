import ArgumentParser
import Sandbox

/// Runs the sandbox's mapping service; the sandbox calls it, people do not.
struct SandboxMappingCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "sandbox-mapping",
        abstract: "Runs a mapping service with faults on demand until it is told to end.",
        shouldDisplay: false)

    @Option(help: "Where to write the service's port once it is ready.")
    var readyFile: String

    func run() {
        let readyFile = readyFile
        ServiceProcess.run { try await MappingService.run(readyFile: readyFile) }
    }
}
