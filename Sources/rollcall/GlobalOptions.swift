import ArgumentParser
import Glibc
import Logging
import Report

/// The options that every command has.
struct GlobalOptions: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "The settings file. ROLLCALL_CONFIG in the environment says the same. (default: rollcall.yaml)", valueName: "file"))
    var config: String?

    @Option(
        name: .customLong("set"),
        help: ArgumentHelp(
            "Sets one key for this call, as in --set kafka.bootstrap=localhost:9092; repeatable. Not for secrets.",
            valueName: "key=value"))
    var assignments: [String] = []

    @Flag(help: "Results as JSON on standard output.")
    var json = false

    @Flag(help: "No progress and no notes, only results, warnings and errors.")
    var quiet = false

    @Flag(help: "No colours. NO_COLOR in the environment says the same.")
    var noColor = false

    func validate() throws {
        for assignment in assignments where !assignment.contains("=") || assignment.hasPrefix("=") {
            throw ValidationError("--set \(assignment): has to be key=value, as in --set kafka.bootstrap=localhost:9092")
        }
    }

    /// Loads the settings and puts console and log in order accordingly.
    ///
    /// - Parameters:
    ///   - needs: The areas that the command cannot do without.
    ///   - overrides: What its own flags say; nil entries were not given.
    func prepare(needs: Set<SettingsArea>, overrides: [SettingOverride?] = []) throws -> EffectiveSettings {
        let environment = ProcessEnvironment.variables
        prepareConsole()
        let settings = try loader(environment: environment, needs: needs, overrides: overrides).load()
        for warning in settings.warnings { Console.shared.complain("rollcall: warning: \(warning)") }
        let configured = Logger.Level(rawValue: try settings.value(EffectiveSettings.keys.log.level)) ?? .info
        ConsoleLog.bootstrap(level: quiet ? max(configured, .warning) : configured)
        return settings
    }

    /// Puts the console in order, for a command without settings.
    func prepareConsole() {
        Console.shared.configure(colour: !noColor && (ProcessEnvironment.variables["NO_COLOR"] ?? "").isEmpty, quiet: quiet)
    }

    /// The commands that a report suggests, with the options that lead to the same settings.
    var commands: Commands {
        var options: [String] = []
        if let file = file(ProcessEnvironment.variables) { options += ["--config", file] }
        for assignment in assignments { options += ["--set", assignment] }
        return Commands(globalOptions: options)
    }

    private func file(_ environment: [String: String]) -> String? {
        config ?? environment["ROLLCALL_CONFIG"].flatMap { $0.isEmpty ? nil : $0 }
    }

    private func loader(
        environment: [String: String], needs: Set<SettingsArea>, overrides: [SettingOverride?]
    ) -> SettingsLoader {
        let assigned = assignments.map { assignment in
            let parts = assignment.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            return SettingOverride(path: String(parts[0]), text: String(parts[1]), spelling: "--set")
        }
        return SettingsLoader(
            file: file(environment), environment: environment, overrides: assigned + overrides.compactMap { $0 }, needs: needs)
    }
}

extension SettingOverride {
    /// An override by a command's own flag; nil where the flag was not given.
    static func flag(_ spelling: String, _ path: String, _ text: String?) -> SettingOverride? {
        text.map { SettingOverride(path: path, text: $0, spelling: spelling) }
    }
}

/// The environment of this process.
enum ProcessEnvironment {
    static var variables: [String: String] {
        var variables: [String: String] = [:]
        var next = environ
        while let entry = next.pointee {
            let text = String(cString: entry)
            if let equals = text.firstIndex(of: "=") {
                variables[String(text[..<equals])] = String(text[text.index(after: equals)...])
            }
            next += 1
        }
        return variables
    }
}
