import ArgumentParser
import Glibc

// The fuzzer brings a `main` of its own.
#if !ROLLCALL_FUZZ
@main
#endif
struct Rollcall: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "rollcall",
        abstract: "Proves that every user made it across.",
        discussion: """
            Rollcall moves users from MySQL through Kafka into God objects, writes down each one that it produced, and calls \
            the roll: it names every user who is missing, stale or not supposed to be there.
            """,
        version: Versions.text,
        subcommands: [
            DemoCommand.self, StreamCommand.self, VerifyCommand.self, ReconcileCommand.self, GateCommand.self, ReportCommand.self,
            ExplainCommand.self, RepairCommand.self, ReplayCommand.self, ParkedCommand.self, LedgerCommand.self,
            ForgetCommand.self, DoctorCommand.self,
            ConnectorCommand.self,
            ConfigCommand.self,
            SandboxGuardCommand.self, SandboxBrokerCommand.self, SandboxMappingCommand.self, SandboxCrashCommand.self,
            ManualCommand.self,
        ])

    // Also here, so that global options may stand before the command's name.
    @OptionGroup var global: GlobalOptions

    static func main() {
        // Whatever this process creates, files, directories and sockets, holds ids of users or leads to them.
        umask(0o077)
        do {
            var command = try parseAsRoot()
            try command.run()
        } catch {
            end(with: error)
        }
    }

    /// Says what went wrong, and ends the process as the contract of exit codes has it.
    private static func end(with error: any Error) -> Never {
        switch error {
        case is SettingsError, is CommandError, is OutputClosed:
            end(ErrorPresentation(error))
        case let code as ArgumentParser.ExitCode:
            Glibc.exit(code.rawValue)
        default:
            // Help, version and usage errors are ArgumentParser's own; anything that has no usage text in it is ours.
            if exitCode(for: error) == .failure {
                end(ErrorPresentation(error))
            }
            endWithOwnText(error)
        }
    }

    /// Ends as `exit(withError:)` does, with examples behind a help text, and with what was probably meant behind a usage error.
    private static func endWithOwnText(_ error: any Error) -> Never {
        let (text, code) = (fullMessage(for: error), exitCode(for: error))
        if code.isSuccess {
            // Whoever does not read to the end has no use for an error.
            if !text.isEmpty { try? Console.shared.output(HelpText.complete(text) + "\n") }
        } else if !text.isEmpty {
            Console.shared.complain(HelpText.withSuggestion(text))
        }
        Glibc.exit(code.rawValue)
    }

    private static func end(_ presentation: ErrorPresentation) -> Never {
        Console.shared.live("")
        for line in presentation.lines { Console.shared.complain(line) }
        Glibc.exit(presentation.status.rawValue)
    }
}
