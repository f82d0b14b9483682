import Domain
import Foundation
import Ledger
import Testing

@testable import rollcall

@Suite("The gate")
struct GateTests {
    private let directory: TemporaryDirectory
    private var path: String { directory.path + "/history.sqlite" }

    init() throws {
        directory = try TemporaryDirectory()
    }

    private func record(
        _ id: String, at hour: Int64, verdict: String = "clean", complete: Bool = true, everyone: Bool = true,
        counts: String = #"{"aggregate":{},"god":{}}"#, baseline: String? = nil
    ) throws {
        let history = try History(path: path, access: .readWrite)
        try history.record(
            HistoryRun(
                runID: id, mode: "verify", verdict: verdict, isComplete: complete, coversEveryUser: everyone, exitCode: 0,
                startedAtMs: hour * 3_600_000, finishedAtMs: hour * 3_600_000 + 1, configDigest: "c", countsJSON: counts,
                baselineJSON: baseline),
            coverage: .namedUsers)
    }

    private func ask(at hour: Int64, maxAge: String = "24h", full: String? = nil, stages: Set<Stage> = Set(Stage.allCases))
        -> Gate.Answer
    {
        return Gate(
            maxAgeMs: Age(argument: maxAge)?.milliseconds ?? 0,
            fullWithinMs: full.flatMap { Age(argument: $0)?.milliseconds }, stages: stages, nowMs: hour * 3_600_000
        ).answer(historyPath: path)
    }

    @Test("opens for a complete, clean run that is fresh enough, and for no older one")
    func age() throws {
        try record("a", at: 10)
        #expect(
            Gate(maxAgeMs: 86_400_000, fullWithinMs: nil, stages: [.god], nowMs: 34 * 3_600_000).answer(historyPath: path).isOpen)
        #expect(ask(at: 35).reason == "the last complete, clean run, a, is 25 h 0 min old, and 24 h 0 min are allowed")
    }

    @Test("stays shut where there is no history at all")
    func noHistory() {
        #expect(ask(at: 10).reason?.contains("no run can be looked up") == true)
    }

    @Test("counts neither incomplete runs nor those with differences")
    func others() throws {
        try record("a", at: 10, verdict: "incomplete", complete: false)
        try record("b", at: 11, verdict: "differences")
        #expect(ask(at: 12).reason == "there was never a complete, clean run")
    }

    @Test("stays shut once a later run has found differences, until a clean one follows")
    func laterDifferences() throws {
        try record("a", at: 10)
        try record("b", at: 11, verdict: "differences", complete: false)
        let gate = Gate(maxAgeMs: 86_400_000, fullWithinMs: nil, stages: [.god], nowMs: 12 * 3_600_000)
        #expect(gate.answer(historyPath: path).reason?.contains("run b found differences") == true)
        try record("c", at: 12)
        #expect(ask(at: 12).isOpen)
    }

    @Test("an incomplete run after a clean one takes nothing away")
    func laterIncomplete() throws {
        try record("a", at: 10)
        try record("b", at: 11, verdict: "incomplete", complete: false)
        #expect(ask(at: 12).isOpen)
    }

    @Test("wants a run that looked at everyone, where that is asked for")
    func full() throws {
        try record("full", at: 10)
        try record("slice", at: 100, everyone: false)
        let gate = Gate(maxAgeMs: 86_400_000, fullWithinMs: 72 * 3_600_000, stages: [.god], nowMs: 101 * 3_600_000)
        #expect(gate.answer(historyPath: path).reason?.contains("looked at everyone, full, is 91 h") == true)
        #expect(ask(at: 101, full: "7d").isOpen)
    }

    @Test("a run of the aggregate stage alone opens only a gate that asks for no more")
    func stages() throws {
        try record("a", at: 10, counts: #"{"aggregate":{}}"#)
        let gate = Gate(maxAgeMs: 86_400_000, fullWithinMs: nil, stages: [.aggregate], nowMs: 12 * 3_600_000)
        #expect(gate.answer(historyPath: path).isOpen)
        #expect(ask(at: 12).reason == "there was never a complete, clean run")
    }

    @Test("a run counts from when it began to read, also where it went on with an interrupted one")
    func resumed() throws {
        try record("a", at: 40, baseline: #"{"started_at_ms":36000000}"#)
        #expect(!ask(at: 41).isOpen)
    }

    @Test("a run from the future opens nothing")
    func future() throws {
        try record("a", at: 40)
        #expect(ask(at: 30).reason?.contains("began in the future") == true)
    }

    @Test("reads ages as people write them", arguments: [("90m", 5_400_000), ("24h", 86_400_000), ("7d", 604_800_000)])
    func ages(text: String, milliseconds: Int64) {
        #expect(Age(argument: text)?.milliseconds == milliseconds)
    }

    @Test("refuses other ages", arguments: ["", "h", "24", "-1h", "0h", "1.5h", "24 h", "9999999999999999d"])
    func badAges(text: String) {
        #expect(Age(argument: text) == nil)
    }
}
