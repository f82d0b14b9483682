import ArgumentParser

/// A command, and the words that call it.
struct CommandNode: Sendable {
    var words: [String]
    var type: any ParsableCommand.Type

    var name: String { words.last ?? "" }

    /// The commands below it that help shows.
    var children: [CommandNode] {
        type.configuration.subcommands.filter { $0.configuration.shouldDisplay }.map {
            CommandNode(words: words + [$0.configuration.commandName ?? ""], type: $0)
        }
    }

    /// The command itself and all below it.
    var all: [CommandNode] { [self] + children.flatMap(\.all) }

    static let root = CommandNode(words: ["rollcall"], type: Rollcall.self)

    /// The command whose usage stands in a text, behind `usage` and `:`; nil where none does.
    static func used(in text: String) -> CommandNode? {
        guard let line = text.split(separator: "\n").first(where: { $0.lowercased().hasPrefix("usage: rollcall") }) else {
            return nil
        }
        var node = root
        for word in line.split(separator: " ").dropFirst(2) {
            guard let child = node.children.first(where: { $0.name == word }) else { break }
            node = child
        }
        return node
    }
}

/// What is said beside ArgumentParser's own texts.
enum HelpText {
    /// The help of a command with its examples behind it. Any other text stays as it is.
    static func complete(_ text: String) -> String {
        guard text.hasPrefix("OVERVIEW: "), let node = CommandNode.used(in: text) else { return text }
        let examples = Examples.of(node.words)
        guard !examples.isEmpty else { return text }
        let lines = examples.map { "  \($0.call)\n      \($0.purpose)" }
        let end = text.hasSuffix("\n") ? text : text + "\n"
        return end + (end.hasSuffix("\n\n") ? "" : "\n") + "EXAMPLES:\n" + lines.joined(separator: "\n")
    }

    /// A usage error with the command that was probably meant.
    static func withSuggestion(_ text: String) -> String {
        guard let match = text.firstMatch(of: #/nexpected arguments?:? '([^']+)'/#), let node = CommandNode.used(in: text),
            !node.children.isEmpty, let meant = suggestion(for: String(match.output.1), below: node)
        else { return text }
        var lines = text.split(separator: "\n", omittingEmptySubsequences: false).map(String.init)
        lines[0] += ". Did you mean \(meant)?"
        return lines.joined(separator: "\n")
    }

    private static func suggestion(for word: String, below node: CommandNode) -> String? {
        func quoted(_ node: CommandNode) -> String { "'\(node.words.joined(separator: " "))'" }
        let children = node.children
        if let name = closestMatch(to: word, among: children.map(\.name)), let child = children.first(where: { $0.name == name })
        {
            return quoted(child)
        }
        // `rollcall stat` means `rollcall ledger stat`.
        let elsewhere = CommandNode.root.all.filter { $0.name == word }
        return elsewhere.isEmpty ? nil : elsewhere.map(quoted).joined(separator: " or ")
    }
}
