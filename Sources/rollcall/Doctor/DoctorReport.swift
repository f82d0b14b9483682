import Domain
import Report

/// All that the doctor found.
struct DoctorReport: Sendable {
    var sections: [Section]

    var checks: [Check] { sections.flatMap(\.checks) }

    func count(_ state: Check.State) -> Int { checks.count { $0.state == state } }

    /// 0 without a failure, else 1. What could not be found out is no failure, but is counted aloud.
    var exitStatus: ExitStatus { count(.failure) == 0 ? .success : .differences }

    /// The last line: what it comes to.
    var conclusion: String {
        let parts = [(Check.State.failure, "failure"), (.warning, "warning"), (.unknown, "unknown"), (.ok, "ok")]
            .filter { count($0.0) > 0 }
            .map { state, name in
                let plural = state == .failure || state == .warning ? nil : name
                return PlainText.count(count(state), name, plural)
            }
        return "doctor: " + (parts.isEmpty ? "nothing to check" : parts.joined(separator: ", "))
    }

    var json: JSONValue {
        [
            "ok": .bool(exitStatus == .success),
            "counts": .object(Check.State.allCases.map { .init($0.rawValue, .number(count($0))) }),
            "sections": .array(
                sections.map { ["name": .string($0.name), "checks": .array($0.checks.map(\.json))] }),
        ]
    }
}

extension DoctorReport {
    /// How the text is laid out.
    struct Options: Sendable {
        var colours = false
        var width = 100
        /// Whether what is fine also says why it matters.
        var explainsAll = false
    }

    /// For people: what is fine takes one line, what is not says why it matters and how to mend it.
    func text(_ options: Options = Options()) -> String {
        var text = ""
        for section in sections where !section.checks.isEmpty {
            text += section.name + "\n"
            for check in section.checks { text += Self.text(check, options) }
            text += "\n"
        }
        return text + conclusion + "\n"
    }

    private static let indent = String(repeating: " ", count: 11)

    private static func text(_ check: Check, _ options: Options) -> String {
        let columns = max(40, options.width - indent.count)
        func lines(_ words: String) -> [String] { PlainText.wrapped(PlainText.visible(words), to: columns) }
        let label = "  " + painted(PlainText.padded(check.state.rawValue, to: 9), check.state, options)
        var text = label + lines(check.finding).joined(separator: "\n" + indent) + "\n"
        guard check.state != .ok || options.explainsAll else { return text }
        for line in lines(check.why) { text += indent + line + "\n" }
        // A command is not broken across lines: it is there to be copied.
        if let mend = check.mend {
            for line in mend.split(separator: "\n") { text += indent + "→ " + PlainText.visible(String(line)) + "\n" }
        }
        return text
    }

    private static func painted(_ label: String, _ state: Check.State, _ options: Options) -> String {
        guard options.colours else { return label }
        let colour =
            switch state {
            case .ok: "32"
            case .warning: "33"
            case .failure: "31"
            case .unknown: "36"
            }
        return "\u{1B}[\(colour)m\(label)\u{1B}[0m"
    }
}
