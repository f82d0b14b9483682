import Domain
import HTTP
import Kafka
import Ledger
import MySQL
import Pipeline
import Report
import Source

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
        case let error as ReportError where error.code == .invalidRunID:
            lines = ["rollcall: \(error)"]
            status = .usage
        default:
            let hint = Self.settings(behind: error).map { "; check \($0)" } ?? ""
            lines = ["rollcall: \(error)\(hint)"]
            let isSetting = error is SourceError || (error as? PipelineError)?.code == .badSetting
            status = isSetting ? .usage : .error
        }
    }

    /// The settings that lead to the place which an error is about, where it is about one.
    private static func settings(behind error: any Error) -> String? {
        switch error {
        case let error as MySQLError where error.isConnectionLost: "source.mysql.host, port and socket"
        // 1044, 1045, 1049 and 1698: access denied, to the schema or at all; no such schema; socket authentication only.
        case let error as MySQLError where [1044, 1045, 1049, 1698].contains(error.code):
            "source.mysql.user, password_file and database"
        case let error as KafkaError where ["_TRANSPORT", "_RESOLVE", "_ALL_BROKERS_DOWN", "_TIMED_OUT"].contains(error.name):
            "kafka.bootstrap"
        case let error as KafkaError where ["_AUTHENTICATION", "_SSL", "_INVALID_ARG"].contains(error.name): "kafka.properties"
        case is HTTPError: "mapping.url"
        default: nil
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
