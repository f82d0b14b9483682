import Glibc
import Yams

/// A settings file as a tree of located values. Nothing here knows which keys exist.
struct SettingsFile: Sendable {
    let path: String
    /// Nil where the file holds no value at all.
    let root: SettingsNode?
    /// Keys that are given twice.
    let problems: [SettingsProblem]

    /// - Throws: ``SettingsError`` when the file cannot be read, is not UTF-8 or not one YAML document.
    static func read(_ path: String) throws(SettingsError) -> SettingsFile {
        let bytes: [UInt8]
        switch readFile(path) {
        case .success(let read): bytes = read
        case .failure(let error): throw unreadable(path, error)
        }
        guard let text = String(validating: bytes, as: UTF8.self) else {
            let line = String(decoding: bytes, as: UTF8.self).split(separator: "\n", omittingEmptySubsequences: false)
                .firstIndex { $0.contains("\u{FFFD}") }
            throw SettingsError(problems: [
                SettingsProblem(
                    origin: .file(path: path, line: (line ?? 0) + 1, column: 1), key: "",
                    message: "not UTF-8; save the file as UTF-8")
            ])
        }
        return try parse(text, path: path)
    }

    /// - Throws: ``SettingsError`` when the text is not one YAML document.
    static func parse(_ text: String, path: String) throws(SettingsError) -> SettingsFile {
        var duplicates = DuplicateKeys()
        var text = text
        while true {
            do {
                let node = try Yams.compose(yaml: text)
                var builder = NodeBuilder(path: path, duplicates: duplicates)
                let root = try node.map { try builder.node($0, key: "", depth: 0) }
                return SettingsFile(path: path, root: root, problems: builder.problems)
            } catch let error as YamlError {
                if let renamed = duplicates.rename(in: text, after: error) {
                    text = renamed
                } else {
                    throw SettingsError(problems: [problem(of: error, path: path)])
                }
            } catch let error as SettingsError {
                throw error
            } catch {
                throw SettingsError(problems: [
                    SettingsProblem(origin: .file(path: path, line: 1, column: 1), key: "", message: "\(error)")
                ])
            }
        }
    }

    private static func unreadable(_ path: String, _ error: FileError) -> SettingsError {
        let message =
            switch error.code {
            case ENOENT: "no such file; `rollcall config example > \(path)` writes one to start from, --config names another"
            case EISDIR: "is a directory; --config has to name a file"
            case EACCES: "cannot be read by this user; change its mode or owner"
            default: "cannot be read: \(error)"
            }
        return SettingsError(problems: [SettingsProblem(origin: .flag(path), key: "", message: message)])
    }

    private static func problem(of error: YamlError, path: String) -> SettingsProblem {
        let (mark, message): (Mark?, String) =
            switch error {
            case .scanner(_, let problem, let mark, _), .parser(_, let problem, let mark, _),
                .composer(_, let problem, let mark, _):
                (mark, "not valid YAML: \(problem)")
            case .duplicatedKeysInMapping(let names, let context):
                (context.mark, "key given twice: \(names.joined(separator: ", "))")
            case .reader(let problem, _, _, _): (nil, "not valid YAML: \(problem)")
            default: (nil, "not valid YAML: \(error)")
            }
        return SettingsProblem(
            origin: .file(path: path, line: mark?.line ?? 1, column: mark?.column ?? 1), key: "", message: message)
    }
}

/// Lets a file with a key given twice be read to its end.
///
/// Yams stops at the first such key, which would hide every other problem. So the key that it names is overwritten, in
/// memory, by characters of Unicode's private use area, one for one so that lines and columns stay, and the text is read again.
private struct DuplicateKeys {
    /// The names that stood where the placeholders now are.
    private(set) var names: [String: String] = [:]

    /// The text with one more duplicate renamed; nil where the error is about something else.
    mutating func rename(in text: String, after error: YamlError) -> String? {
        guard case .duplicatedKeysInMapping(let duplicates, let context) = error, let name = duplicates.sorted().first,
            let first = Unicode.Scalar(UInt32(0xE000 + names.count)), names.count < 1_000
        else { return nil }
        var lines = text.split(separator: "\n", omittingEmptySubsequences: false).map { Array($0.unicodeScalars) }
        guard lines.indices.contains(context.mark.line - 1) else { return nil }
        var line = lines[context.mark.line - 1]
        var start = context.mark.column - 1
        if line.indices.contains(start), line[start] == "\"" || line[start] == "'" { start += 1 }
        let scalars = Array(name.unicodeScalars)
        guard !scalars.isEmpty, start + scalars.count <= line.count, Array(line[start..<start + scalars.count]) == scalars
        else { return nil }

        let placeholder = Array(repeating: first, count: scalars.count)
        line.replaceSubrange(start..<start + scalars.count, with: placeholder)
        lines[context.mark.line - 1] = line
        names[String(String.UnicodeScalarView(placeholder))] = name
        return lines.map { String(String.UnicodeScalarView($0)) }.joined(separator: "\n")
    }
}

/// Turns Yams' nodes into ours, and reports the keys given twice on the way.
private struct NodeBuilder {
    let path: String
    let duplicates: DuplicateKeys
    var problems: [SettingsProblem] = []

    init(path: String, duplicates: DuplicateKeys) {
        self.path = path
        self.duplicates = duplicates
    }

    /// Deeper than any settings file; a bound, because aliases can nest without end.
    private static let deepest = 8

    mutating func node(_ node: Node, key: String, depth: Int) throws(SettingsError) -> SettingsNode {
        let origin = place(node.mark)
        guard depth < Self.deepest else {
            throw SettingsError(problems: [SettingsProblem(origin: origin, key: key, message: "nested too deeply")])
        }
        switch node {
        case .scalar(let scalar):
            let isNull = scalar.style == .plain && ["", "~", "null", "Null", "NULL"].contains(scalar.string)
            return SettingsNode(content: isNull ? .null : .scalar(scalar.string), origin: origin)
        case .sequence(let sequence):
            var elements: [SettingsNode] = []
            for (index, element) in sequence.enumerated() {
                elements.append(try self.node(element, key: "\(key)[\(index)]", depth: depth + 1))
            }
            return SettingsNode(content: .list(elements), origin: origin)
        case .mapping(let mapping):
            return SettingsNode(content: .mapping(try entries(of: mapping, key: key, depth: depth)), origin: origin)
        case .alias:
            throw SettingsError(problems: [SettingsProblem(origin: origin, key: key, message: "an alias that has no anchor")])
        }
    }

    private mutating func entries(of mapping: Node.Mapping, key: String, depth: Int) throws(SettingsError) -> [SettingsNode.Entry]
    {
        var entries: [SettingsNode.Entry] = []
        for (nameNode, valueNode) in mapping {
            let origin = place(nameNode.mark)
            guard let scalar = nameNode.scalar?.string else {
                problems.append(SettingsProblem(origin: origin, key: key, message: "a key has to be plain text"))
                continue
            }
            let name = duplicates.names[scalar] ?? scalar
            let dotted = key.isEmpty ? name : "\(key).\(name)"
            let value = try node(valueNode, key: dotted, depth: depth + 1)
            if let first = entries.first(where: { $0.name == name }), case .file(_, let line, _) = first.origin {
                problems.append(
                    SettingsProblem(
                        origin: origin, key: dotted, message: "given twice, first in line \(line); keep one of the two"))
            } else {
                entries.append(SettingsNode.Entry(name: name, origin: origin, value: value))
            }
        }
        return entries
    }

    private func place(_ mark: Mark?) -> SettingOrigin {
        .file(path: path, line: mark?.line ?? 1, column: mark?.column ?? 1)
    }
}
