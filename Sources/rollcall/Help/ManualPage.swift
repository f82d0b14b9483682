import ArgumentParser
import Domain

/// The manual page `rollcall(1)`, made from what the commands say of themselves. No date stands in it, so it is the same as
/// long as they say the same.
struct ManualPage {
    private let root: JSONValue

    /// - Throws: where ArgumentParser's own description of the commands cannot be read.
    init() throws {
        root = try JSONValue(parsing: Array(Rollcall._dumpHelp().utf8))["command"] ?? .null
    }

    /// In the `man` macros of roff, as man(7) describes them.
    var text: String {
        var lines = [
            #".TH ROLLCALL 1 "" "rollcall \#(Versions.rollcall)" "User Commands""#,
            ".SH NAME", #"rollcall \- proves that every user made it across"#,
            ".SH SYNOPSIS", #".B rollcall"#, #"[\fIoptions\fR] \fIcommand\fR [\fIarguments\fR]"#,
            ".SH DESCRIPTION", Self.escaped(root["discussion"]?.text ?? ""),
            ".SH OPTIONS", "These stand before or behind the name of any command.",
        ]
        let global = Self.arguments(root)
        lines += global.flatMap(Self.lines)
        lines += [".SH COMMANDS"]
        lines += commands(root, ["rollcall"], hiding: Set(global.map(Self.spelling)))
        lines += Self.closing
        return lines.joined(separator: "\n") + "\n"
    }

    private func commands(_ parent: JSONValue, _ words: [String], hiding global: Set<String>) -> [String] {
        Self.array(parent["subcommands"]).flatMap { command -> [String] in
            guard command["shouldDisplay"] != false, let name = command["commandName"]?.text, name != "help" else { return [] }
            let path = words + [name]
            let own = Self.arguments(command).filter { !global.contains(Self.spelling($0)) }
            let isGroup = Self.array(command["subcommands"]).contains { $0["commandName"]?.text != "help" }
            if isGroup { return commands(command, path, hiding: global) }
            let synopsis = own.map(Self.usage).joined(separator: " ")
            var lines = [
                ".SS \(Self.escaped(path.joined(separator: " "))) \(synopsis)", Self.escaped(command["abstract"]?.text ?? ""),
            ]
            if let discussion = command["discussion"]?.text { lines += [".PP", Self.escaped(discussion)] }
            lines += own.flatMap(Self.lines)
            for example in Examples.of(path) {
                lines += [".PP", #"\fB\#(Self.escaped(example.call))\fR"#, ".RS", Self.escaped(example.purpose), ".RE"]
            }
            return lines
        }
    }

    // MARK: - Arguments

    private static func array(_ value: JSONValue?) -> [JSONValue] {
        if case .array(let items)? = value { items } else { [] }
    }

    private static func arguments(_ command: JSONValue) -> [JSONValue] {
        array(command["arguments"]).filter { argument in
            let name = argument["preferredName"]?["name"]?.text
            return argument["shouldDisplay"] != false && name != "version" && name != "help"
        }
    }

    private static func spelling(_ argument: JSONValue) -> String {
        argument["preferredName"]?["name"]?.text.map { "--" + $0 } ?? "<\(argument["valueName"]?.text ?? "")>"
    }

    private static func named(_ argument: JSONValue) -> String {
        let value = #"\fI\#(escaped(argument["valueName"]?.text ?? ""))\fR"#
        guard let name = argument["preferredName"]?["name"]?.text else { return value }
        let option = #"\fB\#(escaped("--" + name))\fR"#
        return argument["kind"]?.text == "option" ? option + " " + value : option
    }

    private static func usage(_ argument: JSONValue) -> String {
        let text = named(argument) + (argument["isRepeating"] == true ? " ..." : "")
        return argument["isOptional"] == true ? "[\(text)]" : text
    }

    private static func lines(_ argument: JSONValue) -> [String] {
        var text = argument["abstract"]?.text ?? ""
        if let value = argument["defaultValue"]?.text { text += " (default: \(value))" }
        return [".TP", named(argument), escaped(text)]
    }

    /// Backslashes and hyphens mean something to roff; so do dots and apostrophes at the beginning of a line.
    private static func escaped(_ text: String) -> String {
        let safe = text.replacing("\\", with: "\\e").replacing("-", with: "\\-")
        return safe.split(separator: "\n", omittingEmptySubsequences: false).map { line in
            line.isEmpty ? ".PP" : line.hasPrefix(".") || line.hasPrefix("'") ? "\\&" + line : String(line)
        }.joined(separator: "\n")
    }

    // MARK: - What no command says

    private static let closing: [String] = {
        let exits = [
            ("0", "clean and complete"), ("1", "differences are confirmed, complete or not"),
            ("2", "error: the run could not be done, or is void"),
            ("3", "incomplete: something could not be checked in time, and no difference is confirmed"),
            ("4", "another run, or a pipeline, holds a file; the message names it"), ("64", "usage or settings are wrong"),
            ("130, 143", "interrupted or terminated, after an orderly end"),
        ]
        let variables = [
            ("ROLLCALL_CONFIG", "the settings file, like --config"),
            ("ROLLCALL_SOURCE_MYSQL_PORT and the like", "each setting; they come before the file, and behind flags"),
            ("NO_COLOR", "no colours"), ("TMPDIR", "where what does not fit into the memory budget goes"),
        ]
        let files = [
            ("rollcall.yaml", "the settings; `rollcall config example` explains each key"),
            ("ledger.sqlite, parked.sqlite", "what was produced, and what could not be"),
            ("reports/", "one directory per run, `latest`, and history.sqlite"),
        ]
        func list(_ heading: String, _ entries: [(String, String)]) -> [String] {
            [".SH \(heading)"] + entries.flatMap { [".TP", #"\fB\#(escaped($0.0))\fR"#, escaped($0.1)] }
        }
        return list("EXIT STATUS", exits) + list("ENVIRONMENT", variables) + list("FILES", files)
    }()
}

/// `rollcall manual`: writes the manual page to standard output; packagers call it.
struct ManualCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "manual", abstract: "Writes the manual page to standard output.", shouldDisplay: false)

    func run() throws {
        try Console.shared.output(try ManualPage().text)
    }
}
