import Domain

/// The first screen of a run: the verdict, why it can be believed, what is wrong, and what to do.
public struct TerminalSummary: Sendable {
    public struct Options: Sendable {
        /// Whether ANSI colours may be used.
        public var colors: Bool
        /// Columns of the terminal; explanations are wrapped and examples cut to it. Commands and paths never are, because a
        /// command that was cut cannot be pasted.
        public var width: Int
        /// Example findings to show.
        public var examples: Int

        public init(colors: Bool = false, width: Int = 100, examples: Int = 8) {
            self.colors = colors
            self.width = max(40, width)
            self.examples = examples
        }
    }

    public let report: RunReport
    /// Where the report lies; nil while it has not been written.
    public let path: String?
    public let commands: Commands
    public let options: Options

    public init(_ report: RunReport, path: String?, commands: Commands = Commands(), options: Options = Options()) {
        self.report = report
        self.path = path
        self.commands = commands
        self.options = options
    }

    /// The screen, every line ended by a line feed.
    public var text: String {
        let sections = FirstScreen.Section.allCases.flatMap(lines).filter { !$0.isEmpty }
        return sections.map { $0.joined(separator: "\n") }.joined(separator: "\n\n") + "\n"
    }

    private var screen: FirstScreen { FirstScreen(report: report, commands: commands) }

    /// The blocks of a section; a block is set off by an empty line.
    private func lines(_ section: FirstScreen.Section) -> [[String]] {
        switch section {
        case .verdict: [[headline] + lead]
        case .coverage: [facts(screen.coverage), counts]
        case .asOf: [facts(screen.asOf)]
        case .change: [facts(screen.change)]
        case .causes: [causes]
        case .clusters: [clusters]
        case .staleness: [staleness]
        case .examples: [examples]
        case .notes: [notes]
        case .next: [path.map { [paint("Report", .bold) + "  " + PlainText.visible($0)] } ?? [], nextSteps]
        }
    }

    private var headline: String {
        let color: Style =
            switch report.verdict {
            case .clean: .green
            case .differences, .error: .red
            case .incomplete: .yellow
            }
        return paint(PlainText.visible(report.headline), color, .bold)
    }

    /// What whoever reads no further has to know. Where nothing is to be done, the headline says all of it.
    private var lead: [String] {
        guard let first = screen.first else { return [] }
        let change = report.delta.map { "  \($0.text) since the last run" }
        return [change, "  " + paint("Do first", .bold) + "  " + paint(first.command, .cyan)].compactMap { $0 }
    }

    private func facts(_ facts: [Fact]) -> [String] {
        let labelWidth = 12
        return facts.flatMap { fact in
            let lines = PlainText.wrapped(PlainText.visible(fact.text), to: options.width - labelWidth - 2)
            return lines.enumerated().map { index, line in
                let label = PlainText.padded(index == 0 ? fact.label : "", to: labelWidth)
                return "  " + (index == 0 ? paint(label, .dim) : label) + line
            }
        }
    }

    private var counts: [String] {
        guard let table = screen.counts else { return [] }
        let columns = table.header.indices.dropFirst().map { column in
            let cells = [table.header[column]] + table.rows.map { $0[column] }
            let width = cells.map(PlainText.width).max() ?? 0
            return cells.map { PlainText.rightAligned($0, to: width) }
        }
        let labels = ([table.header[0]] + table.rows.map { $0[0] }).map { PlainText.padded($0, to: 9) }
        return labels.enumerated().map { row, label in
            let line = "  " + label + columns.map { "  " + $0[row] }.joined()
            return row == 0 ? paint(line, .dim) : line
        }
    }

    private var causes: [String] {
        let buckets = screen.buckets
        guard !buckets.isEmpty else { return [] }
        let numbers = buckets.map { PlainText.grouped($0.findings) }
        let numberWidth = max(4, numbers.map(PlainText.width).max() ?? 0)
        let indent = String(repeating: " ", count: numberWidth + 4)
        return [paint("Causes", .bold)]
            + zip(buckets, numbers).flatMap { entry, number in
                let name = "\(entry.bucket.title): \(PlainText.visible(entry.bucket.causeCode))"
                var lines = ["  " + paint(PlainText.rightAligned(number, to: numberWidth), .bold) + "  " + name]
                lines += PlainText.wrapped(entry.bucket.explanation, to: options.width - indent.count).map { indent + $0 }
                lines.append(indent + (entry.command.map { paint($0, .cyan) } ?? "no command can mend it"))
                return lines
            }
    }

    private var clusters: [String] {
        let groups = screen.clusters
        guard !groups.isEmpty else { return [] }
        return [paint("Where they cluster", .bold)]
            + groups.flatMap { group in
                let name = "\(group.bucket.title): \(PlainText.visible(group.bucket.causeCode))"
                return ["  " + name]
                    + group.clusters.flatMap { PlainText.wrapped(PlainText.visible($0.text), to: options.width - 8) }
                    .map { "        " + paint($0, .yellow) }
            }
    }

    private var staleness: [String] {
        guard let staleness = screen.staleness else { return [] }
        let numbers = staleness.bars.map { PlainText.grouped($0.findings) }
        let numberWidth = max(4, numbers.map(PlainText.width).max() ?? 0)
        let most = staleness.bars.map(\.findings).max() ?? 0
        var lines = [paint("Stale for", .bold)]
        for (bar, number) in zip(staleness.bars, numbers) {
            let length = most == 0 ? 0 : max(1, bar.findings * 24 / most)
            lines.append(
                "  \(PlainText.rightAligned(number, to: numberWidth))  \(PlainText.padded(bar.label, to: 10))  "
                    + paint(String(repeating: "▪", count: length), .dim))
        }
        if let oldest = screen.oldest { lines += PlainText.wrapped(oldest, to: options.width - 4).map { "    " + $0 } }
        return lines
    }

    private var examples: [String] {
        let shown = fairChoice
        guard !shown.isEmpty else { return [] }
        let names = shown.map { "\($0.stage.rawValue) \($0.kind.rawValue)" }
        let nameWidth = names.map(PlainText.width).max() ?? 0
        var lines = [paint("Examples", .bold)]
        for (line, name) in zip(shown, names) {
            let fields = line.fields.isEmpty ? "" : " (\(line.fields.joined(separator: ", ")))"
            let text = "  \(PlainText.padded(name, to: nameWidth))  \(PlainText.visible(line.user.text + fields))"
            lines.append(PlainText.clipped(text, to: options.width))
            for value in line.values ?? [] {
                lines.append(PlainText.clipped("      " + PlainText.visible(value.text), to: options.width))
            }
        }
        let rest = report.differences - shown.count
        if rest > 0 {
            let place = path.map { " in \(PlainText.visible($0))/findings.ndjson" } ?? ""
            lines.append("  … and \(PlainText.grouped(rest)) more\(place)")
        }
        return lines
    }

    /// Examples of every bucket before a second one of any, in the order of the buckets.
    private var fairChoice: [FindingLine] {
        var rankOf: [Bucket: Int] = [:]
        let ranked = report.examples.enumerated().map { index, line in
            defer { rankOf[line.bucket, default: 0] += 1 }
            return (rank: rankOf[line.bucket, default: 0], index: index)
        }
        let chosen = ranked.sorted { ($0.rank, $0.index) < ($1.rank, $1.index) }.prefix(options.examples)
        return chosen.map(\.index).sorted().map { report.examples[$0] }
    }

    private var notes: [String] {
        guard !screen.notes.isEmpty else { return [] }
        return [paint("Notes", .bold)]
            + screen.notes.flatMap { note in
                PlainText.wrapped(PlainText.visible(note), to: options.width - 4).enumerated()
                    .map { ($0 == 0 ? "  - " : "    ") + $1 }
            }
    }

    private var nextSteps: [String] {
        let steps = screen.steps
        guard !steps.isEmpty else { return [] }
        return [paint("Next", .bold)]
            + steps.flatMap { step in
                ["  " + paint(step.command, .cyan)]
                    + PlainText.wrapped(step.purpose, to: options.width - 6).map { "      " + $0 }
            }
    }

    /// Select Graphic Rendition parameters, ECMA-48 section 8.3.117.
    private enum Style: String {
        case bold = "1"
        case dim = "2"
        case red = "31"
        case green = "32"
        case yellow = "33"
        case cyan = "36"
    }

    private func paint(_ text: String, _ styles: Style...) -> String {
        guard options.colors else { return text }
        return "\u{1b}[\(styles.map(\.rawValue).joined(separator: ";"))m\(text)\u{1b}[0m"
    }
}
