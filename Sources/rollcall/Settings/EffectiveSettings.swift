import Domain

/// The settings as they hold for this command: what file, environment and flags said, and defaults for the rest.
struct EffectiveSettings: Sendable {
    /// The file that was read; nil where there is none.
    let file: String?
    let entries: [String: SettingEntry]
    /// Variables of the environment that look like misspelled settings.
    let warnings: [String]

    static let keys = SettingsTable.keys

    /// The effective value.
    ///
    /// - Throws: ``SettingsError`` when it is required and nobody gave it.
    func value<Value>(_ key: SettingKey<Value>) throws(SettingsError) -> Value {
        guard let value = entries[key.path]?.value as? Value else {
            throw SettingsError(problems: [
                SettingsProblem(origin: file.map { .flag($0) } ?? .builtIn, key: key.path, message: "required, and not set")
            ])
        }
        return value
    }

    /// A time in seconds, as milliseconds.
    func milliseconds(_ key: SettingKey<Double>) throws(SettingsError) -> Int {
        Int((try value(key) * 1_000).rounded())
    }

    /// Where a value comes from.
    func origin(_ path: String) -> SettingOrigin {
        entries[path]?.origin ?? .builtIn
    }

    /// A short name for everything that was set, secrets left out, so that two runs can be told to have used the same settings.
    var digest: Digest {
        let lines = SettingsTable.descriptors.map { descriptor in
            "\(descriptor.path)=\(redactedJSON(descriptor.path).description)"
        }
        return Digest(of: Array(lines.joined(separator: "\n").utf8))
    }

    /// The value for people to see.
    func redactedJSON(_ path: String) -> JSONValue {
        guard let entry = entries[path] else { return .null }
        if case .secret = entry.descriptor.secrecy, !entry.json.isNull { return .string(redacted) }
        return entry.json
    }
}
