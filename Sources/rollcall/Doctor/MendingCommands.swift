import Report

/// Completes the commands that checks advise, so that they can be copied: checks name a command, and do not know with which
/// options it reaches this system.
struct MendingCommands: Sendable {
    var bootstrap: String
    var commands: Commands

    private static let kafkaTools = ["kafka-configs.sh", "kafka-topics.sh", "kafka-consumer-groups.sh"]
    private static let ownCommands = [
        "rollcall config show", "rollcall connector apply", "rollcall connector status", "rollcall ledger check",
        "rollcall ledger rebuild", "rollcall parked list", "rollcall parked retry", "rollcall repair", "rollcall replay",
        "rollcall stream", "rollcall verify",
    ]

    func complete(_ mend: String) -> String {
        var text = mend
        for tool in Self.kafkaTools {
            text = text.replacing(tool, with: "\(tool) --bootstrap-server \(bootstrap)")
        }
        let options = commands.verify.dropFirst("rollcall verify".count)
        guard !options.isEmpty else { return text }
        for command in Self.ownCommands { text = text.replacing(command, with: command + options) }
        return text
    }
}

extension DoctorReport {
    /// The same report with commands that can be copied.
    func completing(_ commands: MendingCommands) -> DoctorReport {
        var report = self
        for section in report.sections.indices {
            for check in report.sections[section].checks.indices {
                let mend = report.sections[section].checks[check].mend
                report.sections[section].checks[check].mend = mend.map(commands.complete)
            }
        }
        return report
    }
}
