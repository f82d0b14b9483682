import Domain
import Testing

@testable import Report

@Suite("Old reports go, and users can be taken out of reports")
struct ReportUpkeepTests {
    private let scratch: Scratch
    private var store: ReportStore { ReportStore(directory: scratch.path) }

    init() throws {
        scratch = try Scratch()
    }

    private func write(_ run: String, users: [String] = [], clean: Bool = true, day: Int64 = 0) throws {
        let writer = try ReportWriter(directory: scratch.path, runID: try Sample.run(run))
        var report = try Sample.healthy(try Sample.run(run))
        report.finishedAt = UTCTime(millisecondsSince1970: day * 86_400_000)
        for user in users { try writer.add(try Sample.line(user, .aggregate, .stale, fields: ["email"])) }
        if !clean { report.fence.hops = [] }
        report.adopt(writer.tally)
        report.conclude()
        try writer.finish(report)
    }

    private func runs() throws -> [String] {
        try scratch.names().filter { $0.hasPrefix("2026") }
    }

    @Test("A report goes only when every rule lets it go; the newest and the newest clean one stay")
    func retention() throws {
        try write("20260101T000000Z-0001", day: 1)
        try write("20260102T000000Z-0002", day: 2)
        try write("20260103T000000Z-0003", clean: false, day: 3)
        try write("20260104T000000Z-0004", clean: false, day: 4)
        let old = UTCTime(millisecondsSince1970: 10 * 86_400_000)
        #expect(try store.expired(ReportRetention()) == [])
        #expect(
            try store.expired(ReportRetention(keep: 1, olderThan: UTCTime(millisecondsSince1970: 0))) == [], "none is that old")
        #expect(try store.expired(ReportRetention(keep: 3, olderThan: old)).map(\.text) == ["20260101T000000Z-0001"])
        #expect(
            try store.expired(ReportRetention(olderThan: old)).map(\.text)
                == ["20260101T000000Z-0001", "20260103T000000Z-0003"], "0002 is the newest clean one, 0004 the newest")
        for run in try store.expired(ReportRetention(keep: 1)) { try store.remove(run) }
        #expect(try runs() == ["20260102T000000Z-0002", "20260104T000000Z-0004"])
        #expect(try scratch.names().filter { $0.hasPrefix(".tmp-") } == [])
    }

    @Test("A report that cannot be read goes by the time in its name")
    func unreadable() throws {
        try write("20260105T000000Z-0005")
        try write("20260101T000000Z-0001")
        try write("20260106T000000Z-0006")
        try scratch.write("broken", to: "20260101T000000Z-0001/other")
        // The report itself is what cannot be read.
        let file = "\(scratch.path)/20260101T000000Z-0001/report.json"
        var output = try OutputFile(file, flags: 0)
        try output.write("}")
        try output.sync()
        let limit = try #require(UTCTime("2026-01-02T00:00:00Z"))
        #expect(try store.expired(ReportRetention(olderThan: limit)).contains(try Sample.run("20260101T000000Z-0001")))
        try store.remove(try Sample.run("20260101T000000Z-0001"))
        #expect(try runs() == ["20260105T000000Z-0005", "20260106T000000Z-0006"])
    }

    /// Every file below the directory in which the text stands.
    private func filesNaming(_ text: String) throws -> [String] {
        try runs().flatMap { run in
            try scratch.names(run).filter { try scratch.text("\(run)/\($0)").contains(text) }.map { "\(run)/\($0)" }
        }
    }

    @Test("A forgotten user is in no file of any report; the others, the counts and the verdict are as they were")
    func forget() throws {
        let needle = "needle-4711"
        try write("20260101T000000Z-0001", users: ["a", needle, "b"])
        try write("20260102T000000Z-0002", users: ["a"])
        let untouched = try scratch.text("20260102T000000Z-0002/report.json")
        #expect(try !filesNaming(needle).isEmpty)
        let before = try store.load(.run(try Sample.run("20260101T000000Z-0001"))).report

        let outcome = try store.forget(UserID(needle))
        #expect(outcome.rewritten.map(\.text) == ["20260101T000000Z-0001"])
        #expect(outcome.findings == 1)
        #expect(outcome.unreadable == [])
        #expect(try filesNaming(needle) == [])
        #expect(try scratch.names().filter { $0.hasPrefix(".tmp-") } == [])
        let stored = try store.load(.run(try Sample.run("20260101T000000Z-0001")))
        #expect(stored.report.counts == before.counts)
        #expect(stored.report.verdict == .differences)
        #expect(stored.report.notes.last?.contains("a user was removed from this report") == true)
        let findings = try stored.findings()
        var users: [String] = []
        while let line = try findings.next() { users.append(line.user.text) }
        #expect(users == ["a", "b"])
        #expect(try scratch.text("20260102T000000Z-0002/report.json") == untouched)
        #expect(try store.forget(UserID(needle)) == ReportStore.Forgetting(), "there is nothing left to do")
    }

    @Test("A message that names the user keeps its sense without the name, and no longer id loses a part")
    func messages() throws {
        let run = try Sample.run("20260101T000000Z-0001")
        let writer = try ReportWriter(directory: scratch.path, runID: run)
        var report = try Sample.healthy(run)
        report.notes = ["the query yields two rows for user 42", "user 421 is somebody else"]
        report.adopt(writer.tally)
        report.conclude()
        try writer.finish(report)
        #expect(try store.forget(UserID("42")).rewritten == [run])
        let notes = try store.load(.run(run)).report.notes
        #expect(notes.prefix(2) == ["the query yields two rows for user (forgotten)", "user 421 is somebody else"])
    }

    @Test("A report that cannot be read is named")
    func unreadableReport() throws {
        try write("20260101T000000Z-0001", users: ["a"])
        let file = "\(scratch.path)/20260101T000000Z-0001/findings.ndjson"
        var output = try OutputFile(file, flags: 0)
        try output.write("}}}}")
        try output.sync()
        #expect(try store.forget(UserID("a")).unreadable == ["\(scratch.path)/20260101T000000Z-0001"])
    }
}
