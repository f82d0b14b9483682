import ArgumentParser
import Foundation
import Testing

@testable import rollcall

@Suite("Help texts are what was agreed on")
struct HelpTests {
    /// One text per command. To write them anew after a change, run `ROLLCALL_WRITE_HELP=1 swift test --filter HelpTests`, and
    /// read the difference.
    private static let directory = URL(fileURLWithPath: #filePath).deletingLastPathComponent().appendingPathComponent("Help")

    @Test("Each command's help is the text in its file", arguments: Command.visible)
    func matches(command: Command) throws {
        let file = Self.directory.appendingPathComponent(command.fileName)
        let text = command.help + "\n"
        if ProcessInfo.processInfo.environment["ROLLCALL_WRITE_HELP"] != nil {
            try FileManager.default.createDirectory(at: Self.directory, withIntermediateDirectories: true)
            try Data(text.utf8).write(to: file)
        }
        #expect(try String(contentsOf: file, encoding: .utf8) == text)
    }

    @Test("No file is left of a command that is gone")
    func noStrayFiles() throws {
        let files = try FileManager.default.contentsOfDirectory(atPath: Self.directory.path)
        #expect(Set(files) == Set(Command.visible.map(\.fileName)))
    }

    @Test("Each command says what it is in one sentence, and what each option of its own means")
    func documented() {
        for command in Command.visible {
            #expect(command.type.configuration.abstract.hasSuffix("."), "\(command)")
        }
    }

    @Test("Each command's help ends with examples of that command, and each of them is a call that the program understands")
    func examples() throws {
        for command in Command.visible {
            let examples = Examples.of(command.words)
            #expect(!examples.isEmpty, "\(command.testDescription) has none in Examples.swift")
            for example in examples {
                #expect(example.call.hasPrefix(command.words.joined(separator: " ")), "\(example.call)")
                let words = example.call.split(separator: " > ")[0].split(separator: " ").map(String.init)
                #expect(throws: Never.self, "\(example.call)") { try Rollcall.parseAsRoot(Array(words.dropFirst())) }
            }
        }
    }
}

/// A command and the words that call it.
struct Command: Sendable, CustomTestStringConvertible {
    var words: [String]
    var type: any ParsableCommand.Type

    var testDescription: String { words.joined(separator: " ") }
    var fileName: String { words.joined(separator: "-") + ".txt" }
    var help: String { HelpText.complete(Rollcall.helpMessage(for: type, columns: 100)) }

    /// All commands that help shows.
    static let visible: [Command] = tree(["rollcall"], Rollcall.self)

    private static func tree(_ words: [String], _ type: any ParsableCommand.Type) -> [Command] {
        let children = type.configuration.subcommands.filter { $0.configuration.shouldDisplay }
        return [Command(words: words, type: type)]
            + children.flatMap { tree(words + [$0.configuration.commandName ?? ""], $0) }
    }
}
