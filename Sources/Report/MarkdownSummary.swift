import Domain

/// The run as a page of Markdown: `summary.md`, made to be pasted into a ticket or a pull request.
public struct MarkdownSummary: Sendable {
    public let report: RunReport
    public let commands: Commands

    public init(_ report: RunReport, commands: Commands = Commands()) {
        self.report = report
        self.commands = commands
    }

    /// The page.
    public var text: String {
        var page = ["# Rollcall: \(report.verdict.rawValue)", "**\(Markdown.escape(report.headline))**"]
        page.append(Markdown.table(["", ""], report.facts.map { [$0.label, Markdown.escape($0.text)] }))
        if !report.counts.isEmpty { page.append("## Counts\n\n" + counts) }
        if !report.causes.isEmpty { page.append("## Causes\n\n" + causes) }
        if !report.examples.isEmpty { page.append("## Examples\n\n" + examples) }
        if !report.allNotes.isEmpty {
            page.append("## Notes\n\n" + report.allNotes.map { "- " + Markdown.escape($0) }.joined(separator: "\n"))
        }
        let steps = report.nextSteps(commands)
        if !steps.isEmpty {
            page.append(
                "## Next\n\n"
                    + steps.map { "- \(Markdown.code($0.command)) \(Markdown.escape($0.purpose))" }.joined(separator: "\n"))
        }
        return page.joined(separator: "\n\n") + "\n"
    }

    private var counts: String {
        let rows = Stage.allCases.compactMap { stage -> [String]? in
            guard let count = report.counts[stage] else { return nil }
            return [stage.rawValue] + StageCounts.columns.map { PlainText.grouped(count[keyPath: $0.count]) }
        }
        return Markdown.table(["stage"] + StageCounts.columns.map(\.title), rows)
    }

    private var causes: String {
        let rows = report.causes.keys.sorted().map { bucket in
            let cluster = report.clusters.first { $0.bucket == bucket }.map { "; " + $0.text } ?? ""
            return [
                PlainText.grouped(report.causes[bucket] ?? 0), bucket.stage.rawValue, bucket.kind.rawValue,
                Markdown.code(bucket.causeCode), Markdown.escape(bucket.explanation + cluster),
            ]
        }
        return Markdown.table(["findings", "stage", "kind", "cause", "what happened"], rows)
    }

    private var examples: String {
        let rows = report.examples.map { line in
            [
                Markdown.code(PlainText.clipped(line.user.text, to: 120)), line.stage.rawValue, line.kind.rawValue,
                Markdown.code(line.bucket.causeCode), line.fields.map { Markdown.code($0) }.joined(separator: ", "),
                // An id can be as long as a key of a topic; a command is shown whole or not at all.
                line.repair.utf8.count > 300 ? "in `findings.ndjson`" : Markdown.code(line.repair),
            ]
        }
        let table = Markdown.table(["user", "stage", "kind", "cause", "fields", "repair"], rows)
        let rest = report.differences - report.examples.count
        return rest > 0 ? table + "\n\n… and \(PlainText.grouped(rest)) more in `findings.ndjson`" : table
    }
}

extension StageCounts {
    /// The columns of every table of counts.
    static let columns: [(title: String, count: KeyPath<StageCounts, Int> & Sendable)] = [
        ("users", \.users), ("matched", \.matched), ("missing", \.missing), ("stale", \.stale), ("extra", \.extra),
        ("parked", \.parked), ("unresolved", \.unresolved),
    ]
}

/// CommonMark with GitHub's tables, from texts that mean nothing to Markdown.
enum Markdown {
    /// Text that is shown as it is, on one line.
    static func escape(_ text: String) -> String {
        let scalars = Array(PlainText.visible(text).unicodeScalars)
        var result = String.UnicodeScalarView()
        for (index, scalar) in scalars.enumerated() {
            switch scalar {
            case "\\", "`", "*", "_", "[", "]", "<", ">", "|", "&", "~", "#", "$":
                result.append("\\")
                result.append(scalar)
            // GitHub makes links of addresses, and calls people by their names.
            case ":" where index + 1 < scalars.count && scalars[index + 1] == "/":
                result.append(contentsOf: "&#58;".unicodeScalars)
            case "@" where index == 0 || !scalars[index - 1].properties.isAlphabetic && !("0"..."9").contains(scalars[index - 1]):
                result.append(contentsOf: "&#64;".unicodeScalars)
            default: result.append(scalar)
            }
        }
        return String(result)
    }

    /// A code span: nothing in it is interpreted, so ids and commands stand in one.
    static func code(_ text: String) -> String {
        let visible = PlainText.visible(text)
        guard !visible.isEmpty else { return "" }
        // A fence longer than any run of backticks inside; and a table splits at a bar even within code.
        var longest = 0
        var current = 0
        for scalar in visible.unicodeScalars {
            current = scalar == "`" ? current + 1 : 0
            longest = max(longest, current)
        }
        let fence = String(repeating: "`", count: longest + 1)
        let edges = [visible.unicodeScalars.first, visible.unicodeScalars.last]
        let edge = edges.contains("`") || edges.contains(" ") ? " " : ""
        return fence + edge + PlainText.replacing("|", in: visible, with: "\\|") + edge + fence
    }

    static func table(_ header: [String], _ rows: [[String]]) -> String {
        ([header, header.map { _ in "---" }] + rows).map { "| " + $0.joined(separator: " | ") + " |" }.joined(separator: "\n")
    }
}
