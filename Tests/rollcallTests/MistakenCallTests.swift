import Domain
import Foundation
import Report
import Testing

@testable import rollcall

@Suite("A mistake in a call is told from a run that failed")
struct MistakenCallTests {
    private let directory: TemporaryDirectory

    init() throws {
        directory = try TemporaryDirectory()
        try directory.write("rollcall.yaml", completeYAML)
    }

    private func rollcall(_ arguments: String...) throws -> Binary.Result {
        try Binary.run(arguments, in: directory.path)
    }

    /// Leaves the report of a run behind; of one that came to nothing, where there is a failure.
    private func report(_ id: String, failure: String? = nil) throws {
        let run = try RunID(parsing: id)
        var report = RunReport(runID: run, mode: .verify, startedAt: UTCTime(millisecondsSince1970: 0), configDigest: "d")
        let writer = try ReportWriter(directory: "\(directory.path)/reports", runID: run)
        if failure == nil {
            let finding = Finding(
                user: UserID("7"), stage: .aggregate, kind: .stale, cause: .noChangeEventSeen, evidence: Evidence())
            try writer.add(FindingLine(finding, run: run, firstSeen: report.startedAt))
            report.adopt(writer.tally)
        }
        report.conclude(failure: failure)
        try writer.finish(report)
    }

    @Test(
        "A ledger that is named and not there is the caller's mistake, and leaves no report",
        arguments: [["verify"], ["reconcile"], ["explain", "7"], ["forget", "7"]])
    func ledger(command: [String]) throws {
        let result = try Binary.run(command + ["--ledger", "no.sqlite"], in: directory.path)
        #expect(result == .init(status: 64, output: "", errors: "rollcall: no.sqlite: there is no such ledger (--ledger)\n"))
        #expect(try FileManager.default.contentsOfDirectory(atPath: directory.path) == ["rollcall.yaml"])
    }

    @Test(
        "A negative number is called what it is, and not a value that is missing",
        arguments: [
            ["verify", "--memory", "-5MB"], ["verify", "--fence-timeout", "-1"], ["reconcile", "--max-rows-per-second", "-3"],
        ])
    func negative(arguments: [String]) throws {
        let result = try Binary.run(arguments, in: directory.path)
        #expect(result.status == 64)
        #expect(result.errors.hasSuffix("not `\(arguments[2])`\n"))
    }

    @Test("A bucket that the run does not have is no bucket that is empty")
    func bucket() throws {
        try report("20261122T080000Z-4f2a")
        let result = try rollcall("repair", "--run", "latest", "--bucket", "god/missing/produced_then_absent", "--dry-run")
        #expect(result.status == 64)
        #expect(result.errors.contains("it has aggregate/stale/no_change_event_seen"))
    }

    @Test("The list of runs has no numbers of a run without a verdict, and says below it what cannot be read")
    func list() throws {
        try report("20261122T080000Z-4f2a")
        try report("20261123T080000Z-4f2b", failure: "the source does not answer")
        try report("20261124T080000Z-4f2c")
        let file = "\(directory.path)/reports/20261124T080000Z-4f2c/report.json"
        try Data("{".utf8).write(to: URL(fileURLWithPath: file))
        let result = try rollcall("report", "list")
        let rows = result.output.split(separator: "\n").dropFirst().map { $0.split(separator: " ").map(String.init) }
        #expect(rows.map(\.count) == [10, 10, 10])
        let nothing = [String](repeating: "-", count: 7)
        #expect(Array(rows[0].dropFirst(2)) == ["unreadable"] + nothing)
        #expect(Array(rows[1].dropFirst(2)) == ["error"] + nothing)
        #expect(result.errors.hasPrefix("rollcall: reports/20261124T080000Z-4f2c/report.json: not JSON"))
        #expect(result.errors.contains("remove the run's directory"))
    }

    @Test("On a narrow terminal the list leaves out whole columns, and names them", arguments: [nil, 80, 70])
    func narrowList(width: Int?) throws {
        try report("20261122T080000Z-4f2a")
        let list = RunList(try ReportStore(directory: "\(directory.path)/reports").list(), width: width)
        let widest = list.text.split(separator: "\n").map(\.count).max() ?? 0
        #expect(widest <= width ?? .max)
        #expect(list.text.contains("MISSING") && list.text.contains("NEW"))
        #expect((list.omission == nil) == (width == nil))
        if width != nil { #expect(list.omission?.contains("FINISHED") == true) }
    }

    @Test("A report whose run cannot be is spoilt, and its file is named")
    func spoiltRun() throws {
        try report("20261122T080000Z-4f2a")
        let file = "\(directory.path)/reports/20261122T080000Z-4f2a/report.json"
        let text = try String(contentsOfFile: file, encoding: .utf8)
        try Data(text.replacing(#""run_id":"20261122T080000Z-4f2a""#, with: #""run_id":"x""#).utf8)
            .write(to: URL(fileURLWithPath: file))
        let result = try rollcall("report", "show")
        #expect(result.status == 2)
        #expect(result.errors.contains("report.json") && result.errors.contains("run_id"))
    }

    @Test("A link to the latest run that points at none says what to do")
    func spoiltLink() throws {
        try report("20261122T080000Z-4f2a")
        let link = "\(directory.path)/reports/latest"
        try FileManager.default.removeItem(atPath: link)
        try FileManager.default.createSymbolicLink(atPath: link, withDestinationPath: "x")
        let result = try rollcall("report", "show")
        #expect(result.status == 2)
        #expect(result.errors.contains("reports/latest: it points at `x`"))
    }

    @Test("A textfile that cannot be written is named as it was given")
    func textfile() {
        #expect {
            try AtomicFile.write([], to: "\(directory.path)/none/run.prom")
        } throws: { error in
            "\(error)" == "\(directory.path)/none/run.prom: there is no such directory"
        }
    }

    @Test("An empty list among the settings is shown as nothing")
    func emptyList() throws {
        let listing = SettingsListing(try directory.load(completeYAML)).text
        #expect(listing.split(separator: "\n").contains { $0.hasPrefix("ledger.parked_paths ") && $0.contains(" - ") })
    }
}
