import Domain
import Foundation
import Report
import Testing

@testable import Reconcile

/// Runs only where `scripts/soundness` says for how long.
@Suite(
    "A verdict under writers, faults and planted defects",
    .enabled(if: SoundnessOptions.given != nil, "scripts/soundness runs it"), .serialized)
struct SoundnessTests {
    @Test("finds every defect that was planted, and nothing else, whatever hop lags")
    func soundness() throws {
        let options = try #require(SoundnessOptions.given)
        let deadline = ContinuousClock.now + .seconds(options.seconds)
        var tally = SoundnessTally()
        var episode: UInt64 = 0
        repeat {
            // The embedded broker keeps 5 MiB per partition and never compacts: a system that runs for hours would lose its users.
            let end = min(deadline, ContinuousClock.now + .seconds(SoundnessOptions.episodeSeconds))
            var next = try SoundnessEpisode(options, seed: options.seed &+ episode)
            try next.run(until: end)
            tally.add(next.tally)
            episode += 1
            // An hour is long: what is known so far is worth having, whatever happens next.
            print("soundness: after \(episode) episodes: \(tally)")
        } while ContinuousClock.now < deadline && tally.isSound
        print("soundness: seed \(options.seed): \(tally)")
        for trouble in tally.troubles { print("soundness: \(trouble)") }
        #expect(tally.troubles == [])
        #expect(tally.found == tally.injected - tally.mended)
        #expect(tally.injected > 0 || options.plantsNothing)
        #expect(!tally.runs.isEmpty)
        // Where no fence was ever passed, nothing would be found either.
        #expect(!options.plantsNothing || tally.runs.keys.contains { $0.hasSuffix(" clean") })
        #expect(tally.falseFindings == 0)
    }
}

/// What `scripts/soundness` was told.
struct SoundnessOptions: Sendable {
    var seconds: Int
    var seed: UInt64
    var writers: Int
    var lagMs: Int
    /// Whether everyone is to be well all the while, so that one run follows the other and none may find anything.
    var plantsNothing = false

    static let episodeSeconds = 480

    static let given: SoundnessOptions? = {
        let environment = ProcessInfo.processInfo.environment
        guard let seconds = environment["ROLLCALL_SOUNDNESS_SECONDS"].flatMap({ Int($0) }) else { return nil }
        return SoundnessOptions(
            seconds: seconds, seed: environment["ROLLCALL_SOUNDNESS_SEED"].flatMap { UInt64($0) } ?? 1,
            writers: environment["ROLLCALL_SOUNDNESS_WRITERS"].flatMap { Int($0) } ?? 3,
            lagMs: environment["ROLLCALL_SOUNDNESS_LAG_MS"].flatMap { Int($0) } ?? 3_000,
            plantsNothing: environment["ROLLCALL_SOUNDNESS_HEALTHY"] != nil)
    }()
}

/// What came out so far.
struct SoundnessTally: CustomStringConvertible {
    var injected = 0
    var found = 0
    var falseFindings = 0
    /// Planted, and mended by a hop that repeated its last batch, before any run had seen it.
    var mended = 0
    /// Suspects that runs left open, because something moved in each of their rounds or a hop lagged too long.
    var unresolved = 0
    /// Runs that left suspects open, by the hop that stood still; those that passed every fence apart.
    var openBecause: [String: Int] = [:]
    /// Those suspects whom runs left open although they had passed every fence: rows and records that moved all the while.
    var unresolvedBehindFences = 0
    /// Users who were never seen equal, and whose version said enough.
    var versionOnly = 0
    /// By plan and verdict.
    var runs: [String: Int] = [:]
    /// Why nightly runs looked at everyone.
    var fullBecause: [String: Int] = [:]
    /// By class of defect, how many were found.
    var classes: [DefectClass: Int] = [:]
    var faults: [String: Int] = [:]
    var changes = 0
    var troubles: [String] = []

    mutating func add(_ other: SoundnessTally) {
        injected += other.injected
        found += other.found
        falseFindings += other.falseFindings
        unresolved += other.unresolved
        unresolvedBehindFences += other.unresolvedBehindFences
        versionOnly += other.versionOnly
        openBecause.merge(other.openBecause, uniquingKeysWith: +)
        mended += other.mended
        changes += other.changes
        runs.merge(other.runs, uniquingKeysWith: +)
        fullBecause.merge(other.fullBecause, uniquingKeysWith: +)
        classes.merge(other.classes, uniquingKeysWith: +)
        faults.merge(other.faults, uniquingKeysWith: +)
        troubles += other.troubles
    }

    var isSound: Bool { troubles.isEmpty && falseFindings == 0 }

    var description: String {
        func list(_ counts: [String: Int]) -> String {
            counts.sorted { $0.key < $1.key }.map { "\($0.value) \($0.key)" }.joined(separator: ", ")
        }
        let kinds = Dictionary(uniqueKeysWithValues: classes.map { ("\($0.key)", $0.value) })
        return """
            injected \(injected - mended) · found \(found) · false \(falseFindings) · unresolved \(unresolved)
            soundness: runs: \(list(runs)); rounds of writers: \(changes); mended before they were seen: \(mended)
            soundness: left open: \(list(openBecause)); unresolved though no hop was behind: \(unresolvedBehindFences); proven by \
            version only: \(versionOnly)
            soundness: nightly runs over everyone: \(list(fullBecause))
            soundness: found: \(list(kinds))
            soundness: faults: \(list(faults))
            """
    }
}

/// A small generator with a seed, so that one number tells the whole course (SplitMix64, https://prng.di.unimi.it/splitmix64.c).
struct SoundnessRandom: RandomNumberGenerator {
    private var state: UInt64

    init(seed: UInt64) { state = seed }

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
        return mixed ^ (mixed >> 31)
    }
}
