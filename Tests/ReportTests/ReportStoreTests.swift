import Domain
import Glibc
import Testing

@testable import Report

@Suite("Reports of past runs")
struct ReportStoreTests {
    private func write(_ run: String, in scratch: Scratch, users: [String] = []) throws {
        var report = try Sample.healthy(try Sample.run(run))
        let writer = try ReportWriter(directory: scratch.path, runID: report.runID)
        for user in users { try writer.add(try Sample.line(user)) }
        report.adopt(writer.tally)
        report.conclude()
        try writer.finish(report)
    }

    @Test("They are listed newest first; one that cannot be read is named and hides no other")
    func list() throws {
        let scratch = try Scratch()
        try write("20261120T080000Z-0001", in: scratch)
        try write("20261122T080000Z-0002", in: scratch)
        #expect(mkdir(scratch.path + "/20261121T080000Z-bad0", 0o700) == 0)
        try scratch.write("{\"schema\":", to: "20261121T080000Z-bad0/report.json")
        #expect(mkdir(scratch.path + "/not-a-run", 0o700) == 0)

        let entries = try ReportStore(directory: scratch.path).list().map { entry in
            switch entry {
            case .run(let stored): stored.report.runID.text
            case .unreadable(let run, let error): "\(run) \(error.code.rawValue)"
            }
        }
        #expect(entries == ["20261122T080000Z-0002", "20261121T080000Z-bad0 malformed", "20261120T080000Z-0001"])
    }

    @Test("A directory that is not there holds no runs")
    func noDirectory() throws {
        let scratch = try Scratch()
        let store = ReportStore(directory: scratch.path + "/none")
        #expect(try store.list().isEmpty)
        let error = #expect(throws: ReportError.self) { try store.load(.latest) }
        #expect(error?.code == .notFound)
        #expect(error?.description.contains("rollcall verify") == true)
    }

    @Test("A run is found by its id and as the latest")
    func load() throws {
        let scratch = try Scratch()
        try write("20261120T080000Z-0001", in: scratch)
        try write("20261122T080000Z-0002", in: scratch)
        let store = ReportStore(directory: scratch.path + "/")
        #expect(try store.load(ReportStore.Selection(parsing: "latest")).report.runID.text == "20261122T080000Z-0002")
        #expect(
            try store.load(ReportStore.Selection(parsing: "20261120T080000Z-0001")).path
                == scratch.path + "/20261120T080000Z-0001")
        #expect(throws: ReportError.self) { try store.load(.run(try Sample.run("20261101T080000Z-0001"))) }
        #expect(throws: ReportError.self) { try ReportStore.Selection(parsing: "../../etc") }
    }

    @Test("Findings come back as they were written, and a torn line is named by its number")
    func findings() throws {
        let scratch = try Scratch()
        try write("20261120T080000Z-0001", in: scratch, users: hostileIDs)
        let stored = try ReportStore(directory: scratch.path).load(.latest)
        let reader = try stored.findings()
        var users: [UserID] = []
        while let line = try reader.next() { users.append(line.user) }
        #expect(users == hostileIDs.map { UserID($0) })
        #expect(try reader.next() == nil)

        #expect(truncate(stored.path + "/findings.ndjson", 900) == 0)
        let torn = try stored.findings()
        _ = try torn.next()
        let error = #expect(throws: ReportError.self) { while try torn.next() != nil {} }
        #expect(error?.path == stored.path + "/findings.ndjson:2")
    }

    @Test("Every form is rendered from the one stored result")
    func render() throws {
        let scratch = try Scratch()
        try write("20261120T080000Z-0001", in: scratch, users: ["42", "=1", "a\nb"])
        let stored = try ReportStore(directory: scratch.path).load(.latest)
        func rendered(_ format: ReportFormat) throws -> String {
            var bytes: [UInt8] = []
            try stored.render(format) { bytes += $0 }
            return String(decoding: bytes, as: UTF8.self)
        }
        #expect(try rendered(.json) == scratch.text("latest/report.json"))
        #expect(try rendered(.markdown) == scratch.text("latest/summary.md"))
        #expect(try rendered(.csv) == scratch.text("latest/findings.csv"))
        #expect(try rendered(.text) == TerminalSummary(stored.report, path: stored.path).text)
    }
}
