/// Texts for people: numbers with separators, plurals, and foreign text that cannot take over a terminal.
public enum PlainText {
    /// `4,210,331`.
    public static func grouped(_ number: some SignedInteger) -> String {
        let digits = Array(String(number.magnitude).utf8)
        var bytes: [UInt8] = number < 0 ? [UInt8(ascii: "-")] : []
        for (index, digit) in digits.enumerated() {
            if index > 0, (digits.count - index) % 3 == 0 { bytes.append(UInt8(ascii: ",")) }
            bytes.append(digit)
        }
        return String(decoding: bytes, as: UTF8.self)
    }

    /// `1 user`, `2,000 users`.
    public static func count(_ number: Int, _ singular: String, _ plural: String? = nil) -> String {
        "\(grouped(number)) \(number == 1 ? singular : plural ?? singular + "s")"
    }

    /// `0.250 s`, `12.4 s`, `3 min 20 s`, `2 h 05 min`.
    public static func duration(milliseconds: Int64) -> String {
        let milliseconds = max(0, milliseconds)
        if milliseconds < 1_000 { return "\(milliseconds) ms" }
        if milliseconds < 60_000 { return "\(milliseconds / 1_000).\(milliseconds % 1_000 / 100) s" }
        let seconds = milliseconds / 1_000
        if seconds < 3_600 { return "\(seconds / 60) min \(seconds % 60) s" }
        return "\(seconds / 3_600) h \(seconds / 60 % 60) min"
    }

    /// `640 bytes`, `48 KB`, `3 MB`, `12,400 MB`: as coarse as is useful, in powers of ten as disks are sold.
    public static func size(bytes: Int64) -> String {
        switch bytes {
        case ..<1_000: "\(bytes) bytes"
        case ..<1_000_000: "\(bytes / 1_000) KB"
        default: "\(grouped(bytes / 1_000_000)) MB"
        }
    }

    /// An age, as coarse as people say it: `less than a minute`, `40 min`, `5 h`, `4 days`.
    static func age(milliseconds: Int64) -> String {
        let minutes = max(0, milliseconds) / 60_000
        if minutes < 1 { return "less than a minute" }
        if minutes < 60 { return "\(minutes) min" }
        if minutes < 48 * 60 { return "\(minutes / 60) h" }
        return "\(grouped(Int(minutes / (24 * 60)))) days"
    }

    /// The same text with everything that a terminal would obey, or that would reorder or hide what stands beside it, written
    /// out as `\u{1b}`: control characters, line separators, direction overrides and invisible format characters.
    public static func visible(_ text: String) -> String {
        // Printable ASCII, which is nearly all there is.
        if text.utf8.allSatisfy({ $0 >= 0x20 && $0 < 0x7F }) { return text }
        return replacing(text, where: isUnsafe)
    }

    static func replacing(_ text: String, where isReplaced: (Unicode.Scalar) -> Bool) -> String {
        guard text.unicodeScalars.contains(where: isReplaced) else { return text }
        var result = String.UnicodeScalarView()
        for scalar in text.unicodeScalars {
            if isReplaced(scalar) {
                result.append(contentsOf: "\\u{\(String(scalar.value, radix: 16))}".unicodeScalars)
            } else {
                result.append(scalar)
            }
        }
        return String(result)
    }

    /// The text with every such scalar replaced. Swift's own splitting goes by Characters, and a quote followed by a combining
    /// accent is another Character than a quote: whoever escapes by Characters lets it through.
    static func replacing(_ scalar: Unicode.Scalar, in text: String, with replacement: String) -> String {
        guard text.unicodeScalars.contains(scalar) else { return text }
        var result = String.UnicodeScalarView()
        for candidate in text.unicodeScalars {
            if candidate == scalar {
                result.append(contentsOf: replacement.unicodeScalars)
            } else {
                result.append(candidate)
            }
        }
        return String(result)
    }

    static func isUnsafe(_ scalar: Unicode.Scalar) -> Bool {
        // Printable ASCII needs no look into the tables.
        if scalar.value >= 0x20, scalar.value < 0x7F { return false }
        return switch scalar.properties.generalCategory {
        case .control, .lineSeparator, .paragraphSeparator: true
        // A zero-width joiner is part of many emoji, and harmless.
        case .format: scalar.value != 0x200D
        default: false
        }
    }

    /// How many columns of a terminal the text takes, near enough to align by.
    public static func width(_ text: String) -> Int {
        text.reduce(0) { $0 + width($1) }
    }

    public static func width(_ character: Character) -> Int {
        guard let scalar = character.unicodeScalars.first else { return 0 }
        switch scalar.value {
        // Hangul, kana, ideographs, full-width forms and the emoji blocks (East Asian Width W and F).
        case 0x1100...0x115F, 0x2E80...0xA4CF, 0xAC00...0xD7A3, 0xF900...0xFAFF, 0xFE30...0xFE6F, 0xFF00...0xFF60,
            0xFFE0...0xFFE6, 0x1F300...0x1F64F, 0x1F680...0x1F6FF, 0x1F900...0x1F9FF, 0x20000...0x3FFFD:
            return 2
        default:
            return scalar.properties.generalCategory == .nonspacingMark ? 0 : 1
        }
    }

    /// The text, cut to that many columns with an ellipsis.
    static func clipped(_ text: String, to columns: Int) -> String {
        guard width(text) > columns else { return text }
        var result = ""
        var used = 0
        for character in text {
            used += width(character)
            if used > columns - 1 { break }
            result.append(character)
        }
        return result + "…"
    }

    public static func padded(_ text: String, to columns: Int) -> String {
        text + String(repeating: " ", count: max(0, columns - width(text)))
    }

    static func rightAligned(_ text: String, to columns: Int) -> String {
        String(repeating: " ", count: max(0, columns - width(text))) + text
    }

    /// The words of the text in lines of at most that many columns; a longer word gets a line of its own. A text that fits stays as
    /// it is, with its spaces.
    public static func wrapped(_ text: String, to columns: Int) -> [String] {
        if !text.isEmpty, width(text) <= columns { return [text] }
        var lines: [String] = []
        var line = ""
        for word in text.split(separator: " ") {
            if !line.isEmpty, width(line) + 1 + width(String(word)) > columns {
                lines.append(line)
                line = ""
            }
            line += line.isEmpty ? String(word) : " " + word
        }
        if !line.isEmpty { lines.append(line) }
        return lines
    }
}
