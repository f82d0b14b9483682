import Domain

/// One act of the demo: what was planted, what was found, and whether the two agree.
struct DemoAct: Sendable {
    /// Users by what is, or should be, said of them: `aggregate/stale/no_change_event_seen`.
    typealias Users = [String: Set<UserID>]

    var name: String
    /// One line with figures.
    var line: String
    /// The verdict of the run that the act is about; nil for an act without one.
    var verdict: String?
    var exitCode: Int32
    var planted: Users = [:]
    var found: Users = [:]
    var seconds: Double
    /// Whether it came out as planted.
    var isAsPlanted: Bool

    var json: JSONValue {
        .object([
            .init("name", .string(name)), .init("verdict", .string(verdict)), .init("exit_code", .number(exitCode)),
            .init("planted", Self.json(planted)), .init("found", Self.json(found)),
            .init("seconds", .number(Self.rounded(seconds))), .init("ok", .bool(isAsPlanted)),
        ])
    }

    private static func json(_ users: Users) -> JSONValue {
        .object(
            users.sorted { $0.key < $1.key }.map { bucket, users in
                .init(bucket, .array(users.sorted().map { .string($0.text) }))
            })
    }

    /// Seconds with one decimal.
    static func rounded(_ seconds: Double) -> String {
        let tenths = Int((seconds * 10).rounded())
        return "\(tenths / 10).\(tenths % 10)"
    }
}
