import Domain
import Glibc
import Report

/// A message that somebody should get. There is one only where something has changed, or was left alone for too long.
struct Notice {
    enum Event: String {
        /// The verdict is another one than before.
        case verdict
        /// The verdict is the same, and others are concerned.
        case findings
        /// Nothing has changed for as long as the settings allow.
        case reminder
    }

    let event: Event
    let standing: Standing
    let told: NotifiedState?

    /// Nil where there is nothing to tell: the first run is clean, or all is as it was told.
    init?(_ standing: Standing, told: NotifiedState?, reminderDays: Int) {
        self.standing = standing
        self.told = told
        guard let told else {
            if standing.verdict == .clean { return nil }
            event = .verdict
            return
        }
        if standing.verdict != told.verdict {
            event = .verdict
        } else if !standing.isSame(as: told) {
            event = .findings
        } else if standing.verdict != .clean, reminderDays > 0,
            standing.at.millisecondsSince1970 - told.toldAt.millisecondsSince1970 >= Int64(reminderDays) * 86_400_000
        {
            event = .reminder
        } else {
            return nil
        }
    }

    /// The request's body: `text` for Slack, Mattermost and their kin, `rollcall` for programs. It names no user.
    func body(report: RunReport, path: String, commands: Commands) -> JSONValue {
        var lines = ["rollcall on \(Self.host): \(report.headline)"]
        if let people { lines.append(people) }
        if let healed = report.delta?.healed, healed > 0 { lines.append("\(PlainText.count(healed, "difference")) healed") }
        if standing.verdict == .differences { lines.append("Next: \(commands.repairDryRun(report.runID))") }
        lines.append("Report: \(path)")
        return body(
            lines, reason: report.reason,
            details: [
                .init("run_id", .string(report.runID.text)), .init("mode", .string(report.mode.rawValue)),
                .init("report", .string(path)), .init("healed", .number(report.delta?.healed)),
                .init("unresolved", .number(report.unresolved)), .init("coverage_percent", .number(report.coverage.percent)),
            ])
    }

    /// The same for a run that left no report.
    func body(failure: String) -> JSONValue {
        body(["rollcall on \(Self.host): No verdict: \(failure)"], reason: failure, details: [])
    }

    private func body(_ lines: [String], reason: String?, details: [JSONValue.Member]) -> JSONValue {
        [
            "text": .string(lines.map(Self.escaped).joined(separator: "\n")),
            "rollcall": .object(
                [
                    .init("schema", "rollcall.notice/1"), .init("event", .string(event.rawValue)),
                    .init("verdict", .string(standing.verdict.rawValue)),
                    .init("previous_verdict", .string(told?.verdict.rawValue)), .init("complete", .bool(standing.complete)),
                    .init("host", .string(Self.host)), .init("at", .string(standing.at.description)),
                    .init("differences", .number(standing.differences)), .init("new", .number(standing.untold)),
                    .init("first_seen", .string(standing.oldest?.description)), .init("day", .number(standing.day)),
                    .init("reason", .string(reason)),
                ] + details),
        ]
    }

    /// Who is concerned, without names: how many are new, and since when the others wait.
    private var people: String? {
        guard standing.differences > 0, let oldest = standing.oldest, let day = standing.day else { return nil }
        let known = standing.differences - standing.untold
        let since = "since \(oldest.day), day \(day)"
        if known == 0 { return "\(PlainText.count(standing.differences, "difference")), all of them new" }
        if standing.untold == 0 {
            let same =
                standing.fingerprint == told?.fingerprint
                ? "the same \(PlainText.count(known, "difference")) as told before"
                : "\(PlainText.count(known, "difference")), none of them new"
            return "\(same) (\(since))"
        }
        return "\(PlainText.grouped(standing.untold)) new, \(PlainText.grouped(known)) as told before (\(since))"
    }

    /// The three characters that Slack's markup reserves (https://api.slack.com/reference/surfaces/formatting#escaping), and
    /// control characters.
    private static func escaped(_ text: String) -> String {
        PlainText.visible(text).replacing("&", with: "&amp;").replacing("<", with: "&lt;").replacing(">", with: "&gt;")
    }

    private static var host: String {
        var name = [CChar](repeating: 0, count: 256)
        guard gethostname(&name, name.count - 1) == 0 else { return "unknown" }
        return String(decoding: name.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }
}
