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
        FirstScreen.Section.allCases.compactMap(section).joined(separator: "\n\n") + "\n"
    }

    private var screen: FirstScreen { FirstScreen(report: report, commands: commands) }

    private func section(_ section: FirstScreen.Section) -> String? {
        switch section {
        case .verdict:
            (["# Rollcall: \(report.verdict.rawValue)", "**\(Markdown.escape(screen.headline))**"] + lead)
                .joined(separator: "\n\n")
        case .coverage: [facts(screen.coverage), counts].compactMap { $0 }.joined(separator: "\n\n").nilWhereEmpty
        case .asOf: titled("As of", facts(screen.asOf))
        case .change: titled("Since the last run", facts(screen.change))
        case .causes: titled("Causes", causes)
        case .clusters: titled("Where they cluster", clusters)
        case .staleness: titled("How long they have been stale", staleness)
        case .examples: titled("Examples", examples)
        case .notes: titled("Notes", list(screen.notes.map { Markdown.escape($0) }))
        case .next: titled("Next", list(screen.steps.map { "\(Markdown.code($0.command)) \(Markdown.escape($0.purpose))" }))
        }
    }

    private var lead: [String] {
        guard let first = screen.first else { return [] }
        let change = report.delta.map { "\($0.text) since the last run. " } ?? ""
        return ["\(change)Do first: \(Markdown.code(first.command))"]
    }

    private func titled(_ title: String, _ body: String?) -> String? { body.map { "## \(title)\n\n\($0)" } }

    private func facts(_ facts: [Fact]) -> String? {
        list(facts.map { "\($0.labelUnderTitle): \(Markdown.escape($0.text))" })
    }

    private func list(_ items: [String]) -> String? {
        items.isEmpty ? nil : items.map { "- " + $0 }.joined(separator: "\n")
    }

    private var counts: String? {
        screen.counts.map { Markdown.table($0.header, $0.rows, numbersFrom: 1) }
    }

    private var causes: String? {
        let rows = screen.buckets.map { entry in
            [
                PlainText.grouped(entry.findings), entry.bucket.stage.rawValue, entry.bucket.kind.rawValue,
                Markdown.code(entry.bucket.causeCode), Markdown.escape(entry.bucket.explanation),
                entry.command.map { Markdown.code($0) } ?? "no command can",
            ]
        }
        guard !rows.isEmpty else { return nil }
        return Markdown.table(["findings", "stage", "kind", "cause", "what happened", "mended by"], rows, numbersUpTo: 0)
    }

    private var clusters: String? {
        list(
            screen.clusters.map { group in
                "\(group.bucket.title) \(Markdown.code(group.bucket.causeCode)): "
                    + group.clusters.map { Markdown.escape($0.text) }.joined(separator: "; ")
            })
    }

    private var staleness: String? {
        guard let staleness = screen.staleness else { return nil }
        let table = Markdown.table(
            ["stale for", "findings"], staleness.bars.map { [$0.label, PlainText.grouped($0.findings)] }, numbersFrom: 1)
        return [table, screen.oldest.map { Markdown.escape($0) }].compactMap { $0 }.joined(separator: "\n\n")
    }

    private var examples: String? {
        guard !screen.examples.isEmpty else { return nil }
        let rows = screen.examples.map { line in
            [
                Markdown.code(PlainText.clipped(line.user.text, to: 120)), line.stage.rawValue, line.kind.rawValue,
                Markdown.code(line.bucket.causeCode), line.fields.map { Markdown.code($0) }.joined(separator: ", "),
                // An id can be as long as a key of a topic; a command is shown whole or not at all.
                line.repair.utf8.count > 300 ? "in `findings.ndjson`" : Markdown.code(line.repair),
            ]
        }
        let table = Markdown.table(["user", "stage", "kind", "cause", "fields", "repair"], rows)
        let rest = screen.unshown
        return rest > 0 ? table + "\n\n… and \(PlainText.grouped(rest)) more in `findings.ndjson`" : table
    }
}

extension String {
    fileprivate var nilWhereEmpty: String? { isEmpty ? nil : self }
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

    /// A table of cells that are Markdown already.
    ///
    /// - Parameters:
    ///   - first: The first column of numbers, which are set to the right; nil where only `last` counts.
    ///   - last: The last such column; nil for all that follow.
    static func table(
        _ header: [String], _ rows: [[String]], numbersFrom first: Int? = nil, numbersUpTo last: Int? = nil
    ) -> String {
        let areNumbers = header.indices.map { index in
            (first != nil || last != nil) && index >= first ?? 0 && index <= last ?? .max
        }
        let rule = areNumbers.map { $0 ? "---:" : "---" }
        return ([header, rule] + rows).map { "| " + $0.joined(separator: " | ") + " |" }.joined(separator: "\n")
    }
}
