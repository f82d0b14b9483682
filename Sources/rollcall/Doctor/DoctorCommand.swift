import ArgumentParser

/// `rollcall doctor`
struct DoctorCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "doctor",
        abstract: "Checks every precondition, and names the command that mends each one that does not hold.",
        discussion: """
            Reads only; nothing is created or changed anywhere. \
            Exits 0 without a failure, 1 with one, 2 when the check itself could not be done. Warnings and what could not be \
            found out do not count as failures.
            """)

    @Flag(help: "Says also of what is fine why it matters.")
    var explain = false

    @OptionGroup var global: GlobalOptions

    func run() throws {
        let settings = try global.prepare(needs: Examination.areas)
        StopSignals.install()
        let examination = try Examination(settings, commands: global.commands)
        let report = try examination.run { section in
            Console.shared.live("doctor: looking at \(section)")
        }
        Console.shared.live("")
        if global.json {
            try Console.shared.output(report.json)
        } else {
            try Console.shared.output(
                report.text(
                    .init(
                        colours: Console.shared.outputUsesColour, width: Console.shared.width, explainsAll: explain)))
        }
        if report.exitStatus != .success { throw ExitCode(report.exitStatus.rawValue) }
    }
}
