import Domain
import Glibc
import Synchronization
import Testing

@testable import Report

@Suite("Writing a report")
struct ReportWriterTests {
    @Test("All its files appear at once, under the run's name")
    func finish() throws {
        let scratch = try Scratch()
        let directory = scratch.path + "/deep/reports"
        var report = try Sample.healthy()
        let writer = try ReportWriter(directory: directory, runID: report.runID)
        try writer.add(try Sample.line("42", fields: ["email"]))
        #expect(try scratch.names("deep/reports") == [".tmp-20261122T080000Z-4f2a"])
        report.adopt(writer.tally)
        report.conclude()
        let path = try writer.finish(report)

        #expect(path == directory + "/20261122T080000Z-4f2a")
        #expect(try scratch.names("deep/reports") == ["20261122T080000Z-4f2a", "index.html", "latest"])
        #expect(
            try scratch.names("deep/reports/latest") == [
                "findings.csv", "findings.ndjson", "index.html", "report.json", "summary.md",
            ])
        #expect(try scratch.text("deep/reports/latest/summary.md").hasPrefix("# Rollcall: differences\n"))
        #expect(try scratch.text("deep/reports/latest/findings.csv").split(separator: "\n").count == 2)
    }

    @Test("Whatever the umask, a report is for its owner, and for no one else", arguments: [0o000, 0o777] as [mode_t])
    func modes(mask: mode_t) async throws {
        let scratch = try Scratch()
        // The umask belongs to the whole process, which other tests are using.
        await #expect(processExitsWith: .success) { [path = scratch.path as String, mask = mask as mode_t] in
            umask(mask)
            var report = try Sample.healthy()
            report.conclude()
            let directory = try ReportWriter(directory: path, runID: report.runID).finish(report)
            var status = stat()
            #expect(stat(directory, &status) == 0 && status.st_mode & 0o777 == 0o700)
            for name in ["report.json", "findings.ndjson", "findings.csv", "summary.md", "index.html", "../index.html"] {
                #expect(stat("\(directory)/\(name)", &status) == 0 && status.st_mode & 0o777 == 0o600, "\(name)")
            }
        }
    }

    @Test("A writer that goes without finishing leaves nothing")
    func abandoned() throws {
        let scratch = try Scratch()
        do {
            let writer = try ReportWriter(directory: scratch.path, runID: try Sample.run())
            try writer.add(try Sample.line("42"))
        }
        #expect(try scratch.names().isEmpty)
    }

    @Test("A run that is killed leaves no report; what it leaves is removed by a later one, which spares runs that still go")
    func killed() async throws {
        let scratch = try Scratch()
        let living = try ReportWriter(directory: scratch.path, runID: try Sample.run("20261122T080000Z-0002"))
        await #expect(processExitsWith: .signal(SIGKILL)) { [path = scratch.path as String] in
            let writer = try ReportWriter(directory: path, runID: try RunID(parsing: "20261122T080000Z-0001"))
            try writer.add(try Sample.line("42"))
            raise(SIGKILL)
        }
        let store = ReportStore(directory: scratch.path)
        #expect(try store.list().isEmpty)
        #expect(throws: ReportError.self) { try store.load(.latest) }
        #expect(try scratch.names() == [".tmp-20261122T080000Z-0001", ".tmp-20261122T080000Z-0002"])

        for run in ["0001", "0002"] {
            var longAgo = [timespec(tv_sec: 1, tv_nsec: 0), timespec(tv_sec: 1, tv_nsec: 0)]
            #expect(utimensat(AT_FDCWD, "\(scratch.path)/.tmp-20261122T080000Z-\(run)", &longAgo, 0) == 0)
        }
        let next = try ReportWriter(directory: scratch.path, runID: try Sample.run("20261122T080000Z-0003"))
        #expect(try scratch.names() == [".tmp-20261122T080000Z-0002", ".tmp-20261122T080000Z-0003"])
        withExtendedLifetime((living, next)) {}
    }

    @Test("`latest` is there at every moment, while one run after the other replaces it")
    func latest() async throws {
        let scratch = try Scratch()
        try write(run: "20261122T080000Z-0000", in: scratch)
        let done = Atomic(false)
        let path = scratch.path
        async let looks: Int = {
            var count = 0
            while !done.load(ordering: .acquiring) {
                _ = try ReportStore(directory: path).load(.latest)
                count += 1
                await Task.yield()
            }
            return count
        }()
        for number in 1...30 {
            try write(run: "20261122T080000Z-00\(number < 10 ? "0" : "")\(number)", in: scratch)
            await Task.yield()
        }
        done.store(true, ordering: .releasing)
        _ = try await looks
        #expect(try ReportStore(directory: path).load(.latest).report.runID.text == "20261122T080000Z-0030")
        #expect(try scratch.names().filter { $0.hasPrefix(".") }.isEmpty)
    }

    @Test("Forty thousand findings are in the file, and were never in memory")
    func flatMemory() async throws {
        let scratch = try Scratch()
        await #expect(processExitsWith: .success) { [path = scratch.path as String] in
            var report = try Sample.healthy()
            let writer = try ReportWriter(directory: path, runID: report.runID)
            for user in 0..<16_000 { try writer.add(try Sample.line("\(user)", fields: ["email", "name"])) }
            let before = try peakKilobytes()
            // The page carries as many as it will by now.
            for user in 16_000..<40_000 { try writer.add(try Sample.line("\(user)", fields: ["email", "name"])) }
            // The 24,000 lines fill 20 MB of files.
            let growth = try peakKilobytes() - before
            // A sanitizer keeps freed memory for a while, to see who comes back to it.
            if getenv("ROLLCALL_TEST_SANITIZER") == nil { #expect(growth < 4_096) }
            report.adopt(writer.tally)
            report.conclude()
            try writer.finish(report)
        }
        let stored = try ReportStore(directory: scratch.path).load(.latest)
        let lines = try InputFile.contents(of: stored.path + "/findings.ndjson").split(separator: UInt8(ascii: "\n"))
        #expect(lines.count == 40_000)
        for index in [0, 20_000, 39_999] {
            #expect(try FindingLine(json: JSONValue(parsing: Array(lines[index]))).user.text == "\(index)")
        }
        #expect(stored.report.counts[.aggregate]?.stale == 40_000)
    }

    @Test("A report that counts other findings than were written is not published")
    func contradiction() throws {
        let scratch = try Scratch()
        var report = try Sample.healthy()
        let writer = try ReportWriter(directory: scratch.path, runID: report.runID)
        try writer.add(try Sample.line("42"))
        report.conclude()
        #expect(report.verdict == .clean)
        let error = #expect(throws: ReportError.self) { try writer.finish(report) }
        #expect(error?.code == .contradiction)
        #expect(try scratch.names().isEmpty)
    }

    @Test("A run id is never written over")
    func existing() throws {
        let scratch = try Scratch()
        try write(run: "20261122T080000Z-0001", in: scratch)
        let error = #expect(throws: ReportError.self) {
            try ReportWriter(directory: scratch.path, runID: try Sample.run("20261122T080000Z-0001"))
        }
        #expect(error?.code == .alreadyExists)
    }

    @Test("Where `latest` cannot be replaced, the error says where the report lies all the same")
    func latestIsInTheWay() throws {
        let scratch = try Scratch()
        #expect(mkdir(scratch.path + "/latest", 0o700) == 0)
        let error = #expect(throws: ReportError.self) { try write(run: "20261122T080000Z-0001", in: scratch) }
        #expect(error?.path == scratch.path + "/latest")
        #expect(error?.description.contains(scratch.path + "/20261122T080000Z-0001") == true)
        #expect(try scratch.names() == ["20261122T080000Z-0001", "latest"])
    }

    @Test("A reports directory that is a file is named")
    func notADirectory() throws {
        let scratch = try Scratch()
        try scratch.write("x", to: "reports")
        let error = #expect(throws: ReportError.self) {
            try ReportWriter(directory: scratch.path + "/reports", runID: try Sample.run())
        }
        #expect(error?.path == scratch.path + "/reports")
    }

    @Test("A full disk is an error that says so, and may be tried again")
    func fullDisk() throws {
        var file = try OutputFile("/dev/full", flags: 0)
        let error = #expect(throws: ReportError.self) {
            try file.write("x")
            try file.sync()
        }
        #expect(error?.code == .noSpace)
        #expect(error?.isRetriable == true)
    }

    private func write(run: String, in scratch: Scratch) throws {
        var report = try Sample.healthy(try Sample.run(run))
        let writer = try ReportWriter(directory: scratch.path, runID: report.runID)
        report.adopt(writer.tally)
        report.conclude()
        try writer.finish(report)
    }
}

/// The largest resident set that this process has had. `getrusage` would count the parent's before `exec`, too.
private func peakKilobytes() throws -> Int {
    let status = String(decoding: try InputFile.contents(of: "/proc/self/status"), as: UTF8.self)
    let line = try #require(status.split(separator: "\n").first { $0.hasPrefix("VmHWM:") })
    return try #require(Int(line.split(whereSeparator: { $0 == " " || $0 == "\t" })[1]))
}
