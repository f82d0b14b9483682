import Domain
import Testing

@testable import Report

@Suite("The first screen")
struct TerminalSummaryTests {
    private let path = "reports/20261122T080000Z-4f2a"

    @Test("A clean run says that it is safe, up to where, and why that can be believed")
    func clean() throws {
        var report = try Sample.healthy()
        report.conclude()
        let expected = """
            Safe: every one of 2,000 users made it across, verified through binlog.000001:12345

              coverage    4 of 4 key ranges, 100 %

              stage      users  matched  missing  stale  extra  parked  unresolved
              aggregate  2,000    2,000        0      0      0       0           0
              god        2,000    2,000        0      0      0       0           0

              as of       4242@binlog.000001:12345 of db1:3306, 2,000 rows
              topic       users.aggregate: 2,400 records in 12 partitions, 2,000 live, 1 tombstone
              ledger      2,400 productions of 2,001 users
              topic       users.god: 2,400 records in 12 partitions, 2,000 live, 1 tombstone
              fence       strong at 4242@binlog.000001:12345, passed by connector, intake, aggregator, enricher
              self-test   5 of 5 planted differences seen
              run         20261122T080000Z-4f2a, verify, started 2026-11-22 08:00:00 UTC, took 12.4 s

            Report  reports/20261122T080000Z-4f2a

            """
        #expect(TerminalSummary(report, path: path).text == expected)
    }

    @Test("With colours, the same text")
    func cleanInColor() throws {
        var report = try Sample.healthy()
        report.conclude()
        let expected = """
            \u{1b}[32;1mSafe: every one of 2,000 users made it across, verified through binlog.000001:12345\u{1b}[0m

              \u{1b}[2mcoverage    \u{1b}[0m4 of 4 key ranges, 100 %

            \u{1b}[2m  stage      users  matched  missing  stale  extra  parked  unresolved\u{1b}[0m
              aggregate  2,000    2,000        0      0      0       0           0
              god        2,000    2,000        0      0      0       0           0

              \u{1b}[2mas of       \u{1b}[0m4242@binlog.000001:12345 of db1:3306, 2,000 rows
              \u{1b}[2mtopic       \u{1b}[0musers.aggregate: 2,400 records in 12 partitions, 2,000 live, 1 tombstone
              \u{1b}[2mledger      \u{1b}[0m2,400 productions of 2,001 users
              \u{1b}[2mtopic       \u{1b}[0musers.god: 2,400 records in 12 partitions, 2,000 live, 1 tombstone
              \u{1b}[2mfence       \u{1b}[0mstrong at 4242@binlog.000001:12345, passed by connector, intake, aggregator, enricher
              \u{1b}[2mself-test   \u{1b}[0m5 of 5 planted differences seen
              \u{1b}[2mrun         \u{1b}[0m20261122T080000Z-4f2a, verify, started 2026-11-22 08:00:00 UTC, took 12.4 s

            \u{1b}[1mReport\u{1b}[0m  reports/20261122T080000Z-4f2a

            """
        #expect(TerminalSummary(report, path: path, options: .init(colors: true)).text == expected)
    }

    @Test("Differences: how many, of what kind, why, who, and what to run")
    func differences() throws {
        let expected = """
            NOT safe to cut over: 16 missing, 3 stale, 0 extra of 4,210,331 users, 100 % scanned
              2 new, 17 persisting, 4 healed since the last run
              Do first  rollcall repair --run 20261122T080000Z-4f2a --dry-run

              coverage    4 of 4 key ranges, 100 %

              stage          users    matched  missing  stale  extra  parked  unresolved
              aggregate  4,210,331  4,210,314       14      3      0       1           0
              god        4,210,317  4,210,315        2      0      0       0           0

              as of       4242@binlog.000001:12345 of db1:3306, 4,210,331 rows
              topic       users.aggregate: 2,400 records in 12 partitions, 2,000 live, 1 tombstone
              ledger      2,400 productions of 2,001 users
              topic       users.god: 2,400 records in 12 partitions, 2,000 live, 1 tombstone
              fence       strong at 4242@binlog.000001:12345, passed by connector, intake, aggregator, enricher
              self-test   5 of 5 planted differences seen
              run         20261122T080000Z-4f2a, verify, started 2026-11-22 08:00:00 UTC, took 12.4 s

              since last  2 new, 17 persisting, 4 healed
              trend       ·▅▅██ 19 findings now; most 21, in 5 runs since 2026-11-18 (· none)

            Causes
                14  aggregate missing: no_change_event_seen
                    the row changed, and no change event for it ever reached the pipeline
                    rollcall repair --run 20261122T080000Z-4f2a --bucket aggregate/missing/no_change_event_seen
                 2  aggregate stale: no_change_event_seen
                    the row changed, and no change event for it ever reached the pipeline
                    rollcall repair --run 20261122T080000Z-4f2a --bucket aggregate/stale/no_change_event_seen
                 1  aggregate stale: parked:bad_row
                    parked: the row cannot be encoded
                    rollcall parked retry
                 2  god missing: produced_then_absent
                    the God object was produced, and later vanished from the topic
                    rollcall repair --run 20261122T080000Z-4f2a --bucket god/missing/produced_then_absent

            Where they cluster
              aggregate missing: no_change_event_seen
                    all 14 lie in partition 7
                    all 14 have ids in 1001–1014

            Stale for
                 3  1–7 d       ▪▪▪▪▪▪▪▪▪▪▪▪▪▪▪▪▪▪▪▪▪▪▪▪
                the oldest was written 2026-11-18 11:06:40 UTC, 3 days before the run

            Examples
              aggregate missing  1001
              aggregate missing  1002
              aggregate missing  1003
              aggregate stale    2 (email, prefs.language)
              aggregate stale    3 (email, prefs.language)
              aggregate stale    1 (email, prefs.language)
              god missing        5
              god missing        6
              … and 11 more in reports/20261122T080000Z-4f2a/findings.ndjson

            Notes
              - the broker cannot say whether topic `users.god` is compacted
              - 2 users changed too often for the values to be compared; only their versions were checked

            Report  reports/20261122T080000Z-4f2a

            Next
              rollcall repair --run 20261122T080000Z-4f2a --dry-run
                  names the signals for 14 aggregate missing, 2 aggregate stale, 2 god missing; without
                  --dry-run it mends and re-verifies them
              rollcall parked list
                  says why records are parked: 1 aggregate stale
              rollcall parked retry
                  tries them again, once the reason is mended
              rollcall explain 1001
                  tells the whole life of the first example

            """
        #expect(TerminalSummary(try Sample.differing(), path: path).text == expected)
    }

    @Test("A narrow terminal wraps explanations, and never a command or a path; every bucket keeps an example")
    func narrow() throws {
        let expected = """
            \u{1b}[31;1mNOT safe to cut over: 16 missing, 3 stale, 0 extra of 4,210,331 users, 100 % scanned\u{1b}[0m
              2 new, 17 persisting, 4 healed since the last run
              \u{1b}[1mDo first\u{1b}[0m  \u{1b}[36mrollcall repair --run 20261122T080000Z-4f2a --dry-run\u{1b}[0m

              \u{1b}[2mcoverage    \u{1b}[0m4 of 4 key ranges, 100 %

            \u{1b}[2m  stage          users    matched  missing  stale  extra  parked  unresolved\u{1b}[0m
              aggregate  4,210,331  4,210,314       14      3      0       1           0
              god        4,210,317  4,210,315        2      0      0       0           0

              \u{1b}[2mas of       \u{1b}[0m4242@binlog.000001:12345 of db1:3306,
                          4,210,331 rows
              \u{1b}[2mtopic       \u{1b}[0musers.aggregate: 2,400 records in 12
                          partitions, 2,000 live, 1 tombstone
              \u{1b}[2mledger      \u{1b}[0m2,400 productions of 2,001 users
              \u{1b}[2mtopic       \u{1b}[0musers.god: 2,400 records in 12 partitions,
                          2,000 live, 1 tombstone
              \u{1b}[2mfence       \u{1b}[0mstrong at 4242@binlog.000001:12345, passed by
                          connector, intake, aggregator, enricher
              \u{1b}[2mself-test   \u{1b}[0m5 of 5 planted differences seen
              \u{1b}[2mrun         \u{1b}[0m20261122T080000Z-4f2a, verify, started
                          2026-11-22 08:00:00 UTC, took 12.4 s

              \u{1b}[2msince last  \u{1b}[0m2 new, 17 persisting, 4 healed
              \u{1b}[2mtrend       \u{1b}[0m·▅▅██ 19 findings now; most 21, in 5 runs
                          since 2026-11-18 (· none)

            \u{1b}[1mCauses\u{1b}[0m
              \u{1b}[1m  14\u{1b}[0m  aggregate missing: no_change_event_seen
                    the row changed, and no change event for it ever
                    reached the pipeline
                    \u{1b}[36mrollcall repair --run 20261122T080000Z-4f2a --bucket aggregate/missing/no_change_event_seen\u{1b}[0m
              \u{1b}[1m   2\u{1b}[0m  aggregate stale: no_change_event_seen
                    the row changed, and no change event for it ever
                    reached the pipeline
                    \u{1b}[36mrollcall repair --run 20261122T080000Z-4f2a --bucket aggregate/stale/no_change_event_seen\u{1b}[0m
              \u{1b}[1m   1\u{1b}[0m  aggregate stale: parked:bad_row
                    parked: the row cannot be encoded
                    \u{1b}[36mrollcall parked retry\u{1b}[0m
              \u{1b}[1m   2\u{1b}[0m  god missing: produced_then_absent
                    the God object was produced, and later vanished from
                    the topic
                    \u{1b}[36mrollcall repair --run 20261122T080000Z-4f2a --bucket god/missing/produced_then_absent\u{1b}[0m

            \u{1b}[1mWhere they cluster\u{1b}[0m
              aggregate missing: no_change_event_seen
                    \u{1b}[33mall 14 lie in partition 7\u{1b}[0m
                    \u{1b}[33mall 14 have ids in 1001–1014\u{1b}[0m

            \u{1b}[1mStale for\u{1b}[0m
                 3  1–7 d       \u{1b}[2m▪▪▪▪▪▪▪▪▪▪▪▪▪▪▪▪▪▪▪▪▪▪▪▪\u{1b}[0m
                the oldest was written 2026-11-18 11:06:40 UTC, 3 days
                before the run

            \u{1b}[1mExamples\u{1b}[0m
              aggregate missing  1001
              aggregate stale    2 (email, prefs.language)
              aggregate stale    1 (email, prefs.language)
              … and 16 more in reports/20261122T080000Z-4f2a/findings.ndjson

            \u{1b}[1mNotes\u{1b}[0m
              - the broker cannot say whether topic `users.god` is
                compacted
              - 2 users changed too often for the values to be compared;
                only their versions were checked

            \u{1b}[1mReport\u{1b}[0m  reports/20261122T080000Z-4f2a

            \u{1b}[1mNext\u{1b}[0m
              \u{1b}[36mrollcall repair --run 20261122T080000Z-4f2a --dry-run\u{1b}[0m
                  names the signals for 14 aggregate missing, 2
                  aggregate stale, 2 god missing; without --dry-run it
                  mends and re-verifies them
              \u{1b}[36mrollcall parked list\u{1b}[0m
                  says why records are parked: 1 aggregate stale
              \u{1b}[36mrollcall parked retry\u{1b}[0m
                  tries them again, once the reason is mended
              \u{1b}[36mrollcall explain 1001\u{1b}[0m
                  tells the whole life of the first example

            """
        let options = TerminalSummary.Options(colors: true, width: 60, examples: 3)
        #expect(TerminalSummary(try Sample.differing(), path: path, options: options).text == expected)
    }

    @Test("An incomplete run says what it waits for")
    func incomplete() throws {
        var report = try Sample.healthy()
        report.coverage.scanned = 3
        report.counts[.god]?.unresolved = 1
        report.fence.hops[3] = .init(
            hop: "enricher", passed: false, detail: "12 records behind in partition 4", waitedMs: 60_000)
        report.conclude()
        let expected = """
            Cannot tell yet: the fence was not passed (enricher: 12 records behind in partition 4); only 75 % of the plan was scanned; 1 suspect could not be settled in time
              Do first  rollcall verify

              coverage    3 of 4 key ranges, 75 %

              stage      users  matched  missing  stale  extra  parked  unresolved
              aggregate  2,000    2,000        0      0      0       0           0
              god        2,000    2,000        0      0      0       0           1

              as of       4242@binlog.000001:12345 of db1:3306, 2,000 rows
              topic       users.aggregate: 2,400 records in 12 partitions, 2,000 live, 1 tombstone
              ledger      2,400 productions of 2,001 users
              topic       users.god: 2,400 records in 12 partitions, 2,000 live, 1 tombstone
              fence       strong at 4242@binlog.000001:12345, passed by connector, intake, aggregator; NOT
                          passed by enricher (12 records behind in partition 4, waited 1 min 0 s)
              self-test   5 of 5 planted differences seen
              run         20261122T080000Z-4f2a, verify, started 2026-11-22 08:00:00 UTC, took 12.4 s

            Report  reports/20261122T080000Z-4f2a

            Next
              rollcall verify
                  calls the roll again, once the pipeline has caught up

            """
        #expect(TerminalSummary(report, path: path).text == expected)
    }

    @Test("A run that failed before it saw anything claims nothing")
    func error() throws {
        var report = RunReport(runID: try Sample.run(), mode: .verify, startedAt: Sample.start, configDigest: "x")
        report.notes = ["the last run saw 2,000 rows"]
        report.conclude(failure: "the source yields no row at all; if that is right, pass --allow-empty")
        let expected = """
            No verdict: the source yields no row at all; if that is right, pass --allow-empty
              Do first  rollcall doctor

              run         20261122T080000Z-4f2a, verify, started 2026-11-22 08:00:00 UTC, took 0 ms

            Notes
              - the last run saw 2,000 rows

            Next
              rollcall doctor
                  examines every precondition, and names what mends those that are not met

            """
        #expect(TerminalSummary(report, path: nil).text == expected)
    }

    @Test("A run without a verdict among the others is no run without findings")
    func trendOfAFailure() throws {
        var report = try Sample.differing()
        report.trend[report.trend.count - 1].verdict = .error
        #expect(report.trendText?.contains("× no verdict now; most 21, in 5 runs") == true)
    }

    @Test("Colours change nothing but colours")
    func stripped() throws {
        let colored = TerminalSummary(try Sample.differing(), path: path, options: .init(colors: true)).text
        let plain = TerminalSummary(try Sample.differing(), path: path).text
        #expect(colored.replacing(/\u{1b}\[[0-9;]*m/, with: "") == plain)
    }
}

@Suite("The verdict sentence")
struct HeadlineTests {
    @Test("Numbers and nouns agree")
    func plurals() throws {
        var one = try Sample.healthy()
        one.counts = [.aggregate: StageCounts(users: 1, matched: 1), .god: StageCounts(users: 1, matched: 1)]
        one.conclude()
        #expect(one.headline == "Safe: the only user made it across, verified through binlog.000001:12345")

        var none = try Sample.healthy()
        none.counts = [.aggregate: StageCounts()]
        none.conclude()
        #expect(
            none.headline
                == "Safe: there is no user, and nothing lies where none should be, verified through binlog.000001:12345")

        var tally = FindingTally()
        tally.add(try Sample.line("7"))
        one.adopt(tally)
        one.conclude()
        #expect(one.headline == "NOT safe to cut over: 0 missing, 1 stale, 0 extra of 1 user, 100 % scanned")
    }

    @Test("A weak fence, a single stage and a slice are said in the sentence itself")
    func qualifications() throws {
        var report = try Sample.healthy()
        report.fence.strength = .weak
        report.counts[.god] = nil
        report.conclude()
        #expect(
            report.headline == "Safe: every one of 2,000 users reached the aggregate topic, verified through "
                + "binlog.000001:12345, behind a weak fence")

        report.coverage.plan = .slice
        report.conclude()
        #expect(
            report.headline == "Clean as far as planned: every one of 2,000 users that were due reached the aggregate topic; "
                + "this was no full sweep")
    }

    @Test("A nightly run with differences does not speak of a cutover")
    func nightly() throws {
        var report = try Sample.differing()
        report.mode = .reconcile
        #expect(report.headline == "NOT in order: 16 missing, 3 stale, 0 extra of 4,210,331 users, 100 % scanned")
    }

    @Test(
        "Numbers are grouped by thousands, durations are short",
        arguments: [
            (0, "0"), (999, "999"), (1_000, "1,000"), (4_210_331, "4,210,331"), (-1_234, "-1,234"),
            (.max, "9,223,372,036,854,775,807"),
        ])
    func grouping(number: Int, text: String) {
        #expect(PlainText.grouped(number) == text)
    }

    @Test(arguments: [(5, "5 ms"), (12_400, "12.4 s"), (200_000, "3 min 20 s"), (7_500_000, "2 h 5 min"), (-3, "0 ms")])
    func durations(milliseconds: Int64, text: String) {
        #expect(PlainText.duration(milliseconds: milliseconds) == text)
    }
}
