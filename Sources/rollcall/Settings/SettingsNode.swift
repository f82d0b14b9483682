/// A value as it was given, before anybody asked what type it should have, and the place where it was given.
struct SettingsNode: Sendable {
    enum Content: Sendable {
        case null
        case scalar(String)
        case list([SettingsNode])
        case mapping([Entry])
    }

    struct Entry: Sendable {
        var name: String
        /// Where the name stands.
        var origin: SettingOrigin
        var value: SettingsNode
    }

    var content: Content
    var origin: SettingOrigin

    /// What the value is, for messages that say what it should have been.
    var kindName: String {
        switch content {
        case .null: "empty"
        case .scalar(let text): "`\(text.prefix(40))`"
        case .list: "a list"
        case .mapping: "a mapping"
        }
    }
}
