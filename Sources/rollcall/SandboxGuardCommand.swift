import ArgumentParser
import Sandbox

/// Starts one program of the sandbox and sees to its end; the sandbox calls it, people do not.
struct SandboxGuardCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "sandbox-guard",
        abstract: "Runs a command that ends with the process that started it.",
        shouldDisplay: false)

    @Argument(parsing: .captureForPassthrough)
    var arguments: [String] = []

    func run() throws {
        throw ExitCode(Guard.run(arguments: arguments))
    }
}
