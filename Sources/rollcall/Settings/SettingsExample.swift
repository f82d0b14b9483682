import Domain
import Report

/// The documented settings file: every key with its meaning; those with a default are commented out.
enum SettingsExample {
    static var text: String {
        var lines = [
            "# Settings of Rollcall. A key that is commented out shows its default, or an example where it has none.",
            "# Each key can also be set in the environment, which comes before this file: source.mysql.port is",
            "# ROLLCALL_SOURCE_MYSQL_PORT. Relative paths count from this file's directory.",
        ]
        for row in SettingsTable.rows {
            switch row {
            case .section(let section, let depth):
                lines.append("")
                lines += comment(section.summary, depth)
                lines.append(indent(depth) + name(section.path) + ":")
            case .setting(let descriptor, let depth):
                if depth == 0 { lines.append("") }
                lines += setting(descriptor, depth)
            }
        }
        return lines.joined(separator: "\n") + "\n"
    }

    private static func setting(_ descriptor: any SettingDescriptor, _ depth: Int) -> [String] {
        let documentation = comment(descriptor.summary, depth)
        if case .secret = descriptor.secrecy {
            return documentation + ["\(indent(depth))#   \(descriptor.environmentVariable)=…"]
        }
        let value = descriptor.example ?? descriptor.defaultJSON.map(yaml) ?? ""
        let mark = descriptor.isRequired ? "" : "# "
        guard value.contains("\n") else {
            return documentation + ["\(indent(depth))\(mark)\(descriptor.name): \(value)"]
        }
        // A query is a block of text; lists and mappings are YAML themselves.
        let isText: Bool = if case .scalar = descriptor.form { true } else { false }
        let block = value.split(separator: "\n").map { "\(indent(depth))\(mark)  \($0)" }
        return documentation + ["\(indent(depth))\(mark)\(descriptor.name):\(isText ? " |" : "")"] + block
    }

    private static func comment(_ text: String, _ depth: Int) -> [String] {
        PlainText.wrapped(text, to: 100 - 2 * depth).map { "\(indent(depth))# \($0)" }
    }

    private static func indent(_ depth: Int) -> String { String(repeating: "  ", count: depth) }

    private static func name(_ path: String) -> String { path.split(separator: ".").last.map(String.init) ?? path }

    /// A default as YAML: JSON is YAML too, but plain words read better.
    private static func yaml(_ value: JSONValue) -> String {
        // `null` as a word would mean "not set".
        if let text = value.text, !text.isEmpty, text != "null",
            text.allSatisfy({ $0.isLetter || $0.isNumber || "._-/".contains($0) })
        {
            return text
        }
        return value.description
    }
}
