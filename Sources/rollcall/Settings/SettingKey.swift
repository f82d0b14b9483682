import Domain

/// One setting: its key, what its values look like, its default and its documentation. Parsing, `config show`, the search for
/// unknown keys and the documented example are all driven by these, so that none of them can drift from the others.
struct SettingKey<Value: Sendable>: SettingDescriptor {
    let path: String
    let shape: SettingShape<Value>
    /// What holds where nobody says anything; nil where somebody has to.
    let defaultValue: Value?
    let summary: String
    let example: String?
    let secrecy: SettingSecrecy

    /// A setting that somebody has to give; the example is what the documented file shows.
    init(required path: String, _ shape: SettingShape<Value>, example: String, _ summary: String) {
        self.path = path
        self.shape = shape
        self.defaultValue = nil
        self.summary = summary
        self.example = example
        self.secrecy = .open
    }

    /// A setting with a default.
    init(
        _ path: String, _ shape: SettingShape<Value>, default value: Value, example: String? = nil,
        secrecy: SettingSecrecy = .open, _ summary: String
    ) {
        self.path = path
        self.shape = shape
        self.defaultValue = value
        self.summary = summary
        self.example = example
        self.secrecy = secrecy
    }

    /// A setting that nobody has to give and that has no default.
    init<Wrapped>(
        optional path: String, _ shape: SettingShape<Wrapped>, example: String? = nil, secrecy: SettingSecrecy = .open,
        _ summary: String
    ) where Value == Wrapped? {
        self.init(path, shape.orAbsent, default: nil, example: example, secrecy: secrecy, summary)
    }

    var form: SettingForm { shape.form }
    var expectation: String { shape.expectation }
    var isRequired: Bool { defaultValue == nil }
    var defaultJSON: JSONValue? { defaultValue.map(shape.render) }

    func entry(from node: SettingsNode, problems: inout [SettingsProblem]) -> SettingEntry? {
        guard let value = shape.decode(node, path, &problems) else { return nil }
        return SettingEntry(descriptor: self, value: value, json: shape.render(value), origin: node.origin)
    }

    var defaultEntry: SettingEntry? {
        defaultValue.map { SettingEntry(descriptor: self, value: $0, json: shape.render($0), origin: .builtIn) }
    }
}

/// How a setting treats secrets.
enum SettingSecrecy: Sendable {
    /// The value may be seen by anybody.
    case open
    /// The value is the path of a file that holds the secret called `secret`.
    case file(holds: String)
    /// The value itself is a secret: only the environment may give it.
    case secret
}

/// A ``SettingKey`` whose type does not matter.
protocol SettingDescriptor: Sendable {
    /// The dotted key, such as `source.mysql.port`.
    var path: String { get }
    var form: SettingForm { get }
    var expectation: String { get }
    var isRequired: Bool { get }
    /// One or two sentences for the reader of the documented file.
    var summary: String { get }
    /// What the documented file shows, as YAML; nil shows the default.
    var example: String? { get }
    var secrecy: SettingSecrecy { get }
    var defaultJSON: JSONValue? { get }
    var defaultEntry: SettingEntry? { get }
    func entry(from node: SettingsNode, problems: inout [SettingsProblem]) -> SettingEntry?
}

extension SettingDescriptor {
    /// `ROLLCALL_SOURCE_MYSQL_PORT` for `source.mysql.port`.
    var environmentVariable: String {
        "ROLLCALL_" + path.replacing(".", with: "_").uppercased()
    }

    /// The last part of the key.
    var name: String { path.split(separator: ".").last.map(String.init) ?? path }

    var area: SettingsArea? { path.split(separator: ".").first.flatMap { SettingsArea(rawValue: String($0)) } }
}

/// One effective value.
struct SettingEntry: Sendable {
    let descriptor: any SettingDescriptor
    let value: any Sendable
    let json: JSONValue
    let origin: SettingOrigin
    /// Of a mapping: where each member comes from.
    var memberOrigins: [String: SettingOrigin] = [:]
}

/// A group of settings under one key. Each stored property is a ``SettingKey`` or a section, and that alone puts it in the
/// table: a key that is declared cannot be forgotten.
protocol SettingsSection: Sendable {
    var path: String { get }
    var summary: String { get }
}

/// The top-level keys. A command names those it needs, and only they have to be complete.
enum SettingsArea: String, Sendable, CaseIterable {
    case source
    case userID = "user_id"
    case changes
    case connector
    case kafka
    case pipeline
    case mapping
    case ledger
    case reports
    case verify
    case notify
    case admin
    case log
}

/// A row of the table: a section's heading or a setting.
enum SettingsTableRow: Sendable {
    case section(any SettingsSection, depth: Int)
    case setting(any SettingDescriptor, depth: Int)
}

/// Every setting there is, in the order of the documented file.
enum SettingsTable {
    static let keys = SettingKeys()
    static let rows: [SettingsTableRow] = rows(of: keys, depth: 0)
    static let descriptors: [any SettingDescriptor] = rows.compactMap {
        if case .setting(let descriptor, _) = $0 { descriptor } else { nil }
    }
    static let sections: [any SettingsSection] = rows.compactMap {
        if case .section(let section, _) = $0 { section } else { nil }
    }

    static func descriptor(_ path: String) -> (any SettingDescriptor)? {
        descriptors.first { $0.path == path }
    }

    private static func rows(of section: Any, depth: Int) -> [SettingsTableRow] {
        Mirror(reflecting: section).children.flatMap { child -> [SettingsTableRow] in
            if let descriptor = child.value as? any SettingDescriptor { return [.setting(descriptor, depth: depth)] }
            if let section = child.value as? any SettingsSection {
                return [.section(section, depth: depth)] + rows(of: section, depth: depth + 1)
            }
            return []
        }
    }
}
