import Domain

@testable import Report

extension FuzzTarget {
    /// Whatever stands in a report, each of its forms stays what it is: JSON that is read back as the same, one verdict on the
    /// terminal and no orders to it, and a Markdown page that says nothing in HTML.
    static let report = FuzzTarget(name: "report") { bytes in
        // As a file that somebody has edited.
        if let json = try? JSONValue(parsing: bytes), let report = try? RunReport(json: json) {
            try demand(try RunReport(json: report.json) == report, "a report came back as another one")
            try checkForms(of: report)
        }
        var input = FuzzInput(bytes)
        try checkForms(of: try report(from: &input))
    }

    private static func report(from input: inout FuzzInput) throws -> RunReport {
        let shape = input.nextNumber()
        var report = RunReport(
            runID: try RunID(parsing: FuzzInput.run), mode: shape & 1 == 0 ? .verify : .reconcile,
            startedAt: UTCTime(millisecondsSince1970: 1_795_334_400_000), configDigest: input.nextText())
        report.source = SourceSummary(
            rows: Int(truncatingIfNeeded: input.nextNumber() >> 1), position: input.nextPosition(), server: input.nextText())
        report.coverage = Coverage(unit: input.nextText(), planned: 1, scanned: 1, gaps: shape & 2 == 0 ? [] : [input.nextText()])
        report.fence = FenceSummary(
            position: input.nextPosition(), strength: .strong,
            hops: [.init(hop: "connector", passed: shape & 4 == 0, detail: input.nextText(), waitedMs: 4)])
        report.aggregateTopic = TopicSummary(
            name: input.nextText(), partitions: [.init(partition: 0, low: 0, end: 7)], records: 7, live: 7, tombstones: 0)
        report.notes = [input.nextText()]
        if shape & 8 == 0 { report.canary = Canary(planted: 9, caught: 9) }
        var tally = FindingTally()
        while !input.isAtEnd { tally.add(try input.nextFinding(Commands())) }
        report.adopt(tally)
        report.conclude(failure: shape & 16 == 0 ? nil : input.nextText())
        return report
    }

    private static func checkForms(of report: RunReport) throws {
        let json = report.json.bytes
        try demand(ReferenceJSON(json) != nil, "no JSON: \(shown(json))")
        try demand(try RunReport(json: try JSONValue(parsing: json)) == report, "came back as another one: \(shown(json))")

        let screen = TerminalSummary(report, path: "reports/latest").text
        for scalar in screen.unicodeScalars where scalar != "\n" {
            try demand(!PlainText.isUnsafe(scalar), "a terminal obeys \(scalar.debugDescription)")
        }
        let verdicts = screen.split(separator: "\n").filter { $0.hasPrefix("NOT safe") || $0.hasPrefix("Safe") }
        try demand(verdicts.count <= 1, "two verdicts: \(verdicts)")

        let page = Array(MarkdownSummary(report).text.utf8)
        try checkMarkdown(page)
    }

    /// Outside of code, a page may hold no bare angle bracket: a reader of Markdown would take what follows for HTML.
    private static func checkMarkdown(_ page: [UInt8]) throws {
        for line in page.split(separator: UInt8(ascii: "\n")) {
            // Code is fenced by runs of backticks of one length; a line of the page never holds half of one.
            var rest = line[...]
            while let byte = rest.first {
                if byte == UInt8(ascii: "\\") {
                    rest = rest.dropFirst(2)
                } else if byte == UInt8(ascii: "`") {
                    let fence = rest.prefix { $0 == byte }
                    var after = rest.dropFirst(fence.count)
                    while !after.isEmpty {
                        let run = after.prefix { $0 == byte }
                        if run.count == fence.count { break }
                        after = after.dropFirst(max(1, run.count))
                    }
                    rest = after.dropFirst(fence.count)
                } else {
                    try demand(byte != UInt8(ascii: "<"), "HTML in \(shown(Array(line)))")
                    rest = rest.dropFirst()
                }
            }
        }
    }
}
