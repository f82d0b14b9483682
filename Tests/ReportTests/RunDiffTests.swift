import Domain
import Testing

@testable import Report

@Suite("The difference of two runs")
struct RunDiffTests {
    private func run(_ run: String, in scratch: Scratch, _ lines: [FindingLine]) throws -> StoredReport {
        var report = try Sample.healthy(try Sample.run(run))
        let writer = try ReportWriter(directory: scratch.path, runID: report.runID)
        for line in lines { try writer.add(line) }
        report.adopt(writer.tally)
        report.conclude()
        try writer.finish(report)
        return try ReportStore(directory: scratch.path).load(.run(report.runID))
    }

    private func compare(_ diff: RunDiff) throws -> (counts: RunDiff.Counts, entries: [String], text: String) {
        var entries: [String] = []
        var screen = RunDiffText(diff)
        let counts = try diff.compare { entry in
            entries.append("\(entry.change.rawValue) \(entry.line.user) \(entry.line.stage.rawValue)")
            screen.add(entry)
        }
        return (counts, entries, screen.text(counts))
    }

    @Test("names what is new, what changed and what healed, and counts what stayed")
    func changes() throws {
        let scratch = try Scratch()
        let earlier = try run(
            "20261121T080000Z-0001", in: scratch,
            [
                Sample.line("1", fields: ["email"]), Sample.line("2", .aggregate, .missing), Sample.line("3", fields: ["name"]),
                Sample.line("4", .god, .missing, .producedThenAbsent),
            ])
        let later = try run(
            "20261122T080000Z-0002", in: scratch,
            [
                Sample.line("1", fields: ["email"]),
                Sample.line("3", .aggregate, .stale, .signalledNeverAggregated, fields: ["email", "name"]),
                Sample.line("9", .aggregate, .extra, .tombstoneMissing),
            ])
        let (counts, entries, text) = try compare(RunDiff(earlier: earlier, later: later))
        #expect(counts == RunDiff.Counts(new: 1, changed: 1, healed: 2, persisting: 1))
        #expect(entries == ["changed 3 aggregate", "new 9 aggregate", "healed 2 aggregate", "healed 4 god"])
        let expected = """
            1 new, 1 changed, 2 healed, 1 the same

              earlier  20261121T080000Z-0001  4 findings, differences
              later    20261122T080000Z-0002  3 findings, differences

            New
              aggregate extra    9  tombstone_missing

            Changed
              aggregate stale    3  no_change_event_seen → signalled_never_aggregated  (name → email, name)

            Healed
              aggregate missing  2  no_change_event_seen  first seen 2026-11-22 08:00:00 UTC
              god missing        4  produced_then_absent  first seen 2026-11-22 08:00:00 UTC

            """
        #expect(text == expected)
    }

    @Test("is empty between a run and itself, and says so")
    func same() throws {
        let scratch = try Scratch()
        let report = try run("20261121T080000Z-0001", in: scratch, [Sample.line("1"), Sample.line("2")])
        let (counts, entries, text) = try compare(RunDiff(earlier: report, later: report))
        #expect(counts.areSame && counts.persisting == 2)
        #expect(entries.isEmpty)
        #expect(text.hasPrefix("The same 2 findings in both runs\n"))
    }

    @Test("is the same when the findings are read in many parts, and leaves nothing out without saying so")
    func parts() throws {
        let scratch = try Scratch()
        let earlier = try run("20261121T080000Z-0001", in: scratch, (0..<200).map { try Sample.line("\($0)") })
        let later = try run("20261122T080000Z-0002", in: scratch, (100..<300).map { try Sample.line("\($0)") })
        let whole = try compare(RunDiff(earlier: earlier, later: later))
        let inParts = try compare(RunDiff(earlier: earlier, later: later, partFindings: 30))
        #expect(whole.counts == RunDiff.Counts(new: 100, changed: 0, healed: 100, persisting: 100))
        #expect(inParts.counts == whole.counts)
        #expect(inParts.entries.sorted() == whole.entries.sorted())
        #expect(whole.text.contains("… and 80 more; --json names all of them"))
    }

    @Test("tells two stray records of one user apart")
    func strays() throws {
        let scratch = try Scratch()
        var stray = try Sample.line("1", .aggregate, .extra, .wrongPartition)
        let other = stray
        stray.topic?.address = RecordAddress(partition: 9, offset: 1)
        let earlier = try run("20261121T080000Z-0001", in: scratch, [stray, other])
        let later = try run("20261122T080000Z-0002", in: scratch, [stray])
        #expect(try compare(RunDiff(earlier: earlier, later: later)).counts == RunDiff.Counts(healed: 1, persisting: 1))
    }
}
