import ArgumentParser
import Domain
import Foundation
import Reconcile
import Report
import Sandbox

/// `rollcall demo`
struct DemoCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "demo",
        abstract: "The whole story on the embedded stack, in one command.",
        discussion: """
            Starts a private MariaDB, the real Debezium engine, a broker and a mapping service; streams users while they change; \
            verifies; breaks things as they break in life; verifies, repairs, and verifies again. \
            Exits 0 only if every act came out as planted. Needs what `scripts/setup` installs.
            """)

    @Option(parsing: .unconditional, help: ArgumentHelp("How many users to load.", valueName: "count"))
    var users = 2_000

    @Flag(help: "Leaves the stack up afterwards, with the settings file for the other commands, until Ctrl-C.")
    var keep = false

    @Option(help: ArgumentHelp("Where everything goes; a new temporary directory otherwise.", valueName: "directory"))
    var directory: String?

    @OptionGroup var global: GlobalOptions

    func validate() throws {
        // Below that, the acts would run out of users whom nobody else touches.
        guard users >= 100, users <= 1_000_000 else { throw ValidationError("--users takes 100 to 1000000") }
    }

    func run() throws {
        global.prepareConsole()
        StopSignals.install()
        let json = global.json
        let story = DemoStory(users: users) { act in
            if !json { try? Console.shared.output(Self.line(act)) }
        }
        var failure: (any Error)?
        do {
            try story.tell(directory: directory) { part in Console.shared.note("  \(part)") }
        } catch {
            failure = error
        }
        try conclude(story, failure)
        if keep, failure == nil { waitForStop(story) }
        story.end()
        if failure is ReconcileError, let status = StopSignals.exitStatus { throw ExitCode(status.rawValue) }
        if let failure { throw CommandError("\(failure)", status: .error) }
    }

    private static func line(_ act: DemoAct) -> String {
        let time = DemoAct.rounded(act.seconds)
        let name = act.name.padding(toLength: 30, withPad: " ", startingAt: 0)
        let column = String(repeating: " ", count: max(0, 6 - time.count)) + time + " s"
        return "\(act.isAsPlanted ? "ok  " : "FAIL") \(name) \(column)  \(act.line)\n"
    }

    private func conclude(_ story: DemoStory, _ failure: (any Error)?) throws {
        if global.json {
            try Console.shared.output([
                "users": .number(users), "acts": .array(story.acts.map(\.json)),
                "ok": .bool(failure == nil && story.isAsPlanted),
            ])
            return
        }
        guard failure == nil, let files = story.files, let report = story.lastReport else { return }
        var lines = ["", "Every act came out as planted. The last report lies in \(report)"]
        if keep {
            lines += ["The stack stays up until Ctrl-C. In another terminal:"]
            if let directory = Self.directoryToAddToPath { lines += ["  export PATH=\"\(directory):$PATH\""] }
            lines += ["explain 42", "verify", "report show", "ledger stat"].map {
                "  rollcall \($0) --config \(files.settings)"
            }
        } else {
            lines += ["Try next: rollcall demo --keep, to look around in a running stack with the other commands."]
        }
        try Console.shared.output(lines.joined(separator: "\n") + "\n")
    }

    /// Where this program lies, unless a shell finds it under its name already: whoever has just built it has not installed it.
    private static var directoryToAddToPath: String? {
        let program = URL(fileURLWithPath: "/proc/self/exe").resolvingSymlinksInPath()
        let path = ProcessEnvironment.variables["PATH"] ?? ""
        let isFound = path.split(separator: ":").contains { directory in
            URL(fileURLWithPath: "\(directory)/rollcall").resolvingSymlinksInPath() == program
        }
        return isFound ? nil : program.deletingLastPathComponent().path
    }

    private func waitForStop(_ story: DemoStory) {
        while !StopSignals.isStopRequested { Thread.sleep(forTimeInterval: 0.2) }
        Console.shared.note("stopping")
    }
}
