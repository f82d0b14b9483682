import Domain
import Foundation
import SQLite
import Testing

@testable import Ledger

@Suite("The history of runs and findings")
struct HistoryTests {
    let scratch: Scratch
    let path: String
    let history: History
    let everyone = HistoryCoverage.everyUser([.aggregate, .god])

    init() throws {
        scratch = try Scratch()
        path = scratch.path("history.sqlite")
        history = try History(path: path, access: .readWrite)
    }

    func run(
        _ number: Int64, verdict: String = "differences", isComplete: Bool = true, coversEveryUser: Bool = true,
        watermarks: String? = nil
    ) -> HistoryRun {
        HistoryRun(
            runID: "run-\(number)", mode: "verify", verdict: verdict, isComplete: isComplete, coversEveryUser: coversEveryUser,
            exitCode: 1, startedAtMs: number * 1_000, finishedAtMs: number * 1_000 + 500, configDigest: "c0ffee",
            countsJSON: #"{"users":3}"#,
            verifiedThrough: SourcePosition(server: 1, logName: "binlog", logNumber: 17, offset: 4), watermarksJSON: watermarks)
    }

    func record(_ number: Int64, _ users: [String], isComplete: Bool = true) throws -> HistoryDelta {
        try history.record(run(number, isComplete: isComplete), coverage: everyone) { recorder in
            for user in users {
                try recorder.add(user: UserID(user), stage: .god, kind: .missing, cause: .parked(.mappingFailed))
            }
        }
    }

    @Test("Findings are new, persist, heal and reappear")
    func delta() throws {
        #expect(try record(1, ["a", "b"]) == HistoryDelta(new: 2))
        #expect(try record(2, ["b", "c"]) == HistoryDelta(new: 1, persisting: 1, healed: 1))
        #expect(try record(3, ["b"]) == HistoryDelta(persisting: 1, healed: 1))
        #expect(try record(4, ["a", "b"]) == HistoryDelta(new: 1, reappeared: 1, persisting: 1))
        #expect(try record(5, []) == HistoryDelta(healed: 2))
        #expect(try record(6, []) == HistoryDelta())
        #expect(try history.runs().map(\.delta.healed) == [0, 2, 0, 1, 1, 0])

        let a = try #require(try history.finding(user: UserID("a"), stage: .god, kind: .missing))
        #expect(a.spells == 2)
        #expect(a.cause == "parked:mapping_failed")
        #expect([a.firstSeenRunID, a.lastSeenRunID, a.healedRunID] == ["run-4", "run-4", "run-5"])
        #expect([a.firstSeenAtMs, a.lastSeenAtMs, a.healedAtMs] == [4_000, 4_000, 5_000])
        #expect(try history.findings(of: UserID("b")).map(\.firstSeenAtMs) == [1_000])
    }

    @Test("First seen is the start of the present spell, and nothing where the finding is healed or was never made")
    func firstSeen() throws {
        func firstSeen(_ user: String) throws -> Int64? {
            try history.firstSeen(user: UserID(user), stage: .god, kind: .missing)
        }
        _ = try record(1, ["a"])
        _ = try record(2, ["a"])
        #expect(try firstSeen("a") == 1_000)
        #expect(try firstSeen("b") == nil)
        _ = try record(3, [])
        #expect(try firstSeen("a") == nil)
        _ = try record(4, ["a"])
        #expect(try firstSeen("a") == 4_000)
    }

    @Test("An incomplete run heals nothing that it did not name")
    func incomplete() throws {
        _ = try record(1, ["a", "b", "c"])
        #expect(try record(2, ["b"], isComplete: false) == HistoryDelta(persisting: 1))
        let delta = try history.record(run(3, isComplete: false), coverage: everyone) { recorder in
            try recorder.reverified(UserID("a"), stage: .god)
            try recorder.reverified(UserID("c"), stage: .aggregate)
        }
        #expect(delta == HistoryDelta(healed: 1))
        var open: [String] = []
        try history.forEachOpenFinding { open.append($0.user.text) }
        #expect(open == ["b", "c"])
    }

    @Test("A user that was verified again and found again has not healed")
    func reverifiedAndFound() throws {
        _ = try record(1, ["a"])
        let delta = try history.record(run(2), coverage: .namedUsers) { recorder in
            try recorder.reverified(UserID("a"), stage: .god)
            try recorder.add(user: UserID("a"), stage: .god, kind: .stale, cause: nil)
        }
        // Another kind of trouble: what was missing has healed, and is stale now.
        #expect(delta == HistoryDelta(new: 1, healed: 1))
    }

    @Test("A run of one stage heals at that stage only")
    func stages() throws {
        try history.record(run(1), coverage: everyone) { recorder in
            for stage in Stage.allCases { try recorder.add(user: UserID("a"), stage: stage, kind: .stale, cause: nil) }
        }
        #expect(try history.record(run(2), coverage: .everyUser([.aggregate])) == HistoryDelta(healed: 1))
        #expect(try history.firstSeen(user: UserID("a"), stage: .god, kind: .stale) == 1_000)
    }

    @Test("A run whose findings fail half-way leaves no trace, and can be recorded again")
    func failedRecording() throws {
        struct Stop: Error {}
        _ = try record(1, ["a"])
        #expect(throws: Stop.self) {
            try history.record(run(2), coverage: everyone) { recorder in
                try recorder.add(user: UserID("b"), stage: .god, kind: .missing, cause: nil)
                throw Stop()
            }
        }
        #expect(try history.lastRun()?.runID == "run-1")
        #expect(try record(2, ["a"]) == HistoryDelta(persisting: 1))
        #expect(try history.findings(of: UserID("b")) == [])
    }

    @Test("A run is recorded once")
    func duplicateRun() throws {
        _ = try record(1, ["a"])
        #expect(ledgerError { _ = try record(1, []) }?.code == .duplicateRun)
        #expect(try history.firstSeen(user: UserID("a"), stage: .god, kind: .missing) == 1_000)
    }

    @Test("Many findings are looked up together, each in its place")
    func manyFirstSeen() throws {
        _ = try record(1, ["a", "b"])
        _ = try record(2, ["a", "c"])
        let asked = ["c", "b", "nobody", "a"].map { (user: UserID($0), stage: Stage.god, kind: Kind.missing) }
        // What healed is not open.
        #expect(try history.firstSeen(asked) == [2_000, nil, nil, 1_000])
        #expect(try history.firstSeen([]) == [])
    }

    @Test("A finding that is added twice counts once; ids with NUL and emoji stay apart")
    func identity() throws {
        #expect(try record(1, ["a", "a", "a\u{0}", "a\u{0}b", "🦊", "é", "e\u{301}"]).new == 6)
        #expect(try history.firstSeen(user: UserID("a\u{0}b"), stage: .god, kind: .missing) == 1_000)
    }

    @Test("Runs come back as they were recorded; gates and watermarks look at the right ones")
    func runs() throws {
        #expect(try history.lastRun() == nil)
        let recorded = [
            run(1, verdict: "clean", watermarks: "w1"),
            run(2, verdict: "clean", coversEveryUser: false, watermarks: "w2"),
            run(3, verdict: "differences", watermarks: "w3"),
            run(4, verdict: "incomplete", isComplete: false, watermarks: "w4"),
            run(5, verdict: "error", isComplete: false),
        ]
        for run in recorded { try history.record(run, coverage: .namedUsers) }
        #expect(try history.runs() == recorded.reversed())
        #expect(try history.runs(limit: 2).map(\.runID) == ["run-5", "run-4"])
        #expect(try history.run("run-3") == recorded[2])
        #expect(try history.lastRun() == recorded[4])
        #expect(try history.lastCompleteCleanRun()?.runID == "run-2")
        #expect(try history.lastCompleteCleanRun(coveringEveryUser: true)?.runID == "run-1")
        #expect(try history.lastWatermarksJSON() == "w3")
    }

    @Test("One process records, others read meanwhile")
    func access() throws {
        #expect(ledgerError { _ = try History(path: path, access: .readWrite) }?.code == .locked)
        #expect(ledgerError { _ = try History(path: scratch.path("none"), access: .readOnly) }?.code == .missing)
        let reader = try History(path: path, access: .readOnly)
        try history.record(run(1), coverage: everyone) { recorder in
            try recorder.add(user: UserID("a"), stage: .god, kind: .extra, cause: .tombstoneMissing)
            #expect(try reader.lastRun() == nil)
        }
        #expect(try reader.lastRun()?.runID == "run-1")
        #expect(throws: LedgerError.self) { try reader.record(run(2), coverage: everyone) }
    }

    @Test("Twenty thousand findings are recorded in any order of users")
    func many() throws {
        let count = 20_000
        let shuffled = { (recorder: FindingRecorder) in
            // 7919 has no divisor in common with the count, so each user comes once.
            for index in 0..<count {
                try recorder.add(
                    user: UserID("\(index * 7919 % count)"), stage: .aggregate, kind: .missing, cause: .noChangeEventSeen)
            }
        }
        #expect(try history.record(run(1), coverage: everyone, shuffled) == HistoryDelta(new: count))
        #expect(try history.record(run(2), coverage: everyone, shuffled) == HistoryDelta(persisting: count))
        #expect(try history.record(run(3), coverage: everyone) == HistoryDelta(healed: count))
    }
}
