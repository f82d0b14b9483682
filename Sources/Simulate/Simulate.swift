import ArgumentParser
import Foundation
import Simulator

@main
struct Simulate: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "simulate",
        abstract: "Runs the pipeline and the reconciliation through schedules of crashes, races and defects.",
        discussion: """
            Everything but Rollcall itself is simulated, and each seed is one schedule: the same seed does the same again. A schedule that \
            breaks a promise is named with its seed; `--seed S --trace` shows what happened in it, call by call.
            """)

    @Option(help: "How many schedules to run.")
    var seeds = 1_000
    @Option(help: "The first seed; with --trace, the only one.")
    var seed: UInt64 = 1
    @Option(help: "How much happens in a schedule: \(Plan.Size.allCases.map(\.rawValue).joined(separator: ", ")).")
    var size = Plan.Size.medium.rawValue
    @Option(help: "A deliberately broken variant: \(Variant.allCases.map(\.rawValue).joined(separator: ", ")).")
    var variant = Variant.sound.rawValue
    @Option(help: "Schedules at the same time.")
    var jobs = ProcessInfo.processInfo.activeProcessorCount
    @Flag(help: "Show every turn of one schedule.")
    var trace = false
    @Flag(help: "Search for every broken variant, and tell how many schedules it took.")
    var variants = false
    @Option(help: "Searches for each variant.")
    var searches = 21

    func run() throws {
        guard let size = Plan.Size(rawValue: size) else { throw ValidationError("unknown size \(size)") }
        guard let variant = Variant(rawValue: variant) else { throw ValidationError("unknown variant \(variant)") }
        if variants { return try hunt(size) }
        if trace {
            let outcome = Simulation(seed: seed, size: size, variant: variant, isTraced: true).run()
            for line in outcome.trace { print(line) }
            for violation in outcome.violations { print("VIOLATION \(violation)") }
            if !outcome.violations.isEmpty { throw ExitCode(1) }
            return
        }
        let began = Date()
        let tally = Campaign(
            seeds: seed..<(seed + UInt64(max(0, seeds))), size: size, variant: variant, jobs: jobs, stopsAtFirst: false
        ).run { tally in
            guard tally.schedules % 5_000 == 0 else { return }
            FileHandle.standardError.write(Data("\(tally.schedules) schedules, \(tally.failures.count) failures\n".utf8))
        }
        let seconds = Date().timeIntervalSince(began)
        for outcome in tally.failures {
            for violation in outcome.violations { print("seed \(outcome.seed): \(violation)") }
        }
        let verdicts = tally.verdicts.sorted { $0.key < $1.key }.map { "\($0.key) \($0.value)" }.joined(separator: " · ")
        print(
            """
            \(tally.schedules) schedules in \(Int(seconds)) s (\(Int(Double(tally.schedules) / max(0.001, seconds))) a second), \
            \(tally.turns) port calls, \(tally.transactions) transactions, \(tally.runs) runs, \(tally.partialRuns) of them about what changed (\(verdicts)): \
            \(tally.failures.count) broke a promise
            """)
        if !tally.failures.isEmpty { throw ExitCode(1) }
    }

    private func hunt(_ size: Plan.Size) throws {
        var isEachFound = true
        for variant in Variant.allCases where variant != .sound {
            let outcome = Hunt(variant, searches: searches, size: size).run(jobs: jobs)
            isEachFound = isEachFound && outcome.found == searches
            let rules = outcome.rules.sorted { $0.value > $1.value }.map { "\($0.key.rawValue) \($0.value)" }
            print(
                "\(variant.rawValue): found in \(outcome.found) of \(searches) searches, median \(outcome.median) schedules "
                    + "(\(outcome.schedules.first ?? 0) to \(outcome.schedules.last ?? 0)); \(rules.joined(separator: ", ")); "
                    + "such as seed \(outcome.example.map(String.init) ?? "-")")
        }
        if !isEachFound { throw ExitCode(1) }
    }
}
