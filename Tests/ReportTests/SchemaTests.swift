import Domain
import Foundation
import Testing

@testable import Report

/// The schemas in `reports/schema` say what the files of a run are; `scripts/check-report` checks files against them.
@Suite("The JSON Schemas")
struct SchemaTests {
    private let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent().path

    /// What is wrong with the runs, by the schemas, which here allow nothing that they do not name.
    private func problems(_ directories: [String]) throws -> String {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: Checks.python)
        process.arguments = ["\(root)/scripts/check-report", "--strict"] + directories
        let output = Pipe()
        process.standardOutput = output
        process.standardError = output
        try process.run()
        let text = String(decoding: output.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
        process.waitUntilExit()
        #expect(process.terminationStatus == (text.isEmpty ? 0 : 1), "\(text)")
        return text
    }

    /// A run of every kind, written to a directory of its own.
    private func runs(in scratch: Scratch) throws -> [String] {
        var stageAlone = try Sample.healthy(try Sample.run("20261122T080000Z-0001"))
        stageAlone.counts[.god] = nil
        stageAlone.godTopic = nil
        stageAlone.ledger = nil
        stageAlone.conclude()
        var void = RunReport(
            runID: try Sample.run("20261122T080000Z-0002"), mode: .reconcile, startedAt: Sample.start, configDigest: "x")
        void.conclude(failure: "the topic was recreated")
        var waiting = try Sample.healthy(try Sample.run("20261122T080000Z-0003"))
        waiting.coverage = Coverage(plan: .slice, unit: "users", planned: 9, scanned: 8, gaps: ["partition 3 was cut"])
        waiting.coverage.because = "the last full run is eight days old"
        waiting.coverage.basis = .init(
            run: "20261121T080000Z-0001", since: Sample.position, through: nil, due: 3, persisting: 1, sliceUsers: 6,
            everyone: 2_000,
            fullRun: "20261115T080000Z-0001")
        waiting.fence.hops[1].passed = false
        waiting.conclude()
        let paths = try [stageAlone, void, waiting].map { report in
            try ReportWriter(directory: scratch.path, runID: report.runID).finish(report)
        }
        return paths + [try SampleRuns.write(findings: 40, in: scratch.path)]
    }

    @Test("describe what runs of every kind write, and every member of it")
    func realReports() throws {
        let scratch = try Scratch()
        #expect(try problems(runs(in: scratch)) == "")
    }

    @Test("describe findings of every shape, whoever the user is")
    func findings() throws {
        let scratch = try Scratch()
        var report = try Sample.healthy()
        let writer = try ReportWriter(directory: scratch.path, runID: report.runID)
        for user in hostileIDs {
            var line = try Sample.line(user, .god, .extra, nil, timestampMs: nil)
            line.god = line.topic
            line.parked = [.enricher: .mappingFailed, .intake: .notJSON]
            line.ledger?.godDigest = nil
            line.values = [FieldValues(name: user, source: .string(user), topic: nil)]
            try writer.add(line)
            line.source = nil
            line.ledger = nil
            line.partition = nil
            try writer.add(line)
        }
        report.adopt(writer.tally)
        report.conclude()
        #expect(try problems([writer.finish(report)]) == "")
    }

    @Test("refuse a report with another verdict, and a finding of another kind")
    func refusals() throws {
        let scratch = try Scratch()
        let path = try SampleRuns.write(findings: 5, in: scratch.path)
        for (file, from, to) in [
            ("report.json", "\"verdict\":\"differences\"", "\"verdict\":\"splendid\""),
            ("findings.ndjson", "\"kind\":\"missing\"", "\"kind\":\"lost\""),
        ] {
            let text = try String(contentsOfFile: "\(path)/\(file)", encoding: .utf8).replacingOccurrences(of: from, with: to)
            try text.write(toFile: "\(path)/\(file)", atomically: true, encoding: .utf8)
            #expect(try problems([path]).contains("/\(file)"))
        }
    }
}
