import Domain

/// `findings.csv`: RFC 4180 with line feeds, safe to open in a spreadsheet.
enum CSV {
    static let columns = [
        "user", "stage", "kind", "cause", "fields", "tables", "partition", "source_digest", "source_position",
        "topic_partition", "topic_offset", "topic_timestamp", "topic_digest", "ledger_god_partition", "ledger_god_offset",
        "ledger_god_digest",
        "ledger_aggregate_partition", "ledger_aggregate_offset", "ledger_aggregate_digest", "ledger_produced_at",
        "god_partition", "god_offset", "god_timestamp", "god_digest", "first_seen", "repair",
    ]

    static let header = columns.joined(separator: ",") + "\n"

    static func row(_ line: FindingLine) -> String {
        var cells = [
            line.user.text, line.stage.rawValue, line.kind.rawValue, line.causeCode ?? "", line.fields.joined(separator: ";"),
            line.tables.joined(separator: ";"), text(line.partition), text(line.source?.digest), text(line.source?.position),
        ]
        cells += cellsOf(line.topic)
        cells += [
            text(line.ledger?.god.partition), text(line.ledger?.god.offset), text(line.ledger?.godDigest),
            text(line.ledger?.aggregate.partition), text(line.ledger?.aggregate.offset), text(line.ledger?.aggregateDigest),
            text(line.ledger?.producedAt),
        ]
        cells += cellsOf(line.god)
        cells += [line.firstSeen.description, line.repair]
        return cells.map(cell).joined(separator: ",") + "\n"
    }

    private static func cellsOf(_ record: FindingLine.TopicRecord?) -> [String] {
        [text(record?.address.partition), text(record?.address.offset), text(record?.writtenAt), text(record?.digest)]
    }

    private static func text(_ value: (some CustomStringConvertible)?) -> String { value?.description ?? "" }

    /// One cell. Line breaks and tabs stay, inside quotes; other control characters are written out.
    static func cell(_ text: String) -> String {
        // Numbers, times, digests, commands and most ids: nothing in them needs care, and a row has more than twenty of them.
        if isOrdinary(text) { return text }
        let safe = PlainText.replacing(text) { scalar in
            PlainText.isUnsafe(scalar) && scalar != "\n" && scalar != "\r" && scalar != "\t"
        }
        let harmless = isFormula(safe) ? "'" + safe : safe
        // Looked for among scalars: `\r\n` is one Character, and not equal to either half.
        let needsQuotes = harmless.unicodeScalars.contains { [",", "\"", "\n", "\r", "'"].contains($0) }
        guard needsQuotes else { return harmless }
        return "\"" + PlainText.replacing("\"", in: harmless, with: "\"\"") + "\""
    }

    private static func isOrdinary(_ text: String) -> Bool {
        guard let first = text.utf8.first else { return true }
        switch first {
        // What begins otherwise may be a formula.
        case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "a")...UInt8(ascii: "z"):
            return text.utf8.allSatisfy { byte in
                switch byte {
                case UInt8(ascii: ","), UInt8(ascii: "\""), UInt8(ascii: "'"): false
                // Printable ASCII.
                default: byte >= 0x20 && byte < 0x7F
                }
            }
        default: return false
        }
    }

    /// Whether a spreadsheet would take the text for a formula, by https://owasp.org/www-community/attacks/CSV_Injection, in
    /// half and full width, also behind space. A negative whole number is none, and stays usable as a key.
    private static func isFormula(_ text: String) -> Bool {
        if Int64(text) != nil, text.utf8.first != UInt8(ascii: "+") { return false }
        guard let first = text.unicodeScalars.first else { return false }
        if first == "\t" || first == "\r" || first == "\n" { return true }
        guard let visible = text.unicodeScalars.first(where: { !$0.properties.isWhitespace }) else { return false }
        return ["=", "+", "-", "@", "＝", "＋", "－", "＠"].contains(visible)
    }
}
