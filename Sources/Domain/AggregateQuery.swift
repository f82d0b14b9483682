/// The aggregate query: one SELECT with the word `:users` where a predicate on the key column is to stand.
///
/// Rollcall writes `IN (…)` there for a batch of users and a range for a scan, so that one text serves both.
public struct AggregateQuery: Sendable, Equatable {
    /// The word that stands for the predicate.
    public static let placeholder = ":users"

    /// The key column as the query spells it, such as `u.user_id`.
    public let key: String
    public let kind: UserIDKind
    private let before: String
    private let after: String

    /// - Throws: ``AggregateQueryError`` when the text is not one SELECT statement with exactly one placeholder.
    public init(sql: String, key: String, kind: UserIDKind) throws(AggregateQueryError) {
        guard !key.isEmpty, key.utf8.allSatisfy(Self.isColumnByte) else { throw .badKey(key) }
        let tokens = SQLScanner.scan(sql)
        guard !tokens.isUnterminated else { throw .unterminated }
        guard !tokens.hasSecondStatement else { throw .severalStatements }
        guard let word = tokens.firstWord, ["SELECT", "WITH"].contains(word.uppercased()) else {
            throw .notSelect(tokens.firstWord ?? "")
        }
        guard let place = tokens.placeholders.first else { throw .noPlaceholder }
        guard tokens.placeholders.count == 1 else { throw .severalPlaceholders(tokens.placeholders.count) }
        let text = Array(sql.utf8)
        before = String(decoding: text[..<place], as: UTF8.self)
        after = String(decoding: text[(place + Self.placeholder.utf8.count)..<tokens.end], as: UTF8.self)
        self.key = key
        self.kind = kind
    }

    private static func isColumnByte(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "0")...UInt8(ascii: "9"),
            UInt8(ascii: "_"), UInt8(ascii: "."), UInt8(ascii: "`"), UInt8(ascii: "$"), 0x80...:
            true
        default: false
        }
    }

    /// The query for these users. An empty list selects nobody.
    public func sql(for users: some Collection<UserID>) -> String {
        guard !users.isEmpty else { return before + "1 = 0" + after }
        return before + "\(key) IN (" + users.map(literal).joined(separator: ",") + ")" + after
    }

    /// The query for everyone after `lower` up to and including `upper`; nil leaves that side open.
    public func sql(after lower: UserID?, through upper: UserID?) -> String {
        before + range(of: key, after: lower, through: upper) + after
    }

    /// A predicate that holds for the ids of a range, on any column that carries them.
    public func range(of column: String, after lower: UserID?, through upper: UserID?) -> String {
        let parts = [lower.map { "\(column) > \(literal($0))" }, upper.map { "\(column) <= \(literal($0))" }].compactMap { $0 }
        return parts.isEmpty ? "\(column) IS NOT NULL" : "(" + parts.joined(separator: " AND ") + ")"
    }

    /// The id as a SQL literal. Texts are written as hexadecimal digits, which no quoting rule and no sql_mode can break.
    ///
    /// A row's id may be no number although the settings promise one. It is written as a text then, so that what stands in a
    /// table never becomes SQL, and the row can be asked for again.
    public func literal(_ user: UserID) -> String {
        if kind != .string, Self.isNumber(user.text) { return user.text }
        let digits = user.text.utf8.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
        return "_utf8mb4 x'\(digits)'"
    }

    private static func isNumber(_ text: String) -> Bool {
        let digits = text.utf8.drop { $0 == UInt8(ascii: "-") }
        return text.utf8.count - digits.count <= 1 && !digits.isEmpty && digits.allSatisfy { $0 >= 0x30 && $0 <= 0x39 }
    }

    /// A short name for this query and the rules by which its rows become bytes. Values that were written under another name
    /// may differ from today's for that reason alone.
    public func encodingID(columnKinds: [String: ColumnKind]) -> String {
        encodingID(kinds: columnKinds.sorted { $0.key < $1.key }.map { "\($0.key):\($0.value.rawValue)" })
    }

    /// The same where the result's columns are known, so that it changes with them: a column that is altered from INT to VARCHAR is
    /// written in another way, though nobody touched the query.
    public func encodingID(fields: [RowEncoder.Column]) -> String {
        encodingID(kinds: fields.map { "\($0.name):\($0.kind.rawValue)" })
    }

    private func encodingID(kinds: [String]) -> String {
        let text = (["\(RowEncoder.formatVersion)", before, key, after, kind.rawValue] + kinds).joined(separator: "\u{1F}")
        return Digest(of: Array(text.utf8)).description
    }
}

/// What is wrong with an aggregate query.
public enum AggregateQueryError: Error, Sendable, Equatable, CustomStringConvertible {
    case noPlaceholder
    case severalPlaceholders(Int)
    case severalStatements
    case notSelect(String)
    case unterminated
    case badKey(String)

    public var description: String {
        switch self {
        case .noPlaceholder: "the query has no :users; write it where a predicate on the key column belongs, as in WHERE :users"
        case .severalPlaceholders(let count): "the query has :users \(count) times; it must stand exactly once"
        case .severalStatements: "the query holds more than one statement; remove what follows the semicolon"
        case .notSelect(let word): "the query begins with `\(word)`; it must be a SELECT"
        case .unterminated: "the query has a quote or a comment that is not closed"
        case .badKey(let key) where key.contains(","):
            "`\(key)` names several columns, and a user id is one: let the table hold all of it in a STORED generated column, such as "
                + "CONCAT_WS(':', a, b), and name that"
        case .badKey(let key): "`\(key)` is not a column name, such as u.user_id"
        }
    }
}

/// Finds its way through a SQL text far enough to tell code from strings and comments.
struct SQLScanner {
    var firstWord: String?
    /// The byte offsets of the placeholders that stand in code.
    var placeholders: [Int] = []
    var hasSecondStatement = false
    var isUnterminated = false
    /// Where the statement ends: before a closing semicolon, if there is one.
    var end: Int

    private let text: [UInt8]
    private var position = 0

    static func scan(_ sql: String) -> SQLScanner {
        var scanner = SQLScanner(text: Array(sql.utf8))
        scanner.run()
        return scanner
    }

    private init(text: [UInt8]) {
        self.text = text
        end = text.count
    }

    private mutating func run() {
        var isClosed = false
        while position < text.count {
            let byte = text[position]
            if skipSpaceOrComment() { continue }
            if isClosed {
                hasSecondStatement = true
                return
            }
            switch byte {
            case UInt8(ascii: "'"), UInt8(ascii: "\""), UInt8(ascii: "`"): skipQuoted(by: byte)
            case UInt8(ascii: ";"):
                isClosed = true
                end = position
                position += 1
            case UInt8(ascii: ":") where startsWith(AggregateQuery.placeholder): takePlaceholder()
            case _ where Self.isWordByte(byte): takeWord()
            default: position += 1
            }
        }
    }

    private func startsWith(_ word: String) -> Bool {
        text[position...].starts(with: word.utf8)
    }

    private mutating func takePlaceholder() {
        let next = position + AggregateQuery.placeholder.utf8.count
        if next == text.count || !Self.isWordByte(text[next]) { placeholders.append(position) }
        position = next
    }

    private mutating func takeWord() {
        let start = position
        while position < text.count, Self.isWordByte(text[position]) { position += 1 }
        if firstWord == nil { firstWord = String(decoding: text[start..<position], as: UTF8.self) }
    }

    private static func isWordByte(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "0")...UInt8(ascii: "9"),
            UInt8(ascii: "_"), 0x80...:
            true
        default: false
        }
    }

    private mutating func skipSpaceOrComment() -> Bool {
        switch text[position] {
        case 0x20, 0x09...0x0D:
            position += 1
        case UInt8(ascii: "#"):
            skipLine()
        case UInt8(ascii: "-") where isDashComment:
            skipLine()
        case UInt8(ascii: "/") where startsWith("/*"):
            skipBlockComment()
        default: return false
        }
        return true
    }

    /// MySQL takes `--` for a comment only when white space or the end follows.
    private var isDashComment: Bool {
        startsWith("--") && (position + 2 == text.count || text[position + 2] <= 0x20)
    }

    private mutating func skipLine() {
        while position < text.count, text[position] != 0x0A { position += 1 }
    }

    private mutating func skipBlockComment() {
        position += 2
        while position + 1 < text.count {
            if text[position] == UInt8(ascii: "*"), text[position + 1] == UInt8(ascii: "/") {
                position += 2
                return
            }
            position += 1
        }
        position = text.count
        isUnterminated = true
    }

    /// A doubled quote stands for itself; so does a backslashed one, except in backticks.
    private mutating func skipQuoted(by quote: UInt8) {
        position += 1
        while position < text.count {
            if text[position] == UInt8(ascii: "\\"), quote != UInt8(ascii: "`") {
                position += 2
            } else if text[position] == quote {
                position += 1
                guard position < text.count, text[position] == quote else { return }
                position += 1
            } else {
                position += 1
            }
        }
        position = text.count
        isUnterminated = true
    }
}
