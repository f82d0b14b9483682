import Domain

/// `index.html` of one run: the first screen, and the findings to look through.
struct RunPage {
    let screen: FirstScreen
    let findings: EmbeddedFindings

    init(_ report: RunReport, commands: Commands, findings: EmbeddedFindings) {
        screen = FirstScreen(report: report, commands: commands)
        self.findings = findings
    }

    var report: RunReport { screen.report }

    /// Writes the page piece by piece, since the findings that it carries are most of it.
    func write(to file: inout OutputFile) throws(ReportError) {
        let (head, tail) = frame
        try file.write(head.html)
        try file.write("<script type=\"application/json\" id=\"data\">")
        try findings.write(to: &file, startedAt: report.startedAt)
        try file.write("</script>")
        try file.write(tail.html)
    }

    private var frame: (head: Markup, tail: Markup) {
        Page.frame(
            title: "\(report.verdict.word): run \(report.runID)", tone: report.verdict.rawValue,
            home: """
                <a href="../index.html">All runs</a>\(screen.steps.isEmpty ? "" : " <a href=\"#next\">Next</a>" as Markup)\
                \(findings.total == 0 ? "" : " <a href=\"#findings\">Findings</a>" as Markup)
                """,
            body: """
                \(section(.verdict))
                <div class="beside">\(section(.coverage))\(section(.asOf))</div>
                \(FirstScreen.Section.allCases.filter { ![.verdict, .coverage, .asOf].contains($0) }.map(section))
                \(table)
                \(record)
                """)
    }

    private func section(_ section: FirstScreen.Section) -> Markup {
        switch section {
        case .verdict: verdict
        case .coverage: coverage
        case .asOf: asOf
        case .change: change
        case .causes: causes
        case .clusters: clusters
        case .staleness: staleness
        // The table below shows what the other forms give examples of.
        case .examples: ""
        case .notes: notes
        case .next: next
        }
    }

    // MARK: - Sections

    private var verdict: Markup {
        """
        <section class="hero" aria-labelledby="verdict">
        <p class="pill">\(report.verdict.word)</p>
        <h1 id="verdict">\(screen.headline)</h1>
        <p class="lead">Run <code>\(report.runID.text)</code> · \(report.mode.rawValue) · \(report.startedAt.readable) · took \(report.tookText)\
        \(report.delta.map { delta -> Markup in " · \(delta.text)" }.orNothing)</p>
        \(first.orNothing)
        </section>
        """
    }

    private var first: Markup? {
        screen.first.map { step in "<div class=\"first\"><p>Do first</p>\(Self.command(step.command))</div>" }
    }

    private var coverage: Markup {
        let incomplete = screen.coverage.first { $0.label == "incomplete" }.map { fact -> Markup in
            "<p class=\"warn\">Incomplete: \(fact.text)</p>"
        }
        let text = screen.coverage.first { $0.label == "coverage" }?.text ?? "nothing was covered"
        return """
            <section aria-labelledby="coverage">
            <h2 id="coverage">Coverage</h2>
            <div class="cover"><svg class="meter" viewBox="0 0 100 4" preserveAspectRatio="none" role="img" aria-label="\(report.coverage.percent) per cent \
            of the plan scanned"><rect class="track" width="100" height="4"/><rect class="fill" width="\(report.coverage.percent)" height="4"/></svg>
            <p>\(text)</p></div>
            \(incomplete.orNothing)
            \(counts.orNothing)
            </section>
            """
    }

    /// One column per stage, so that millions fit on a phone as well, and no outcome is out of sight.
    private var counts: Markup? {
        guard let table = screen.counts else { return nil }
        let header = table.rows.map { stage -> Markup in "<th scope=\"col\">\(stage[0])</th>" }
        let rows = table.header.enumerated().dropFirst().map { column, title -> Markup in
            let cells = table.rows.map { stage -> Markup in
                let isWrong = stage[column] != "0" && ["missing", "stale", "extra", "unresolved"].contains(title)
                return "<td\(isWrong ? " class=\"bad\"" : "" as Markup)>\(stage[column])</td>"
            }
            return "<tr><th scope=\"row\">\(title)</th>\(cells)</tr>"
        }
        return """
            <table class="counts"><caption class="hidden">Users by outcome and stage</caption>
            <thead><tr><th scope="col">stage</th>\(header)</tr></thead><tbody>\(rows)</tbody></table>
            """
    }

    private var asOf: Markup {
        // The run itself stands below the headline.
        let facts = screen.asOf.filter { $0.label != "run" }
        guard !facts.isEmpty else { return "" }
        return """
            <section aria-labelledby="as-of">
            <h2 id="as-of">As of</h2>
            <dl class="facts">\(facts.map(Self.fact))</dl>
            </section>
            """
    }

    private static func fact(_ fact: Fact) -> Markup {
        "<div><dt>\(fact.labelUnderTitle)</dt><dd>\(fact.text)</dd></div>"
    }

    private var change: Markup {
        let delta = report.delta.map { delta -> Markup in
            """
            <dl class="delta"><div class="is-new"><dd>\(PlainText.grouped(delta.new))</dd><dt>new</dt></div>\
            <div class="is-persisting"><dd>\(PlainText.grouped(delta.persisting))</dd><dt>persisting</dt></div>\
            <div class="is-healed"><dd>\(PlainText.grouped(delta.healed))</dd><dt>healed</dt></div></dl>
            """
        }
        let standing = report.standingText.map { text -> Markup in "<p class=\"standing\">\(text.firstUppercased)</p>" }
        let nothing: Markup =
            report.verdict == .error
            ? "<p class=\"quiet\">This run came to no verdict, so there is nothing to compare.</p>"
            : "<p class=\"quiet\">There is no earlier run to compare with.</p>"
        return """
            <section aria-labelledby="change">
            <h2 id="change">Since the last run</h2>
            <div class="change"><div>\(delta ?? nothing)\(standing.orNothing)</div>
            <div>\(report.trend.count > 1 ? Charts.trend(report.trend) : "")</div></div>
            </section>
            """
    }

    private var notes: Markup {
        guard !screen.notes.isEmpty else { return "" }
        let items = screen.notes.map { note -> Markup in "<li>\(Self.sentence(note))</li>" }
        return "<section aria-labelledby=\"notes\"><h2 id=\"notes\">Notes</h2><ul class=\"sentences\">\(items)</ul></section>"
    }

    private var next: Markup {
        guard !screen.steps.isEmpty else { return "" }
        let items = screen.steps.map { step -> Markup in
            "<li>\(Self.command(step.command))<p>\(step.purpose.firstUppercased).</p></li>"
        }
        return "<section aria-labelledby=\"next\"><h2 id=\"next\">Next</h2><ul class=\"steps\">\(items)</ul></section>"
    }

    /// A note, with what stands between backticks in it as code.
    private static func sentence(_ text: String) -> Markup {
        let parts = text.firstUppercased.split(separator: "`", omittingEmptySubsequences: false)
        guard parts.count % 2 == 1 else { return "\(text.firstUppercased)" }
        let marked = parts.enumerated().map { index, part -> Markup in
            index % 2 == 1 ? "<code>\(String(part))</code>" : "\(String(part))"
        }
        return "\(marked)"
    }

    static func command(_ command: String) -> Markup {
        // Browsers break lines at hyphens too, and an option that begins on the line before reads like two words.
        let words = command.split(separator: " ", omittingEmptySubsequences: false).map { word -> Markup in "<span>\(word)</span>"
        }
        let text = words.dropFirst().reduce(words.first.orNothing) { line, word in "\(line) \(word)" }
        return
            "<div class=\"command\"><code>\(text)</code><button type=\"button\" class=\"copy\" hidden aria-label=\"Copy the command \(command)\">Copy</button></div>"
    }
}

extension Verdict {
    /// A word for a reader.
    var word: String {
        switch self {
        case .clean: "Clean"
        case .differences: "Differences"
        case .incomplete: "Incomplete"
        case .error: "No verdict"
        }
    }
}

extension String {
    var firstUppercased: String { prefix(1).uppercased() + dropFirst() }
}

/// A text as one value of a link's fragment (RFC 3986, unreserved characters only).
func percentEncoded(_ text: String) -> String {
    var result = ""
    for byte in text.utf8 {
        switch byte {
        case 0x30...0x39, 0x41...0x5A, 0x61...0x7A, UInt8(ascii: "-"), UInt8(ascii: "."), UInt8(ascii: "_"), UInt8(ascii: "~"):
            result.unicodeScalars.append(Unicode.Scalar(byte))
        default:
            let digits = String(byte, radix: 16, uppercase: true)
            result += "%" + (digits.utf8.count == 1 ? "0" : "") + digits
        }
    }
    return result
}
