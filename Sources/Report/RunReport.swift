import Domain

/// One run of the reconciliation: everything in `report.json`.
///
/// A report is built up as the run goes. Until ``conclude(failure:)`` is called it says `error`, so that no path through the
/// program can present an unfinished run as a clean one.
public struct RunReport: Sendable, Equatable {
    /// The format that this version writes and reads.
    public static let schema = "rollcall.report/1"
    /// Runs that a trend covers: a month of nights.
    public static let trendRunsAtMost = 30

    public var runID: RunID
    public var mode: Mode
    public internal(set) var verdict: Verdict = .error
    /// Whether the run checked all that it meant to check, whatever it found.
    public internal(set) var complete = false
    /// The sentence that says why the run is incomplete or void; nil where there is nothing to explain.
    public internal(set) var reason: String? = "the run did not come to its end"
    public var startedAt: UTCTime
    public var finishedAt: UTCTime
    /// A digest of the settings that decide what is compared, so that two runs can be told to have asked the same question.
    public var configDigest: String
    public var coverage = Coverage()
    public var source = SourceSummary()
    /// The position up to which a clean run vouches for everyone; nil for all other runs, and for one whose plan was a slice.
    public internal(set) var verifiedThrough: SourcePosition?
    public var aggregateTopic: TopicSummary?
    /// Nil when the run did not look at the stage `god`.
    public var ledger: LedgerSummary?
    /// Nil when the run did not look at the stage `god`.
    public var godTopic: TopicSummary?
    public var fence = FenceSummary()
    /// One entry for each stage that the run looked at.
    public var counts: [Stage: StageCounts] = [:]
    public var canary = Canary()
    /// How the encoding was checked against code that does not share it.
    public var crossCheck = CrossCheck()
    /// What changed since the last complete run; nil when there is none to compare with.
    public var delta: Delta?
    /// The newest runs up to this one, the oldest first; at most ``trendRunsAtMost``.
    public var trend: [TrendPoint] = []
    /// In the order in which the phases began.
    public var timings: [Timing] = []
    /// The account that asked to see values of rows, so that this report shows them; nil for one that shows none.
    public var revealedBy: String?
    /// Warnings, each one a sentence.
    public var notes: [String] = []
    public internal(set) var causes: [Bucket: Int] = [:]
    /// Properties that a striking share of a bucket's findings have in common.
    public internal(set) var clusters: [Cluster] = []
    /// How all findings spread over partitions, ids, hours, fields and ages.
    public internal(set) var distributions: [Distribution] = []
    /// The stale finding whose topic value is oldest.
    public internal(set) var oldestStale: OldestStale?
    /// A few findings of each bucket; all of them are in `findings.ndjson`.
    public internal(set) var examples: [FindingLine] = []

    public enum Mode: String, Sendable, CaseIterable {
        /// Everyone, once, strictly.
        case verify
        /// What changed since the last run, and a slice of the rest.
        case reconcile
    }

    public init(runID: RunID, mode: Mode, startedAt: UTCTime, configDigest: String) {
        self.runID = runID
        self.mode = mode
        self.startedAt = startedAt
        finishedAt = startedAt
        self.configDigest = configDigest
    }

    public var exitCode: Int32 { verdict.exitCode }

    /// Takes over what a writer counted while the findings passed through it, so that report and findings cannot disagree:
    /// `missing`, `stale`, `extra` and `parked` of each stage, causes, clusters, distributions, the oldest stale value and the
    /// examples.
    ///
    /// To be called when the topics' partitions and the number of users are set, because clusters are judged against them.
    public mutating func adopt(_ tally: FindingTally) {
        for stage in Stage.allCases where counts[stage] != nil || tally.hasFindings(at: stage) {
            var stageCounts = counts[stage] ?? StageCounts()
            stageCounts.missing = tally.count(stage, .missing)
            stageCounts.stale = tally.count(stage, .stale)
            stageCounts.extra = tally.count(stage, .extra)
            stageCounts.parked = tally.parked(at: stage)
            counts[stage] = stageCounts
        }
        causes = tally.causes
        oldestStale = tally.oldestStale
        examples = tally.examples
        let partitionCounts: [Stage: Int] = [
            .aggregate: aggregateTopic?.partitions.count ?? 0, .god: godTopic?.partitions.count ?? 0,
        ]
        distributions = tally.distributions(partitionCounts: partitionCounts)
        clusters = tally.clusters(users: users, partitionCounts: partitionCounts)
    }

    /// Decides verdict, `complete`, reason and `verified_through` from what the report holds.
    ///
    /// - Parameter failure: Why the run could not be done, or is void; nil when it ran to its end.
    public mutating func conclude(failure: String? = nil) {
        let grounds = Verdict.Grounds(
            failed: failure != nil, differences: differences, unresolved: unresolved, covered: coverage.isFull,
            fencePassed: fence.passed, canary: canary)
        verdict = Verdict.decide(grounds)
        complete = grounds.complete
        verifiedThrough = verdict == .clean && coverage.plan == .full ? source.position : nil
        let shortfalls = failure.map { [$0] } ?? shortfalls
        reason = shortfalls.isEmpty ? nil : shortfalls.joined(separator: "; ")
    }

    /// Confirmed findings of all stages.
    public var differences: Int { counts.values.reduce(0) { $0 + $1.missing + $1.stale + $1.extra } }
    public var unresolved: Int { counts.values.reduce(0) { $0 + $1.unresolved } }

    /// A figure, added up over the stages.
    public func total(_ count: KeyPath<StageCounts, Int>) -> Int { counts.values.reduce(0) { $0 + $1[keyPath: count] } }

    /// Why the run is not complete, one clause each, the gravest first.
    private var shortfalls: [String] {
        var clauses: [String] = []
        if !canary.allCaught {
            clauses.append(
                "the run planted \(PlainText.count(canary.planted, "difference")) to test itself and saw "
                    + "\(PlainText.grouped(canary.caught)), so nothing that it says can be trusted")
        }
        if !fence.passed {
            let waiting = fence.hops.filter { !$0.passed }.map { $0.detail.isEmpty ? $0.hop : "\($0.hop): \($0.detail)" }
            clauses.append(
                waiting.isEmpty ? "no fence was set" : "the fence was not passed (\(waiting.joined(separator: "; ")))")
        }
        if !coverage.isFull {
            let gaps = coverage.gaps.isEmpty ? "" : " (\(coverage.gaps.joined(separator: "; ")))"
            clauses.append("only \(coverage.percentText) of the plan was scanned\(gaps)")
        }
        if unresolved > 0 {
            clauses.append("\(PlainText.count(unresolved, "suspect")) could not be settled in time")
        }
        return clauses
    }
}
