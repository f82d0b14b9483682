import Domain
import Testing

@testable import Report

@Suite("A line of findings.ndjson")
struct FindingLineTests {
    @Test("It holds what a reader needs to act, and no value of any row")
    func schema() throws {
        let line = try Sample.line("42", .god, .stale, .mappingChangedSince, fields: ["email"])
        let expected = #"""
            {"user":"42","stage":"god","kind":"stale","cause":"mapping_changed_since","fields":["email"],"values":null,"tables":[],"partition":3,
            "source":{"digest":"0000000000000001","position":"4242@binlog.000001:12345"},
            "topic":{"partition":3,"offset":77,"timestamp":"2026-11-18T11:06:40Z","digest":"00000000000000ab"},
            "ledger":{"god_partition":1,"god_offset":9,"god_digest":"0000000000000002","aggregate_partition":3,
            "aggregate_offset":77,"aggregate_digest":"00000000000000ab","produced_at":"2026-11-18T11:06:40.250Z"},
            "god":null,"parked":{},"first_seen":"2026-11-22T08:00:00Z",
            "repair":"rollcall repair --run 20261122T080000Z-4f2a --user 42"}
            """#
        #expect(line.json.description == expected.split(separator: "\n").joined())
    }

    @Test("Written and read, it is the same", arguments: Stage.allCases, Kind.allCases)
    func roundTrip(stage: Stage, kind: Kind) throws {
        for cause in [Cause.parked(.mappingFailed), .tombstoneMissing, nil] {
            for user in hostileIDs {
                var finding = Sample.finding(user, stage, kind, cause, fields: ["a", "b\"\n"], tables: ["c"])
                finding.evidence.parked = [.enricher: .mappingFailed]
                finding.evidence.god = LiveRecord(
                    address: RecordAddress(partition: 1, offset: .max), digest: Digest(rawValue: .max), timestampMs: .max)
                let line = FindingLine(finding, run: try Sample.run(), firstSeen: Sample.start)
                #expect(try FindingLine(json: JSONValue(parsing: line.json.bytes)) == line)
            }
        }
    }

    @Test("The partition of a record that was found stands in for one that nobody computed")
    func partition() throws {
        let stale = FindingLine(Sample.finding("1"), run: try Sample.run(), firstSeen: Sample.start)
        #expect(stale.partition == 3)
        let missing = FindingLine(Sample.finding("1", .aggregate, .missing), run: try Sample.run(), firstSeen: Sample.start)
        #expect(missing.partition == nil)
        var asked = Sample.finding("1", .aggregate, .missing)
        asked.homePartition = 5
        #expect(FindingLine(asked, run: try Sample.run(), firstSeen: Sample.start).partition == 5)
    }

    @Test("A cause that only a later version knows is kept by its code")
    func unknownCause() throws {
        var line = try Sample.line("42")
        line.causeCode = "eaten_by_a_dog"
        let read = try FindingLine(json: line.json)
        #expect(read.causeCode == "eaten_by_a_dog")
        #expect(read.cause == nil)
        #expect(read.bucket.explanation == "a cause that this version of Rollcall does not know")
    }
}

/// User ids as they are found in the wild, and as someone would make them up.
let hostileIDs = [
    "42", "-5", "--all", "=1+1", "@SUM(A1)", "+49", "\t=1", "a,b", "a\"b", "a'b", "a\nb", "a\r\nb", "\u{1b}[2J\u{1b}]0;x\u{7}",
    "\u{0}", "a\u{0}b", "😀", "👩‍👩‍👧", "é", "e\u{301}", "\u{202E}drow", "|", "`", "``x``", "<b>", "[x](http://x)", "@admin", "\\", " ",
    "\"\u{301}", "a'\u{301};b", "|\u{301}", "-\u{301}", "=\u{301}", "`\u{301}", "＝1", "$(reboot)", "\u{9b}31m", "\u{2028}",
]
