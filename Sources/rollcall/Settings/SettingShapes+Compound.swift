import Domain

/// Named texts, in the order in which they were given.
struct NamedTexts: Sendable, Equatable {
    struct Member: Sendable, Equatable {
        var name: String
        var value: String
        /// Whether the value must not be shown.
        var isSecret = false
    }

    var members: [Member] = []

    var isEmpty: Bool { members.isEmpty }

    var dictionary: [String: String] {
        Dictionary(members.map { ($0.name, $0.value) }, uniquingKeysWith: { _, last in last })
    }
}

extension SettingShape where Value == NamedTexts {
    /// Texts under names that are not known beforehand.
    ///
    /// A member named `NAME_file` holds the path of a file whose text becomes the member `NAME`: that is how a secret is given.
    /// - Parameters:
    ///   - isSecret: which names may only be given that way, or by the environment.
    ///   - refuse: why a member of that name is not accepted, whatever it says.
    ///   - refuseText: why this text is not accepted under that name.
    static func texts(
        _ expectation: String, memberName: @escaping @Sendable (String) -> String,
        isSecret: @escaping @Sendable (String) -> Bool = { _ in false },
        refuse: @escaping @Sendable (_ name: String) -> String? = { _ in nil },
        refuseText: @escaping @Sendable (_ name: String, _ text: String) -> String? = { _, _ in nil },
        valueExpectation: String = "text", isLegal: @escaping @Sendable (String) -> Bool = { _ in true }
    ) -> SettingShape {
        @Sendable func decodeMember(
            _ entry: SettingsNode.Entry, _ key: String, _ problems: inout [SettingsProblem]
        ) -> NamedTexts.Member? {
            func refused(_ message: String) -> NamedTexts.Member? {
                problems.append(SettingsProblem(origin: entry.origin, key: "\(key).\(entry.name)", message: message))
                return nil
            }
            if let reason = refuse(entry.name) { return refused(reason) }
            guard case .scalar(let text) = entry.value.content else {
                return refused("has to be \(valueExpectation), not \(entry.value.kindName)")
            }
            if entry.name.hasSuffix("_file") {
                let name = String(entry.name.dropLast("_file".count))
                guard let path = SettingShape<String>.path.decode(entry.value, "\(key).\(entry.name)", &problems) else {
                    return nil
                }
                switch SecretFile.read(path) {
                case .success(let secret): return NamedTexts.Member(name: name, value: secret, isSecret: true)
                case .failure(let fault): return refused(fault.message)
                }
            }
            let secret = isSecret(entry.name)
            if secret, !entry.origin.maySupplySecrets {
                return refused(
                    "a secret given inline; write it to a file that only Rollcall's user can read, and name the file as "
                        + "\(key).\(entry.name)_file")
            }
            if let reason = refuseText(entry.name, text) { return refused(reason) }
            guard isLegal(text) else { return refused("has to be \(valueExpectation), not \(entry.value.kindName)") }
            return NamedTexts.Member(name: entry.name, value: text, isSecret: secret)
        }
        return SettingShape(
            expectation: expectation, form: .mapping(memberName: memberName),
            decode: { node, key, problems in
                guard case .mapping(let entries) = node.content else {
                    problems.append(
                        SettingsProblem(origin: node.origin, key: key, message: "has to be \(expectation), not \(node.kindName)"))
                    return nil
                }
                return NamedTexts(members: entries.compactMap { decodeMember($0, key, &problems) })
            },
            render: { texts in
                .object(texts.members.map { JSONValue.Member($0.name, $0.isSecret ? .string(redacted) : .string($0.value)) })
            })
    }
}

extension SettingShape where Value == [String] {
    /// A list of paths.
    static var paths: SettingShape {
        SettingShape(
            expectation: "a list of paths", form: .list,
            decode: { node, key, problems in
                guard case .list(let elements) = node.content else {
                    problems.append(
                        SettingsProblem(
                            origin: node.origin, key: key, message: "has to be a list of paths, not \(node.kindName)"))
                    return nil
                }
                return elements.enumerated().compactMap {
                    SettingShape<String>.path.decode($1, "\(key)[\($0)]", &problems)
                }
            },
            render: { .array($0.map { .string($0) }) })
    }
}

/// One change topic and where its records carry the user id.
struct ChangeTopicSetting: Sendable, Equatable {
    var topic: String
    var userIDField: String
}

extension SettingShape where Value == [ChangeTopicSetting] {
    /// A list of `{topic: …, user_id: …}`.
    static var changeTopics: SettingShape {
        SettingShape(
            expectation: "a list of {topic: …, user_id: …}", form: .list,
            decode: { node, key, problems in
                guard case .list(let elements) = node.content else {
                    problems.append(
                        SettingsProblem(
                            origin: node.origin, key: key,
                            message: "has to be a list of {topic: …, user_id: …}, not \(node.kindName)"))
                    return nil
                }
                if elements.isEmpty {
                    problems.append(
                        SettingsProblem(
                            origin: node.origin, key: key, message: "names no topic; list each captured table's topic"))
                }
                return elements.enumerated().compactMap { changeTopic($1, "\(key)[\($0)]", &problems) }
            },
            render: { topics in
                .array(topics.map { ["topic": .string($0.topic), "user_id": .string($0.userIDField)] })
            })
    }

    private static func changeTopic(
        _ node: SettingsNode, _ key: String, _ problems: inout [SettingsProblem]
    ) -> ChangeTopicSetting? {
        guard case .mapping(let entries) = node.content else {
            problems.append(
                SettingsProblem(
                    origin: node.origin, key: key, message: "has to be {topic: …, user_id: …}, not \(node.kindName)"))
            return nil
        }
        let known = ["topic", "user_id"]
        for entry in entries where !known.contains(entry.name) {
            let hint =
                closestMatch(to: entry.name, among: known).map { "; did you mean \(key).\($0)?" } ?? "; known are topic, user_id"
            problems.append(
                SettingsProblem(origin: entry.origin, key: "\(key).\(entry.name)", message: "unknown key\(hint)"))
        }
        func member(_ name: String, _ shape: SettingShape<String>) -> String? {
            guard let entry = entries.first(where: { $0.name == name }) else {
                problems.append(
                    SettingsProblem(origin: node.origin, key: "\(key).\(name)", message: "required, and not set"))
                return nil
            }
            // The key's place, as for every other setting.
            let value = SettingsNode(content: entry.value.content, origin: entry.origin)
            return shape.decode(value, "\(key).\(name)", &problems)
        }
        let topic = member("topic", .topic)
        let field = member("user_id", .text)
        guard let topic, let field else { return nil }
        return ChangeTopicSetting(topic: topic, userIDField: field)
    }
}
