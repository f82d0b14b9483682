import ArgumentParser
import Domain

/// `rollcall config`
struct ConfigCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "config",
        abstract: "The effective settings, and where each came from.",
        discussion: """
            Command line comes before environment, environment before file, file before default. The key source.mysql.port is \
            ROLLCALL_SOURCE_MYSQL_PORT in the environment. `config example` documents every key.
            """,
        subcommands: [ConfigCheckCommand.self, ConfigShowCommand.self, ConfigExampleCommand.self])

    @OptionGroup var global: GlobalOptions
}

/// `rollcall config check`
struct ConfigCheckCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "check",
        abstract: "Checks the settings without connecting to anything.",
        discussion: "Exits 0 when they are fine, and 64 after listing everything that is wrong.")

    @OptionGroup var global: GlobalOptions

    func run() throws {
        do {
            let settings = try global.prepare(needs: Set(SettingsArea.allCases))
            if global.json {
                try Console.shared.output(["ok": true, "file": .string(settings.file), "problems": []])
            } else {
                try Console.shared.output("\(settings.file ?? "settings"): ok\n")
            }
        } catch let error as SettingsError where global.json {
            try Console.shared.output(["ok": false, "problems": .array(error.problems.map(\.json))])
            throw ExitCode(ExitStatus.usage.rawValue)
        }
    }
}

/// `rollcall config show`
struct ConfigShowCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "show",
        abstract: "Prints every setting with its value and origin; secrets are redacted.")

    @OptionGroup var global: GlobalOptions

    func run() throws {
        let listing = SettingsListing(try global.prepare(needs: []))
        if global.json {
            try Console.shared.output(listing.json)
        } else {
            try Console.shared.output(listing.text)
        }
    }
}

/// `rollcall config example`
struct ConfigExampleCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "example",
        abstract: "Prints a documented settings file to start from.",
        discussion: "rollcall config example > rollcall.yaml")

    func run() throws {
        try Console.shared.output(SettingsExample.text)
    }
}

extension SettingsProblem {
    /// `{"origin": "rollcall.yaml:12:3", "key": "source.qery", "message": "…"}`
    var json: JSONValue {
        ["origin": .string(origin.description), "key": .string(key), "message": .string(message)]
    }
}
