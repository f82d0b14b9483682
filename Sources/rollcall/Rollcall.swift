import ArgumentParser

@main
struct Rollcall: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "rollcall",
        abstract: "Proves that every user made it across.",
        subcommands: [SandboxGuardCommand.self])
}
