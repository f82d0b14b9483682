import ArgumentParser
import Domain
import Ledger
import Report

/// `rollcall gate`
struct GateCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "gate",
        abstract: "Exits 0 only if a complete, clean run is fresh enough; else 1, and says why.",
        discussion: """
            Asks reports/history.sqlite and nothing else, so a deployment can ask it at any time. A run counts from when it began \
            to read. A clean run does not count once a later one has found differences.
            """)

    @Option(
        parsing: .unconditional,
        help: ArgumentHelp("How old the last complete, clean run may be, such as 90m, 24h or 7d.", valueName: "time"))
    var maxAge: Age

    @Option(
        parsing: .unconditional, help: ArgumentHelp("How old the last one may be that looked at everyone.", valueName: "time"))
    var fullWithin: Age?

    @Option(
        help: ArgumentHelp("aggregate also accepts runs that judged the aggregate topic alone.", valueName: "stage"))
    var stage: RunOptions.StageChoice = .all

    @OptionGroup var global: GlobalOptions

    func run() throws {
        let settings = try global.prepare(needs: [.reports, .log])
        let gate = Gate(
            maxAgeMs: maxAge.milliseconds, fullWithinMs: fullWithin?.milliseconds, stages: stage.stages,
            nowMs: UTCTime.now().millisecondsSince1970)
        let answer = gate.answer(historyPath: try settings.historyPath)
        if global.json {
            try Console.shared.output(answer.json)
        } else if !(global.quiet && answer.isOpen) {
            try Console.shared.output(answer.text + "\n")
        }
        throw ExitCode((answer.isOpen ? ExitStatus.success : .differences).rawValue)
    }
}

/// A length of time as people write it: `45s`, `90m`, `24h`, `7d`.
struct Age: ExpressibleByArgument, Equatable {
    let milliseconds: Int64

    init(milliseconds: Int64) { self.milliseconds = milliseconds }

    private static let units: [Character: Int64] = ["s": 1_000, "m": 60_000, "h": 3_600_000, "d": 86_400_000]

    init?(argument: String) {
        guard let unit = argument.last.flatMap({ Self.units[$0] }), let count = Int64(argument.dropLast()), count > 0 else {
            return nil
        }
        let (milliseconds, overflow) = count.multipliedReportingOverflow(by: unit)
        guard !overflow else { return nil }
        self.milliseconds = milliseconds
    }
}

/// The question whether what was proven is fresh enough to build on.
struct Gate {
    let maxAgeMs: Int64
    let fullWithinMs: Int64?
    let stages: Set<Stage>
    let nowMs: Int64

    /// A clock that was set back must not make a run young for ever.
    private static let clockToleranceMs: Int64 = 300_000

    struct Answer {
        /// Why the gate stays shut; nil where it opens.
        var reason: String?
        var run: HistoryRun?
        var fullRun: HistoryRun?

        var isOpen: Bool { reason == nil }
    }

    func answer(historyPath: String) -> Answer {
        do {
            return try answer(History(path: historyPath, access: .readOnly))
        } catch {
            return Answer(reason: "no run can be looked up: \(error)")
        }
    }

    private func answer(_ history: History) throws -> Answer {
        var answer = Answer(run: try history.lastCompleteCleanRun(stages: stages))
        answer.fullRun = try history.lastCompleteCleanRun(coveringEveryUser: true, stages: stages)
        answer.reason = try reason(answer, history)
        return answer
    }

    private func reason(_ answer: Answer, _ history: History) throws -> String? {
        guard let run = answer.run else { return "there was never a complete, clean run" }
        if let age = tooOld(run, maxAgeMs) { return "the last complete, clean run, \(run.runID), \(age)" }
        if let later = try history.firstRunWithDifferences(after: run.runID) {
            return "run \(later.runID) found differences, after the last clean one, \(run.runID)"
        }
        guard let fullWithinMs else { return nil }
        guard let full = answer.fullRun else { return "there was never a complete, clean run that looked at everyone" }
        return tooOld(full, fullWithinMs).map { "the last complete, clean run that looked at everyone, \(full.runID), \($0)" }
    }

    private func tooOld(_ run: HistoryRun, _ limitMs: Int64) -> String? {
        let ageMs = nowMs - run.readingSinceMs
        if ageMs < -Self.clockToleranceMs { return "began in the future, so one of the clocks is wrong" }
        guard ageMs > limitMs else { return nil }
        return "is \(PlainText.duration(milliseconds: ageMs)) old, and \(PlainText.duration(milliseconds: limitMs)) are allowed"
    }
}

extension HistoryRun {
    /// When the run began to read, in milliseconds since 1970: before it began itself, where it went on with an interrupted one.
    var readingSinceMs: Int64 {
        let json = baselineJSON.flatMap { try? JSONValue(parsing: $0) }
        return min(startedAtMs, json?["started_at_ms"]?.integer ?? startedAtMs)
    }
}

extension Gate.Answer {
    /// What people read.
    var text: String {
        if let reason { return "shut: \(reason)" }
        let through = run?.verifiedThrough.map { ", verified through \($0)" } ?? ""
        return "open: run \(run?.runID ?? "?") was complete and clean\(through)"
    }

    var json: JSONValue {
        [
            "ok": .bool(isOpen), "reason": .string(reason), "run": run.map(describe) ?? .null,
            "full_run": fullRun.map(describe) ?? .null,
        ]
    }

    private func describe(_ run: HistoryRun) -> JSONValue {
        [
            "run_id": .string(run.runID), "mode": .string(run.mode),
            "reading_since": .string(UTCTime(millisecondsSince1970: run.readingSinceMs).description),
            "finished_at": .string(UTCTime(millisecondsSince1970: run.finishedAtMs).description),
            "everyone": .bool(run.coversEveryUser), "verified_through": .string(run.verifiedThrough?.description),
        ]
    }
}
