import Domain
import Foundation
import Ledger
import Report
import Testing

@testable import rollcall

@Suite("What Rollcall leaves on a disk is its owner's, and a user can be taken out of it")
struct ForgetTests {
    private let directory: TemporaryDirectory
    private let needle = "needle-4711"

    init() throws {
        directory = try TemporaryDirectory()
        try directory.write(
            "rollcall.yaml", completeYAML.replacingOccurrences(of: "{type: integer}", with: "{type: string}"))
    }

    /// Every file below the directory that holds the user's id anywhere, or has it in its name.
    private func traces() throws -> [String] {
        let files = FileManager.default.enumerator(atPath: directory.path)?.compactMap { $0 as? String } ?? []
        return files.filter { name in
            let bytes = FileManager.default.contents(atPath: "\(directory.path)/\(name)") ?? Data()
            return name.contains(needle) || bytes.range(of: Data(needle.utf8)) != nil
        }
    }

    private func production(_ user: String, _ offset: Int64) -> Production {
        Production(
            user: UserID(user), god: RecordAddress(partition: 0, offset: offset), godDigest: Digest(of: [1]),
            aggregate: RecordAddress(partition: 0, offset: offset), aggregateDigest: Digest(of: [2]), version: nil,
            mappingDigest: nil, producedAtMs: 1)
    }

    private func parked(_ offset: Int64, _ user: UserID?, _ value: String) -> ParkedRecord {
        ParkedRecord(
            hop: .enricher, topic: "aggregate", address: RecordAddress(partition: 0, offset: offset), timestampMs: 1, key: nil,
            value: Array(value.utf8), user: user, reason: .mappingFailed, message: "no answer")
    }

    /// What months of work leave behind.
    private func leaveTraces() throws {
        for name in ["ledger.sqlite", "ledger.sqlite.replaced"] {
            let ledger = try LedgerWriter(path: "\(directory.path)/\(name)", godTopic: "god")
            try ledger.append([production("other", 1), production(needle, 2)])
            ledger.close()
        }
        let store = try ParkedStore(path: "\(directory.path)/parked.sqlite")
        try store.park([parked(1, UserID(needle), "{\"id\":\"\(needle)\"}"), parked(2, nil, "[\(needle)")])
        store.close()
        var report = RunReport(
            runID: try RunID(parsing: "20261122T080000Z-4f2a"), mode: .verify, startedAt: .now(), configDigest: "d")
        let writer = try ReportWriter(directory: "\(directory.path)/reports", runID: report.runID)
        let history = try History(path: "\(directory.path)/reports/history.sqlite", access: .readWrite)
        let run = HistoryRun(
            runID: report.runID.text, mode: "verify", verdict: "differences", isComplete: true, coversEveryUser: true,
            exitCode: 1,
            startedAtMs: 1, finishedAtMs: 2, configDigest: "d")
        try history.record(run, coverage: .everyUser([.aggregate])) { recorder in
            for user in ["other", needle] {
                let finding = Finding(
                    user: UserID(user), stage: .aggregate, kind: .stale, cause: nil, fields: ["email"], evidence: Evidence())
                try recorder.add(finding)
                try writer.add(FindingLine(finding, run: report.runID, firstSeen: .now()))
            }
        }
        report.adopt(writer.tally)
        report.conclude()
        try writer.finish(report)
        try directory.write("reports/scan.journal", "what an interrupted scan had read of \(needle)")
    }

    @Test("forget leaves no byte of the user in any file, keeps everybody else, and says what it cannot reach")
    func forget() throws {
        try leaveTraces()
        #expect(try traces().count >= 8)
        let first = try Binary.run(["forget", needle], in: directory.path)
        #expect(first.status == 1, "\(first.errors)")
        #expect(first.output.contains("`--parked 2` removes it"))
        #expect(first.output.contains("Not within reach:"))
        #expect(first.output.contains("the change topics shop.users"))
        #expect(try traces() == ["parked.sqlite"])

        let second = try Binary.run(["forget", needle, "--parked", "2", "--json"], in: directory.path)
        #expect(second.status == 0, "\(second.errors)")
        #expect(try JSONValue(parsing: Array(second.output.utf8))["done"] == true)
        #expect(try traces() == [])

        let list = try Binary.run(["report", "show", "--format", "csv"], in: directory.path)
        #expect(list.output.contains("other,aggregate,stale"))
        #expect(try Binary.run(["ledger", "check"], in: directory.path).status == 0)
        #expect(try LedgerReader(path: "\(directory.path)/ledger.sqlite").lastID() == 2)
    }

    @Test("forget changes nothing while a pipeline holds a file, and names who does")
    func locked() throws {
        try leaveTraces()
        let store = try ParkedStore(path: "\(directory.path)/parked.sqlite")
        defer { store.close() }
        let before = try traces().sorted()
        let result = try Binary.run(["forget", needle], in: directory.path)
        #expect(result.status == 4)
        #expect(result.errors.contains("pid \(getpid()) on "))
        #expect(result.errors.contains(", since 20"))
        #expect(try traces().sorted() == before)
    }

    @Test("A run leaves files and directories that nobody but their owner can read, whatever the umask of its caller")
    func permissions() throws {
        let before = umask(0)
        defer { umask(before) }
        let result = try Binary.run(
            [
                "verify", "--stage", "aggregate", "--set", "source.mysql.port=1", "--set", "kafka.bootstrap=127.0.0.1:1",
                "--set", "reports.directory=deep/down/reports",
            ], in: directory.path)
        #expect(result.status == 2, "\(result.errors)")
        let files = FileManager.default.enumerator(atPath: "\(directory.path)/deep")?.compactMap { $0 as? String } ?? []
        #expect(files.contains { $0.hasSuffix("history.sqlite") })
        #expect(files.contains { $0.hasSuffix("report.json") })
        for file in files + [""] {
            var status = stat()
            #expect(lstat("\(directory.path)/deep/\(file)", &status) == 0)
            if status.st_mode & S_IFMT != S_IFLNK { #expect(status.st_mode & 0o077 == 0, "\(file)") }
        }
    }

    @Test("report prune deletes by the rules given, says what it would do with --dry-run, and follows the settings without any")
    func prune() throws {
        try leaveTraces()
        for day in ["20250101", "20250102", "20250103"] {
            var report = RunReport(
                runID: try RunID(parsing: "\(day)T000000Z-0001"), mode: .verify, startedAt: UTCTime(millisecondsSince1970: 0),
                configDigest: "d")
            report.conclude()
            try ReportWriter(directory: "\(directory.path)/reports", runID: report.runID).finish(report)
        }
        func runs(_ arguments: String...) throws -> [String] {
            try Binary.run(["report", "prune"] + arguments, in: directory.path).output.split(separator: "\n").map(String.init)
        }
        #expect(try runs() == [], "the settings keep the newest hundred")
        #expect(
            try runs("--keep", "2", "--older-than", "30d", "--dry-run") == ["20250101T000000Z-0001", "20250102T000000Z-0001"])
        #expect(try runs("--keep", "2", "--older-than", "30d") == ["20250101T000000Z-0001", "20250102T000000Z-0001"])
        #expect(try runs("--keep", "2", "--older-than", "30d") == [])
        #expect(try Binary.run(["report", "prune", "--older-than", "soon"], in: directory.path).status == 64)
    }
}
