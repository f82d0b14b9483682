/// One thing that is wrong with the settings: where, which key, what, and what to do.
struct SettingsProblem: Sendable, Hashable, CustomStringConvertible {
    var origin: SettingOrigin
    /// The dotted key, such as `source.mysql.port`; empty where the file as a whole is meant.
    var key: String
    var message: String

    /// `rollcall.yaml:12:3: source.qery: unknown key; did you mean source.query?`
    var description: String {
        let place = origin == .builtIn ? [] : [origin.description]
        return (place + (key.isEmpty ? [] : [key]) + [message]).joined(separator: ": ")
    }

    /// Problems of the file by line, then those of the environment and of the flags.
    static func precedes(_ left: SettingsProblem, _ right: SettingsProblem) -> Bool {
        left.order.lexicographicallyPrecedes(right.order)
    }

    private var order: [Int] {
        switch origin {
        case .file(_, let line, let column): [0, line, column]
        case .builtIn: [1]
        case .environment: [2]
        case .flag: [3]
        }
    }
}

/// Everything that is wrong with the settings, at once, so that one look at the file mends it.
struct SettingsError: Error, Sendable, CustomStringConvertible {
    var problems: [SettingsProblem]

    var description: String { problems.map(\.description).joined(separator: "\n") }
}
