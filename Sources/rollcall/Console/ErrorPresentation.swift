import Domain
import Ledger

/// What an error becomes for the person at the terminal: lines of "what, where, what to do", and how the process ends.
struct ErrorPresentation {
    var lines: [String]
    var status: ExitStatus

    init(_ error: any Error) {
        switch error {
        case let error as SettingsError:
            lines = error.problems.map(\.description)
            status = .usage
        case let error as OutputClosed:
            lines = error.isBrokenPipe ? [] : ["rollcall: \(error)"]
            status = .error
        case let error as CommandError:
            lines = ["rollcall: \(error)"]
            status = error.status
        case let error as LedgerError:
            lines = ["rollcall: \(error)"]
            status = error.code == .locked ? .locked : .error
        default:
            lines = ["rollcall: \(error)"]
            status = .error
        }
    }
}

/// An error that a command itself found.
struct CommandError: Error, CustomStringConvertible {
    var description: String
    var status: ExitStatus

    init(_ description: String, status: ExitStatus = .error) {
        self.description = description
        self.status = status
    }
}

extension UserIDKind {
    /// The id that an argument of the command line names; one that cannot be an id is a mistake in the call.
    func argument(_ text: String) throws(CommandError) -> UserID {
        do {
            return try parse(text)
        } catch {
            throw CommandError(error.description, status: .usage)
        }
    }
}
