import ArgumentParser
import Foundation
import Sandbox
import Testing

@testable import rollcall

@Suite("What shells and man(1) know of the commands is what the commands say")
struct ShellHelpTests {
    private static let directory = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent().appendingPathComponent("scripts/shell")

    private static let completions: [(name: String, shell: CompletionShell)] = [
        ("rollcall.bash", .bash), ("_rollcall", .zsh), ("rollcall.fish", .fish),
    ]

    /// Like the help texts, they are written anew by `ROLLCALL_WRITE_HELP=1 swift test --filter HelpTests`.
    private func check(_ name: String, _ text: String) throws {
        let file = Self.directory.appendingPathComponent(name)
        if ProcessInfo.processInfo.environment["ROLLCALL_WRITE_HELP"] != nil {
            try FileManager.default.createDirectory(at: Self.directory, withIntermediateDirectories: true)
            try Data(text.utf8).write(to: file)
        }
        #expect(try String(contentsOf: file, encoding: .utf8) == text, "\(name) is out of date")
    }

    @Test("The completions of bash, zsh and fish")
    func completions() throws {
        for completion in Self.completions {
            try check(completion.name, Rollcall.completionScript(for: completion.shell) + "\n")
        }
    }

    @Test("The manual page, which shows every command, option and example")
    func manual() throws {
        let text = try ManualPage().text
        try check("rollcall.1", text)
        for command in CommandNode.root.all where command.children.isEmpty {
            #expect(text.contains(".SS \(command.words.joined(separator: " ")) "), "\(command.words)")
            for example in Examples.of(command.words) {
                #expect(text.contains(example.call.replacing("-", with: "\\-")), "\(example.call)")
            }
        }
        for line in text.split(separator: "\n") where line.hasPrefix(".") {
            #expect([".TH", ".SH", ".SS", ".TP", ".PP", ".RS", ".RE", ".B"].contains { line.hasPrefix($0) }, "\(line)")
        }
        #expect(!text.contains("sandbox"), "hidden commands stay hidden")
    }

    @Test("bash itself completes a command, a nested one and an option with the generated script")
    func bash() throws {
        let script = Self.directory.appendingPathComponent("rollcall.bash").path
        func complete(_ words: String...) throws -> Set<String> {
            let process = Process()
            process.executableURL = URL(fileURLWithPath: "/bin/bash")
            let list = words.map { "'\($0)'" }.joined(separator: " ")
            process.arguments = [
                "--norc", "-c",
                "source \(script); COMP_WORDS=(\(list)); COMP_CWORD=\(words.count - 1); COMP_LINE=\"${COMP_WORDS[*]}\"; "
                    // As bash calls it: the command, the word to complete, the word before it.
                    + "COMP_POINT=${#COMP_LINE}; _rollcall rollcall '\(words.last ?? "")' '\(words.dropLast().last ?? "")'; "
                    + "printf '%s\\n' \"${COMPREPLY[@]}\"",
            ]
            let output = Pipe()
            process.standardOutput = output
            process.standardError = FileHandle.nullDevice
            try process.run()
            let bytes = output.fileHandleForReading.readDataToEndOfFile()
            process.waitUntilExit()
            return Set(String(decoding: bytes, as: UTF8.self).split(separator: "\n").map(String.init))
        }
        #expect(try complete("rollcall", "verif") == ["verify"])
        #expect(try complete("rollcall", "ledger", "re") == ["rebuild"])
        #expect(try complete("rollcall", "verify", "--note").isEmpty)
        #expect(try complete("rollcall", "verify", "--noti") == ["--notify"])
    }

    @Test(
        "A word that is no command gets the one that was probably meant",
        arguments: [
            (["verfy"], "'rollcall verify'"), (["ledger", "chek"], "'rollcall ledger check'"),
            (["reports", "show"], "'rollcall report'"), (["stat"], "'rollcall ledger stat'"),
            (["check"], "'rollcall ledger check' or 'rollcall config check'"), (["verify", "--quite"], "'--quiet'"),
            (["xyzzy"], nil), (["verify", "surplus"], nil),
        ])
    func suggestions(words: [String], meant: String?) throws {
        let directory = try TemporaryDirectory()
        let result = try Binary.run(words, in: directory.path)
        #expect(result.status == 64)
        #expect(result.output == "")
        if let meant {
            #expect(result.errors.contains("Did you mean \(meant)?"), "\(result.errors)")
        } else {
            #expect(!result.errors.contains("Did you mean"), "\(result.errors)")
        }
        #expect(result.errors.contains("Usage: "))
    }

    @Test("--help ends with examples, on standard output, wherever it stands")
    func help() throws {
        let directory = try TemporaryDirectory()
        for words in [["ledger", "check", "--help"], ["help", "ledger", "check"]] {
            let result = try Binary.run(words, in: directory.path)
            #expect(result.status == 0)
            #expect(result.errors == "")
            #expect(result.output.hasSuffix("      exit 0 if the ledger can be trusted\n"), "\(result.output)")
        }
        #expect(try Binary.run(["--version"], in: directory.path).output.contains("EXAMPLES") == false)
    }
}
