import Domain
import Report

/// What the textfile says of the last run. Times are in seconds since 1970.
struct RunMetrics {
    var verdict: Verdict
    var finishedAt: UTCTime
    /// Nil for a run that could not leave one.
    var report: RunReport?
    var lastCompleteMs: Int64?
    var lastCleanMs: Int64?

    /// All metrics, always in this order; one without a value has no line.
    var families: [MetricFamily] { times + outcome + counts }

    var text: String { families.map(\.text).joined() }

    private static func seconds(_ milliseconds: Int64) -> Double { Double(milliseconds) / 1_000 }

    private var times: [MetricFamily] {
        var last = MetricFamily("rollcall_run_last_timestamp_seconds", .gauge, "When the last run ended, however it came out.")
        last.add([], Self.seconds(finishedAt.millisecondsSince1970))
        var complete = MetricFamily(
            "rollcall_run_last_complete_timestamp_seconds", .gauge, "When the last complete run ended; alert on its age.")
        if let lastCompleteMs { complete.add([], Self.seconds(lastCompleteMs)) }
        var clean = MetricFamily(
            "rollcall_run_last_clean_timestamp_seconds", .gauge, "When the last complete and clean run ended.")
        if let lastCleanMs { clean.add([], Self.seconds(lastCleanMs)) }
        var duration = MetricFamily("rollcall_run_duration_seconds", .gauge, "How long the last run took.")
        if let report {
            duration.add([], Self.seconds(report.finishedAt.millisecondsSince1970 - report.startedAt.millisecondsSince1970))
        }
        return [last, complete, clean, duration]
    }

    private var outcome: [MetricFamily] {
        var verdicts = MetricFamily("rollcall_run_verdict", .gauge, "1 for the verdict of the last run, 0 for the others.")
        for one in Verdict.allCases { verdicts.add([("verdict", one.rawValue)], one == verdict ? 1 : 0) }
        var exit = MetricFamily("rollcall_run_exit_code", .gauge, "How the last run exited.")
        exit.add([], verdict.exitCode)
        var coverage = MetricFamily("rollcall_run_coverage_ratio", .gauge, "Share of its plan that the last run scanned.")
        if let report { coverage.add([], report.coverage.isFull ? 1 : Double(report.coverage.percent) / 100) }
        var canaries = MetricFamily(
            "rollcall_run_canaries", .gauge, "Differences that the last run planted to test itself, and saw.")
        if let report {
            canaries.add([("state", "planted")], report.canary.planted)
            canaries.add([("state", "caught")], report.canary.caught)
        }
        return [verdicts, exit, coverage, canaries]
    }

    private var counts: [MetricFamily] {
        var users = MetricFamily("rollcall_run_users", .gauge, "Users that the last run looked at, if it looked at everyone.")
        var findings = MetricFamily("rollcall_run_findings", .gauge, "Confirmed differences of the last run.")
        var unresolved = MetricFamily("rollcall_run_unresolved", .gauge, "Suspects that the last run could not settle in time.")
        var parked = MetricFamily("rollcall_run_parked", .gauge, "Those of the differences whose cause is a parked record.")
        for stage in Stage.allCases {
            guard let counts = report?.counts[stage] else { continue }
            let label = ("stage", stage.rawValue)
            // A nightly run meets a few of them, and their number says nothing.
            if report?.coverage.plan == .full { users.add([label], counts.users) }
            for (kind, count) in [("missing", counts.missing), ("stale", counts.stale), ("extra", counts.extra)] {
                findings.add([label, ("kind", kind)], count)
            }
            unresolved.add([label], counts.unresolved)
            parked.add([label], counts.parked)
        }
        var delta = MetricFamily(
            "rollcall_run_delta", .gauge, "Differences of the last run, compared with the complete one before.")
        if let change = report?.delta {
            delta.add([("state", "new")], change.new)
            delta.add([("state", "persisting")], change.persisting)
            delta.add([("state", "healed")], change.healed)
        }
        return [users, findings, unresolved, parked, delta]
    }
}
