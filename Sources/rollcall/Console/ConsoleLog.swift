import Glibc
import Logging
import Report

/// Log lines for people, on standard error: `12:03:59.123 warning kafka: …  topic=shop.users`.
struct ConsoleLog: LogHandler {
    let label: String
    var metadata: Logger.Metadata = [:]
    var logLevel: Logger.Level

    /// Sends everything that is logged to the console from now on. Call it once per process.
    static func bootstrap(level: Logger.Level) {
        LoggingSystem.bootstrap { ConsoleLog(label: $0, logLevel: level) }
    }

    subscript(metadataKey key: String) -> Logger.MetadataValue? {
        get { metadata[key] }
        set { metadata[key] = newValue }
    }

    func log(event: LogEvent) {
        let all = metadata.merging(event.metadata ?? [:]) { _, own in own }
        let details = all.sorted { $0.key < $1.key }.map { "  \($0.key)=\($0.value)" }.joined()
        Console.shared.complain(
            "\(Self.clock()) \(Self.name(event.level)) \(PlainText.visible("\(label): \(event.message)\(details)"))")
    }

    private static func name(_ level: Logger.Level) -> String {
        let name = PlainText.padded(level.rawValue, to: 7)
        guard Console.shared.usesColour else { return name }
        switch level {
        case .error, .critical: return "\u{1B}[31m\(name)\u{1B}[0m"
        case .warning: return "\u{1B}[33m\(name)\u{1B}[0m"
        default: return name
        }
    }

    /// The local time of day, to the millisecond.
    private static func clock() -> String {
        var now = timespec()
        clock_gettime(CLOCK_REALTIME, &now)
        var local = tm()
        localtime_r(&now.tv_sec, &local)
        func digits(_ number: Int, _ width: Int) -> String {
            let text = String(number)
            return String(repeating: "0", count: max(0, width - text.count)) + text
        }
        return "\(digits(Int(local.tm_hour), 2)):\(digits(Int(local.tm_min), 2)):\(digits(Int(local.tm_sec), 2))"
            + ".\(digits(now.tv_nsec / 1_000_000, 3))"
    }
}
