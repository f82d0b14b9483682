import Domain
import Testing

@testable import Report

@Suite("Values of rows are where somebody asked for them, and nowhere else")
struct RevealTests {
    private let values = [
        FieldValues(name: "email", source: "a@example.com", topic: .null), FieldValues(name: "phone", source: nil, topic: "1"),
    ]

    @Test("A line carries them through its file, and null is not the same as absent")
    func coding() throws {
        var line = try Sample.line("7", .aggregate, .stale, fields: ["email", "phone"])
        #expect(line.json["values"] == .null)
        line.values = values
        let read = try FindingLine(json: try JSONValue(parsing: line.json.bytes))
        #expect(read.values == values)
        #expect(read == line)
    }

    @Test("A report shows them only when asked; who looked is written beside it, and survives when a user is forgotten")
    func stored() throws {
        let scratch = try Scratch()
        let run = try Sample.run()
        let writer = try ReportWriter(directory: scratch.path, runID: run)
        for user in ["7", "8"] {
            var line = try Sample.line(user, .aggregate, .stale, fields: ["email", "phone"])
            line.values = values
            try writer.add(line)
        }
        var report = try Sample.healthy(run)
        report.revealedBy = "root"
        report.adopt(writer.tally)
        report.conclude()
        try writer.finish(report)
        let stored = try ReportStore(directory: scratch.path).load(.latest)
        for format in ReportFormat.allCases {
            var text = ""
            try stored.masked.render(format) { text += String(decoding: $0, as: UTF8.self) }
            #expect(!text.contains("a@example.com"), "\(format)")
        }
        let shown = TerminalSummary(stored.report, path: nil).text
        #expect(shown.contains(#"email: "a@example.com" in MySQL, null on the topic"#))
        #expect(shown.contains(#"phone: no such field in MySQL, "1" on the topic"#))
        #expect(shown.contains("as root asked with --reveal"))
        #expect(!MarkdownSummary(stored.masked.report).text.contains("a@example.com"))

        try stored.recordReveal(by: "somebody")
        try RevealRecord.append(["user": "7", "by": "somebody"], in: scratch.path)
        try RevealRecord.append(["user": "8", "by": "somebody"], in: scratch.path)
        _ = try ReportStore(directory: scratch.path).forget(UserID("7"))
        #expect(try scratch.text("\(run.text)/reveals.ndjson").contains("somebody"))
        #expect(try scratch.text("reveals.ndjson").split(separator: "\n").count == 1)
        #expect(try !scratch.text("\(run.text)/findings.ndjson").contains("\"7\""))
    }

    @Test("Values come from both sides, by name")
    func fromBytes() {
        let found = FieldValues.of(
            ["email", "phone"], row: Array(#"{"email":"a@example.com"}"#.utf8), found: Array(#"{"email":null,"phone":"1"}"#.utf8))
        #expect(found == values)
        #expect(FieldValues.of(["email"], row: Array("[]".utf8), found: Array("{}".utf8)) == [])
    }
}
