/// Where the effective value of a setting comes from.
enum SettingOrigin: Sendable, Hashable, CustomStringConvertible {
    /// Nobody said anything.
    case builtIn
    /// A place in the settings file; lines and columns count from 1.
    case file(path: String, line: Int, column: Int)
    /// An environment variable.
    case environment(String)
    /// An option of the command line, as it is spelled there.
    case flag(String)

    var description: String {
        switch self {
        case .builtIn: "default"
        case .file(let path, let line, let column): "\(path):\(line):\(column)"
        case .environment(let name): name
        case .flag(let spelling): spelling
        }
    }
}
