import Domain
import Report

/// The effective settings with their origins, secrets redacted: what `config show` prints.
struct SettingsListing: Sendable {
    struct Row: Sendable {
        var key: String
        var value: JSONValue
        var origin: SettingOrigin
    }

    let file: String?
    let rows: [Row]

    init(_ settings: EffectiveSettings) {
        file = settings.file
        rows = SettingsTable.descriptors.flatMap { descriptor -> [Row] in
            let value = settings.redactedJSON(descriptor.path)
            let entry = settings.entries[descriptor.path]
            let origin = entry?.origin ?? .builtIn
            guard case .mapping = descriptor.form, let members = value.members, !members.isEmpty else {
                return [Row(key: descriptor.path, value: value, origin: origin)]
            }
            return members.map { member in
                let given = entry?.memberOrigins[member.name] ?? entry?.memberOrigins[member.name + "_file"]
                return Row(key: "\(descriptor.path).\(member.name)", value: member.value, origin: given ?? origin)
            }
        }
    }

    /// `{"file": …, "settings": [{"key": …, "value": …, "origin": …}]}`
    var json: JSONValue {
        [
            "file": .string(file),
            "settings": .array(
                rows.map { ["key": .string($0.key), "value": $0.value, "origin": .string($0.origin.description)] }),
        ]
    }

    /// Three columns; a text of several lines follows indented.
    var text: String {
        let keyWidth = rows.map(\.key.count).max() ?? 0
        let values = rows.map { Self.display($0.value) }
        let valueWidth = min(48, values.filter { !$0.contains("\n") }.map(\.count).max() ?? 0)
        var lines: [String] = []
        for (row, value) in zip(rows, values) {
            let key = PlainText.padded(row.key, to: keyWidth)
            if value.contains("\n") {
                lines.append("\(key)  \(PlainText.padded("|", to: valueWidth))  \(row.origin)")
                lines += value.split(separator: "\n").map { "    \($0)" }
            } else {
                lines.append("\(key)  \(PlainText.padded(value, to: valueWidth))  \(row.origin)")
            }
        }
        return lines.joined(separator: "\n") + "\n"
    }

    private static func display(_ value: JSONValue) -> String {
        switch value {
        case .null: "-"
        case .string(let text): text
        case .object(let members) where members.isEmpty: "-"
        case .array(let elements) where elements.isEmpty: "-"
        case .array(let elements): "\n" + elements.map { "- \(displayMembers($0))" }.joined(separator: "\n")
        default: value.description
        }
    }

    private static func displayMembers(_ value: JSONValue) -> String {
        value.members?.map { "\($0.name): \(display($0.value))" }.joined(separator: ", ") ?? display(value)
    }
}
