/// The words of a SQL text, far enough to see which tables and functions it names.
enum SQLToken: Sendable, Equatable {
    /// A word outside of quotes: a keyword, a name or a number.
    case word(String)
    /// A name in backticks.
    case name(String)
    /// A text in quotes.
    case text
    /// `@limit` or `@@version`.
    case variable(String)
    /// Any other character.
    case symbol(Character)

    /// Whether it is that keyword, in any case.
    func `is`(_ keyword: String) -> Bool {
        if case .word(let word) = self { word.uppercased() == keyword } else { false }
    }

    /// The name that it may be: quoted or not.
    var identifier: String? {
        switch self {
        case .word(let word): word.first?.isNumber == true ? nil : word
        case .name(let name): name
        default: nil
        }
    }

    /// The tokens of a statement. Comments are left out, except those that MySQL runs (`/*!50100 … */`).
    static func scan(_ sql: String) -> [SQLToken] {
        var scanner = Scanner(text: Array(sql))
        return scanner.run()
    }
}

private struct Scanner {
    let text: [Character]
    private var position = 0

    init(text: [Character]) {
        self.text = text
    }

    private func peek(_ distance: Int = 0) -> Character? {
        position + distance < text.count ? text[position + distance] : nil
    }

    mutating func run() -> [SQLToken] {
        var tokens: [SQLToken] = []
        while let character = peek() {
            if character.isWhitespace {
                position += 1
            } else if character == "#" || (character == "-" && peek(1) == "-" && peek(2)?.isWhitespace != false) {
                skip { $0.isNewline }
            } else if character == "/", peek(1) == "*" {
                skipBlockComment()
            } else if character == "*", peek(1) == "/" {
                // The end of a comment whose content runs.
                position += 2
            } else {
                tokens.append(next(character))
            }
        }
        return tokens
    }

    private mutating func next(_ character: Character) -> SQLToken {
        switch character {
        case "'", "\"":
            _ = quoted(character)
            return .text
        case "`": return .name(quoted(character))
        case "@":
            let start = position
            while peek() == "@" { position += 1 }
            if peek() == "`" { _ = quoted("`") } else { _ = word() }
            return .variable(String(text[start..<position]))
        case _ where Self.isWord(character): return .word(word())
        default:
            position += 1
            return .symbol(character)
        }
    }

    private static func isWord(_ character: Character) -> Bool {
        character.isLetter || character.isNumber || character == "_" || character == "$"
    }

    private mutating func word() -> String {
        let start = position
        skip { !Self.isWord($0) }
        return String(text[start..<position])
    }

    private mutating func skip(until isEnd: (Character) -> Bool) {
        while let character = peek(), !isEnd(character) { position += 1 }
    }

    private mutating func skipBlockComment() {
        position += 2
        if peek() == "!" || (peek() == "M" && peek(1) == "!") {
            position += peek() == "M" ? 2 : 1
            skip { !$0.isNumber }
            return
        }
        while position < text.count, !(peek() == "*" && peek(1) == "/") { position += 1 }
        position += 2
    }

    /// The content of a quoted text, without its quotes; a doubled quote stands for itself.
    private mutating func quoted(_ quote: Character) -> String {
        var content = ""
        position += 1
        while let character = peek() {
            position += 1
            if character == quote {
                guard peek() == quote else { return content }
                position += 1
            } else if character == "\\", quote != "`" {
                position += 1
            }
            content.append(character)
        }
        return content
    }
}
