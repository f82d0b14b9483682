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
        var sections = [[headline], facts]
        if !report.counts.isEmpty { sections.append(counts) }
        if !report.causes.isEmpty { sections.append(causes) }
        if !report.examples.isEmpty, options.examples > 0 { sections.append(examples) }
        if !report.allNotes.isEmpty { sections.append(notes) }
        if let path { sections.append([paint("Report", .bold) + "  " + PlainText.visible(path)]) }
        sections.append(nextSteps)
        return sections.filter { !$0.isEmpty }.map { $0.joined(separator: "\n") }.joined(separator: "\n\n") + "\n"
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

    private var facts: [String] {
        let labelWidth = 12
        return report.facts.flatMap { fact in
            let lines = PlainText.wrapped(PlainText.visible(fact.text), to: options.width - labelWidth - 2)
            return lines.enumerated().map { index, line in
                let label = PlainText.padded(index == 0 ? fact.label : "", to: labelWidth)
                return "  " + (index == 0 ? paint(label, .dim) : label) + line
            }
        }
    }

    private var counts: [String] {
        let stages = Stage.allCases.filter { report.counts[$0] != nil }
        let columns = StageCounts.columns.map { column in
            let cells = stages.map { stage in
                report.counts[stage].map { PlainText.grouped($0[keyPath: column.count]) } ?? ""
            }
            let width = max(PlainText.width(column.title), cells.map(PlainText.width).max() ?? 0)
            return ([column.title] + cells).map { PlainText.rightAligned($0, to: width) }
        }
        let labels = (["stage"] + stages.map(\.rawValue)).map { PlainText.padded($0, to: 9) }
        return labels.enumerated().map { row, label in
            let line = "  " + label + columns.map { "  " + $0[row] }.joined()
            return row == 0 ? paint(line, .dim) : line
        }
    }

    private var causes: [String] {
        let buckets = report.causes.keys.sorted()
        let numbers = buckets.map { PlainText.grouped(report.causes[$0] ?? 0) }
        let numberWidth = max(4, numbers.map(PlainText.width).max() ?? 0)
        let indent = String(repeating: " ", count: numberWidth + 4)
        return [paint("Causes", .bold)]
            + zip(buckets, numbers).flatMap { bucket, number in
                let name = "\(bucket.stage.rawValue) \(bucket.kind.rawValue): \(PlainText.visible(bucket.causeCode))"
                var lines = ["  " + paint(PlainText.rightAligned(number, to: numberWidth), .bold) + "  " + name]
                lines += PlainText.wrapped(bucket.explanation, to: options.width - indent.count).map { indent + $0 }
                lines += report.clusters.filter { $0.bucket == bucket }.map { indent + paint($0.text, .yellow) }
                return lines
            }
    }

    private var examples: [String] {
        let shown = fairChoice
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
        [paint("Notes", .bold)]
            + report.allNotes.flatMap { note in
                PlainText.wrapped(PlainText.visible(note), to: options.width - 4).enumerated()
                    .map { ($0 == 0 ? "  - " : "    ") + $1 }
            }
    }

    private var nextSteps: [String] {
        let steps = report.nextSteps(commands)
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
