/// What was given, by key: the last layer wins, members of mappings one by one.
struct GivenSettings {
    private(set) var nodes: [String: SettingsNode] = [:]
    /// Where each section of the file begins.
    private(set) var sections: [String: SettingOrigin] = [:]
    /// Where the file's contents begin; nil without a file.
    private(set) var root: SettingOrigin?
    private(set) var warnings: [String] = []
    var problems: [SettingsProblem] = []

    private static let sectionPaths = Set(SettingsTable.sections.map(\.path))

    // MARK: The file

    mutating func take(_ file: SettingsFile) {
        root = .file(path: file.path, line: 1, column: 1)
        guard let node = file.root else { return }
        switch node.content {
        case .mapping(let entries): entries.forEach { take($0, under: "") }
        case .null: break
        case .scalar, .list:
            problems.append(
                SettingsProblem(origin: node.origin, key: "", message: "has to be a mapping of settings, not \(node.kindName)"))
        }
    }

    private mutating func take(_ entry: SettingsNode.Entry, under section: String) {
        let path = section.isEmpty ? entry.name : "\(section).\(entry.name)"
        // An empty value is the same as none, so that a line can be emptied as well as removed.
        if case .null = entry.value.content, isKnown(path) {
            if Self.sectionPaths.contains(path) { sections[path] = entry.origin }
            return
        }
        if let descriptor = SettingsTable.descriptor(path) {
            if case .secret = descriptor.secrecy {
                problems.append(inlineSecret(descriptor, at: entry.origin))
            } else {
                set(descriptor, atKey(entry))
            }
        } else if Self.sectionPaths.contains(path) {
            sections[path] = entry.origin
            guard case .mapping(let entries) = entry.value.content else {
                problems.append(
                    SettingsProblem(
                        origin: entry.value.origin, key: path,
                        message: "has to be a mapping of settings, not \(entry.value.kindName)"))
                return
            }
            entries.forEach { take($0, under: path) }
        } else {
            problems.append(SettingsProblem(origin: entry.origin, key: path, message: "unknown key\(hint(for: path))"))
        }
    }

    private func isKnown(_ path: String) -> Bool {
        SettingsTable.descriptor(path) != nil || Self.sectionPaths.contains(path)
    }

    /// Problems point at the key: a block of text or a list begins on a later line, where nobody looks for the name.
    private func atKey(_ entry: SettingsNode.Entry) -> SettingsNode {
        SettingsNode(content: entry.value.content, origin: entry.origin)
    }

    private func inlineSecret(_ descriptor: any SettingDescriptor, at origin: SettingOrigin) -> SettingsProblem {
        SettingsProblem(
            origin: origin, key: descriptor.path,
            message: "a secret given inline; write it to a file that only Rollcall's user can read and set "
                + "\(descriptor.path)_file, or set \(descriptor.environmentVariable)")
    }

    private func hint(for path: String) -> String {
        let known = SettingsTable.descriptors.map(\.path) + Self.sectionPaths
        if let match = closestMatch(to: path, among: known) { return "; did you mean \(match)?" }
        let name = path.split(separator: ".").last.map(String.init) ?? path
        let elsewhere = known.filter { $0.hasSuffix(".\(name)") }
        if elsewhere.count == 1, let only = elsewhere.first { return "; did you mean \(only)?" }
        let section = path.contains(".") ? String(path.prefix(path.count - name.count)) : ""
        let siblings = known.filter { $0.hasPrefix(section) && !$0.dropFirst(section.count).contains(".") && $0 != section }
        return siblings.isEmpty
            ? "" : "; known are \(siblings.map { String($0.dropFirst(section.count)) }.sorted().joined(separator: ", "))"
    }

    // MARK: The environment

    mutating func take(environment: [String: String]) {
        let variables = environment.filter { $0.key.hasPrefix("ROLLCALL_") && !$0.value.isEmpty }.sorted { $0.key < $1.key }
        for (name, text) in variables {
            let origin = SettingOrigin.environment(name)
            if let descriptor = SettingsTable.descriptors.first(where: { $0.environmentVariable == name }),
                case .scalar = descriptor.form
            {
                set(descriptor, SettingsNode(content: .scalar(text), origin: origin))
            } else if let (descriptor, member) = Self.member(named: name) {
                set(descriptor, Self.mapping(member, text, origin))
            } else {
                warn(about: name)
            }
        }
    }

    private static func member(named variable: String) -> (any SettingDescriptor, String)? {
        for descriptor in SettingsTable.descriptors {
            guard case .mapping(let memberName) = descriptor.form else { continue }
            let prefix = descriptor.environmentVariable + "_"
            if variable.hasPrefix(prefix), variable.count > prefix.count {
                return (descriptor, memberName(String(variable.dropFirst(prefix.count))))
            }
        }
        return nil
    }

    /// Variables that merely begin alike are not errors: Kubernetes, for one, sets some for every service called rollcall.
    private mutating func warn(about variable: String) {
        let known = SettingsTable.descriptors.map(\.environmentVariable)
        guard let match = known.first(where: { editDistance($0, variable) <= 2 }) else { return }
        if known.contains(variable) {
            warnings.append("\(variable): can only be set in the file")
        } else {
            warnings.append("\(variable): no such setting; did you mean \(match)?")
        }
    }

    // MARK: Flags

    mutating func take(_ override: SettingOverride) {
        let origin = SettingOrigin.flag(override.spelling)
        if let descriptor = SettingsTable.descriptor(override.path) {
            if case .secret = descriptor.secrecy {
                problems.append(inlineSecret(descriptor, at: origin))
            } else if case .scalar = descriptor.form {
                set(descriptor, SettingsNode(content: .scalar(override.text), origin: origin))
            } else {
                problems.append(SettingsProblem(origin: origin, key: override.path, message: "can only be set in the file"))
            }
        } else if let descriptor = SettingsTable.descriptors.first(where: { descriptor in
            if case .mapping = descriptor.form { override.path.hasPrefix(descriptor.path + ".") } else { false }
        }) {
            set(descriptor, Self.mapping(String(override.path.dropFirst(descriptor.path.count + 1)), override.text, origin))
        } else {
            problems.append(
                SettingsProblem(origin: origin, key: override.path, message: "unknown key\(hint(for: override.path))"))
        }
    }

    // MARK: Layers

    private static func mapping(_ name: String, _ text: String, _ origin: SettingOrigin) -> SettingsNode {
        let value = SettingsNode(content: .scalar(text), origin: origin)
        return SettingsNode(content: .mapping([SettingsNode.Entry(name: name, origin: origin, value: value)]), origin: origin)
    }

    private mutating func set(_ descriptor: any SettingDescriptor, _ node: SettingsNode) {
        guard case .mapping(let new) = node.content, case .mapping(let old)? = nodes[descriptor.path]?.content else {
            nodes[descriptor.path] = node
            return
        }
        // A member and its `_file` form say the same thing; the later layer replaces either.
        func stem(_ name: String) -> String { name.hasSuffix("_file") ? String(name.dropLast("_file".count)) : name }
        let replaced = Set(new.map { stem($0.name) })
        nodes[descriptor.path] = SettingsNode(
            content: .mapping(old.filter { !replaced.contains(stem($0.name)) } + new), origin: node.origin)
    }
}
