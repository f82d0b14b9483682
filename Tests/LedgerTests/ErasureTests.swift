import Domain
import Foundation
import Testing

@testable import Ledger

@Suite("Whoever is forgotten is in no byte of the files")
struct ErasureTests {
    private let scratch: Scratch
    /// Longer than any accident.
    private let user = UserID("needle-4711-in-the-haystack")

    init() throws {
        scratch = try Scratch()
    }

    /// The files of the directory, logs and all, in which the id stands anywhere.
    private func filesWithUser() throws -> [String] {
        try FileManager.default.contentsOfDirectory(atPath: scratch.directory.path).filter { name in
            try scratch.bytes(name).range(of: Data(user.text.utf8)) != nil
        }.sorted()
    }

    @Test("A ledger: rows, free pages that an earlier deletion left, and the log")
    func ledger() throws {
        let path = scratch.path("ledger.sqlite")
        let writer = try LedgerWriter(path: path, godTopic: "god")
        try writer.append((1...400).map { production($0 % 3 == 0 ? user.text : "user-\($0)", offset: Int64($0)) })
        // Superseded rows go without being overwritten: their bytes stay in free pages.
        _ = try writer.prune()
        try writer.append((401...600).map { production($0 % 2 == 0 ? user.text : "user-\($0)", offset: Int64($0)) })
        #expect(try !filesWithUser().isEmpty)
        let erasure = try writer.forget(user)
        #expect(erasure.rows == 101)
        #expect(try filesWithUser() == [])
        writer.close()
        #expect(try filesWithUser() == [])

        let reader = try LedgerReader(path: path)
        #expect(try reader.productions(for: user) == [])
        #expect(try reader.all().count == 367)
        #expect(try reader.check().filter(\.isSerious) == [])
    }

    @Test("Readers that go on from an id miss nothing, although the last row was the user's")
    func idsRise() throws {
        let path = scratch.path("ledger.sqlite")
        let writer = try LedgerWriter(path: path, godTopic: "god")
        try writer.append([production("a", offset: 1), production("b", offset: 2), production(user.text, offset: 3)])
        let seen = try LedgerReader(path: path).lastID()
        try _ = writer.forget(user)
        try writer.append([production("c", offset: 4)])
        var later: [String] = []
        try LedgerReader(path: path).fold(after: seen) { later.append($0.user.text) }
        #expect(later == ["c"])
        #expect(try writer.highestGodOffsets() == [0: 4])
        #expect(try LedgerReader(path: path).all().map(\.user.text) == ["a", "b", "c"])
    }

    @Test("Ids go on from the highest one although the forgotten user was the only one, and after another opening")
    func idsRiseFromNothing() throws {
        let path = scratch.path("ledger.sqlite")
        let writer = try LedgerWriter(path: path, godTopic: "god")
        try writer.append([production(user.text, offset: 1), production(user.text, offset: 2)])
        let seen = try LedgerReader(path: path).lastID()
        #expect(try writer.forget(user).rows == 2)
        #expect(try LedgerReader(path: path).lastID() == seen)
        writer.close()
        let again = try LedgerWriter(path: path, godTopic: "god")
        try again.append([production("b", offset: 3), production("c", offset: 4)])
        var later: [String] = []
        let last = try LedgerReader(path: path).fold(after: seen) { later.append($0.user.text) }
        #expect(later == ["b", "c"])
        #expect(last == seen + 2)
        #expect(try LedgerReader(path: path).check() == [])
    }

    @Test("The God objects of a forgotten user are not listed anew: the highest offset stays noted, and a check accepts that")
    func highestOffset() throws {
        let path = scratch.path("ledger.sqlite")
        let writer = try LedgerWriter(path: path, godTopic: "god")
        try writer.append([production("a", offset: 1), production(user.text, offset: 3)])
        _ = try writer.forget(user)
        writer.close()
        let again = try LedgerWriter(path: path, godTopic: "god")
        #expect(try again.highestGodOffsets() == [0: 3])
        #expect(try LedgerReader(path: path).check() == [])
    }

    private func parked(_ offset: Int64, user: UserID?, value: String) -> ParkedRecord {
        ParkedRecord(
            hop: .enricher, topic: "aggregate", address: RecordAddress(partition: 0, offset: offset), timestampMs: 1, key: nil,
            value: Array(value.utf8), user: user, reason: .mappingFailed, message: "no answer")
    }

    @Test("Parked records: those of the user go with their bytes; one that names nobody is for a person to judge")
    func parkedRecords() throws {
        let store = try ParkedStore(path: scratch.path("parked.sqlite"))
        try store.park([
            parked(1, user: user, value: "{\"user_id\":\"\(user.text)\",\"email\":\"x\"}"),
            parked(2, user: UserID("other"), value: "{}"),
            parked(3, user: nil, value: "broken \(user.text)}"),
            parked(4, user: nil, value: "x\(user.text)9"),
        ])
        #expect(try store.forget(user).rows == 1)
        let unclear = try store.unattributed(mentioning: user)
        #expect(unclear == [3], "4 holds the id only within a longer word")
        #expect(try store.forget(user, alsoIDs: [3, 4]).rows == 2)
        #expect(try filesWithUser() == [])
        #expect(try ParkedReader(path: store.path).entries(ParkedFilter()).map(\.user) == [UserID("other")])
    }

    private func run(_ id: String, atMs: Int64, verdict: String = "differences") -> HistoryRun {
        HistoryRun(
            runID: id, mode: "verify", verdict: verdict, isComplete: true, coversEveryUser: true, exitCode: 1, startedAtMs: atMs,
            finishedAtMs: atMs, configDigest: "d", watermarksJSON: "{}")
    }

    @Test("The history: findings open and healed")
    func history() throws {
        let history = try History(path: scratch.path("history.sqlite"), access: .readWrite)
        for (index, id) in ["one", "two"].enumerated() {
            try history.record(run(id, atMs: Int64(index)), coverage: .everyUser([.aggregate])) { recorder in
                try recorder.add(user: UserID("other"), stage: .aggregate, kind: .missing, cause: nil)
                if index == 0 { try recorder.add(user: user, stage: .aggregate, kind: .stale, cause: nil) }
            }
        }
        var sliced = run("three", atMs: 3)
        sliced.baselineJSON = #"{"full_run":"one","slice_after":"\#(user.text)"}"#
        try history.record(sliced, coverage: .namedUsers)
        #expect(try history.findings(of: user).count == 1)
        #expect(try history.forget(user).rows == 2, "a finding, and the end of a slice")
        #expect(try filesWithUser() == [])
        #expect(try history.findings(of: UserID("other")).count == 1)
        #expect(try history.run("three")?.baselineJSON == #"{"full_run":"one","slice_after":null}"#)
    }

    @Test("A reader that holds on to the log is named, and the same call ends the work once it is gone")
    func reader() throws {
        let path = scratch.path("ledger.sqlite")
        let writer = try LedgerWriter(path: path, godTopic: "god")
        try writer.append([production(user.text, offset: 1), production("b", offset: 2)])
        let reader = try LedgerReader(path: path)
        try reader.snapshot {
            _ = try reader.lastID()
            let error = ledgerError { _ = try writer.forget(user) }
            #expect(error?.code == .busy)
        }
        _ = try writer.forget(user)
        #expect(try filesWithUser() == [])
    }

    @Test("Pruning a history keeps what is open, what gate rests on and what the next run goes on from")
    func prune() throws {
        let history = try History(path: scratch.path("history.sqlite"), access: .readWrite)
        func record(_ id: String, _ atMs: Int64, _ verdict: String = "differences", _ users: [String] = []) throws {
            try history.record(run(id, atMs: atMs, verdict: verdict), coverage: .everyUser([.aggregate])) { recorder in
                for user in users { try recorder.add(user: UserID(user), stage: .aggregate, kind: .missing, cause: nil) }
            }
        }
        try record("first", 1, "differences", ["old", "open"])
        try record("second", 2, "differences", ["open"])
        try record("clean?", 3, "differences", ["open"])
        try record("later", 100, "differences", ["open"])
        let outcome = try history.prune(beforeMs: 50)
        #expect(outcome == HistoryPruneOutcome(runs: 2, findings: 1))
        #expect(try history.runs().map(\.runID) == ["later", "first"])
        #expect(try history.firstSeen(user: UserID("open"), stage: .aggregate, kind: .missing) == 1)
        #expect(try history.findings(of: UserID("old")) == [])

        try record("healed", 200, "clean")
        try record("newest", 300, "clean")
        #expect(try history.prune(beforeMs: 1_000).runs == 3, "all but the newest, which is also the newest clean one")
        #expect(try history.lastCompleteCleanRun()?.runID == "newest")
        #expect(try history.prune(beforeMs: 1_000) == HistoryPruneOutcome(runs: 0, findings: 0))
    }
}
