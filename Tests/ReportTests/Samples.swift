import Domain
import Glibc

@testable import Report

/// A directory of this test's own, removed with everything in it when the test ends.
final class Scratch {
    let path: String

    init() throws {
        // mkdtemp writes a name that is not taken in the place of the six X.
        var template = Array("/tmp/rollcall-report-XXXXXX".utf8CString)
        guard mkdtemp(&template) != nil else { throw ReportError.system(writing: "/tmp") }
        path = String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }

    deinit { Self.removeTree(path) }

    private static func removeTree(_ path: String) {
        var status = stat()
        if lstat(path, &status) == 0, status.st_mode & S_IFMT == S_IFDIR {
            for name in (try? ReportDirectory.names(in: path)) ?? [] { removeTree("\(path)/\(name)") }
            rmdir(path)
        } else {
            unlink(path)
        }
    }

    func names(_ subdirectory: String = "") throws -> [String] {
        try ReportDirectory.names(in: "\(path)/\(subdirectory)").sorted()
    }

    func text(_ file: String) throws -> String {
        String(decoding: try InputFile.contents(of: "\(path)/\(file)"), as: UTF8.self)
    }

    func write(_ text: String, to file: String) throws {
        var output = try OutputFile(creating: "\(path)/\(file)")
        try output.write(text)
        try output.sync()
    }
}

enum Sample {
    static let position = SourcePosition(server: 4242, logName: "binlog", logNumber: 1, offset: 12_345)
    static let start = UTCTime(millisecondsSince1970: 1_795_334_400_000)

    static func run(_ text: String = "20261122T080000Z-4f2a") throws -> RunID { try RunID(parsing: text) }

    static func finding(
        _ user: String, _ stage: Stage = .aggregate, _ kind: Kind = .stale, _ cause: Cause? = .noChangeEventSeen,
        fields: [String] = [], tables: [String] = [], partition: Int32 = 3, timestampMs: Int64? = 1_795_000_000_000
    ) -> Finding {
        let address = RecordAddress(partition: partition, offset: 77)
        let aggregate = LiveRecord(address: address, digest: Digest(rawValue: 0xAB), timestampMs: timestampMs)
        let production = Production(
            user: UserID(user), god: RecordAddress(partition: 1, offset: 9), godDigest: Digest(rawValue: 2), aggregate: address,
            aggregateDigest: Digest(rawValue: 0xAB), version: position, mappingDigest: nil, producedAtMs: 1_795_000_000_250)
        return Finding(
            user: UserID(user), stage: stage, kind: kind, cause: cause, fields: fields, tables: tables,
            evidence: Evidence(
                row: kind == .extra ? nil : Digest(rawValue: 1), aggregate: kind == .missing ? nil : aggregate,
                production: production))
    }

    static func line(
        _ user: String, _ stage: Stage = .aggregate, _ kind: Kind = .stale, _ cause: Cause? = .noChangeEventSeen,
        fields: [String] = [], tables: [String] = [], partition: Int32 = 3, timestampMs: Int64? = 1_795_000_000_000
    ) throws -> FindingLine {
        var settled = finding(
            user, stage, kind, cause, fields: fields, tables: tables, partition: partition, timestampMs: timestampMs)
        settled.homePartition = partition
        return FindingLine(settled, run: try run(), position: position, firstSeen: start)
    }

    /// A run of 2,000 users that found nothing wrong, not concluded yet.
    static func healthy(_ runID: RunID? = nil) throws -> RunReport {
        var report = RunReport(
            runID: try runID ?? run(), mode: .verify, startedAt: start, configDigest: "00000000000000c0")
        report.finishedAt = UTCTime(millisecondsSince1970: start.millisecondsSince1970 + 12_400)
        report.coverage = Coverage(plan: .full, unit: "key ranges", planned: 4, scanned: 4)
        report.source = SourceSummary(rows: 2_000, position: position, server: "db1:3306")
        let partitions = (0..<12).map { TopicSummary.Partition(partition: $0, low: 0, end: 200) }
        report.aggregateTopic = TopicSummary(
            name: "users.aggregate", partitions: partitions, records: 2_400, live: 2_000, tombstones: 1)
        report.ledger = LedgerSummary(productions: 2_400, users: 2_001, paths: ["ledger.sqlite"])
        report.godTopic = TopicSummary(
            name: "users.god", partitions: partitions, records: 2_400, live: 2_000, tombstones: 1)
        report.fence = FenceSummary(
            position: position, strength: .strong,
            hops: ["connector", "intake", "aggregator", "enricher"].map { .init(hop: $0, passed: true, waitedMs: 40) })
        report.counts = [
            .aggregate: StageCounts(users: 2_000, matched: 2_000), .god: StageCounts(users: 2_000, matched: 2_000),
        ]
        report.canary = Canary(planted: 5, caught: 5)
        report.timings = [Timing(phase: "scan", milliseconds: 1_250), Timing(phase: "settle", milliseconds: 3)]
        return report
    }

    /// A run of 4,210,331 users with 19 findings of four buckets, concluded.
    static func differing() throws -> RunReport {
        var report = try healthy()
        report.source.rows = 4_210_331
        report.counts = [
            .aggregate: StageCounts(users: 4_210_331, matched: 4_210_314, versionOnly: 2),
            .god: StageCounts(users: 4_210_317, matched: 4_210_315),
        ]
        report.delta = Delta(new: 2, persisting: 17, healed: 4)
        report.trend = trend
        report.notes = ["the broker cannot say whether topic `users.god` is compacted"]
        report.adopt(try differences())
        report.conclude()
        return report
    }

    /// Five nights up to the run of ``differing()``.
    static var trend: [TrendPoint] {
        [(0, 0, 0), (12, 0, 0), (0, 12, 0), (9, 12, 0), (2, 17, 4)].enumerated().map { index, delta in
            let startedAt = UTCTime(millisecondsSince1970: start.millisecondsSince1970 - Int64(4 - index) * 86_400_000)
            return TrendPoint(
                runID: startedAt.compact + "-4f2a", startedAt: startedAt, verdict: delta.0 + delta.1 == 0 ? .clean : .differences,
                complete: true, new: delta.0, persisting: delta.1, healed: delta.2)
        }
    }

    static func differences() throws -> FindingTally {
        var tally = FindingTally()
        for user in 1...14 { tally.add(try line("\(1_000 + user)", .aggregate, .missing, partition: 7)) }
        for user in 1...3 {
            let cause: Cause = user == 1 ? .parked(.badRow) : .noChangeEventSeen
            tally.add(
                try line(
                    "\(user)", .aggregate, .stale, cause, fields: ["email", "prefs.language"], tables: ["preferences", "users"],
                    partition: Int32(user)))
        }
        for user in 5...6 { tally.add(try line("\(user)", .god, .missing, .producedThenAbsent, partition: Int32(user))) }
        return tally
    }
}
