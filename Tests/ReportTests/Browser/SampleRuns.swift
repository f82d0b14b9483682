import Domain

@testable import Report

/// Runs with many findings, as a shop with some trouble would have them: the same every time.
enum SampleRuns {
    /// A run that found as many, concluded; written to a directory of its own below the given one.
    ///
    /// - Returns: The run's directory.
    @discardableResult
    static func write(
        findings: Int, in directory: String, run: String = "20261122T020000Z-4f2a", trend: [TrendPoint]? = nil
    ) throws -> String {
        var report = try Sample.healthy(try RunID(parsing: run))
        report.startedAt = report.runID.startedAt ?? report.startedAt
        report.finishedAt = UTCTime(millisecondsSince1970: report.startedAt.millisecondsSince1970 + 74_200)
        report.source.rows = 4_210_331
        report.coverage = Coverage(plan: .full, unit: "key ranges", planned: 64, scanned: 64)
        let writer = try ReportWriter(directory: directory, runID: report.runID)
        for index in 0..<findings { try writer.add(try finding(index, of: findings, report)) }
        report.counts = [
            .aggregate: StageCounts(users: 4_210_331, matched: 4_210_331 - findings / 2),
            .god: StageCounts(users: 4_210_331, matched: 4_210_331 - findings / 2, versionOnly: 2),
        ]
        report.trend = trend ?? month(endingWith: findings, report)
        report.delta = report.trend.last.map { Delta(new: $0.new, persisting: $0.persisting, healed: $0.healed) }
        report.adopt(writer.tally)
        report.timings = [
            Timing(phase: "read", milliseconds: 61_300), Timing(phase: "fence", milliseconds: 2_140),
            Timing(phase: "compare", milliseconds: 8_050), Timing(phase: "settle", milliseconds: 2_710),
        ]
        if findings > 0 { report.notes = ["the broker cannot say whether topic `users.god` is compacted"] }
        report.conclude()
        return try writer.finish(report)
    }

    static func finding(_ index: Int, of count: Int, _ report: RunReport) throws -> FindingLine {
        let start = report.startedAt.millisecondsSince1970
        // Most went missing in one partition and one night; some are stale for days; a few are parked.
        let share = index * 17 / max(1, count)
        let user = share < 9 ? 1_200_000 + index * 3 : (index &* 7_919) % 4_200_000
        let ageMs = Int64((index &* 104_729) % 2_600_000) * 1_000
        let partition = Int32(share < 9 ? 7 : (index &* 31) % 12)
        let line =
            switch share {
            case 0..<9: try Sample.line("\(user)", .aggregate, .missing, .noChangeEventSeen, partition: partition)
            case 9..<12:
                try Sample.line(
                    "\(user)", .aggregate, .stale, .signalledNeverAggregated, fields: ["email", "prefs.language"],
                    tables: ["preferences", "users"], partition: partition, timestampMs: start - ageMs)
            case 12..<14:
                try Sample.line(
                    "\(user)", .aggregate, .stale, .parked(.badRow), fields: ["email"], tables: ["users"], partition: partition,
                    timestampMs: start - ageMs)
            case 14..<16: try Sample.line("\(user)", .god, .missing, .producedThenAbsent, partition: partition)
            default:
                try Sample.line(
                    "\(user)", .aggregate, .extra, .tombstoneMissing, partition: partition, timestampMs: start - ageMs)
            }
        var dated = line
        dated.firstSeen = index % 3 == 0 ? report.startedAt : UTCTime(millisecondsSince1970: start - 4 * 86_400_000)
        return dated
    }

    /// Thirty nights, of which one came to no verdict, up to a run with as many findings.
    private static func month(endingWith findings: Int, _ report: RunReport) -> [TrendPoint] {
        let heights = [0, 0, 0, 3, 3, 0, 0, 0, 1, 1, 1, 0, 0, 12, 30, 42, 28, 9, 0, 0, 0, 0, -1, 0, 0, 4, 4, 6, 11, 17]
        var before = 0
        return heights.enumerated().map { index, height in
            let startedAt = UTCTime(
                millisecondsSince1970: report.startedAt.millisecondsSince1970 - Int64(29 - index) * 86_400_000)
            let isLast = index == 29
            let now = isLast ? findings : findings == 0 ? max(0, height) / 2 : max(0, height) * max(1, findings / 40)
            let persisting = min(before, now) * 2 / 3
            defer { if height >= 0 { before = now } }
            return TrendPoint(
                runID: isLast ? report.runID.text : RunID(startedAt: startedAt).text, startedAt: startedAt,
                verdict: height < 0 ? .error : now == 0 ? .clean : .differences, complete: height >= 0,
                new: height < 0 ? 0 : now - persisting, persisting: height < 0 ? 0 : persisting,
                healed: height < 0 ? 0 : before - persisting)
        }
    }
}
