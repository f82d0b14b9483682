import Domain

/// The first screen of a run: what everybody sees first, whatever the form. The terminal, Markdown and HTML render this, and
/// nothing else, so that they cannot disagree.
struct FirstScreen {
    /// The parts, in the order in which every form shows them.
    enum Section: CaseIterable {
        /// The sentence, and where something has to be done: what is new, and the one thing to do first.
        case verdict
        /// How much was checked, and how the users came out.
        case coverage
        /// The positions that the verdict is as of.
        case asOf
        /// New, persisting and healed since the last run, and the trend.
        case change
        /// Causes as buckets, each with the command that mends it.
        case causes
        /// What the findings of a bucket have in common.
        case clusters
        /// How long stale values have been lying there.
        case staleness
        case examples
        case notes
        /// What to run next.
        case next
    }

    /// A table of numbers; the first column is a name.
    struct Table: Equatable {
        var header: [String]
        var rows: [[String]]
    }

    /// Findings with one cause, and what mends them.
    struct BucketEntry: Equatable {
        var bucket: Bucket
        var findings: Int
        /// Nil where no command can mend them.
        var command: String?
    }

    /// What the findings of one bucket have in common.
    struct ClusterGroup: Equatable {
        var bucket: Bucket
        var clusters: [Cluster]
    }

    let report: RunReport
    let commands: Commands

    var headline: String { report.headline }
    var coverage: [Fact] { report.coverageFacts }
    var asOf: [Fact] { report.asOfFacts }
    var change: [Fact] { report.changeFacts }
    var examples: [FindingLine] { report.examples }
    var notes: [String] { report.allNotes }
    var steps: [NextStep] { report.nextSteps(commands) }
    /// The one thing to do: who has ten seconds need not look for it. Nil where nothing is to be done.
    var first: NextStep? { steps.first }

    /// How the users of each stage came out; nil where no stage was looked at.
    var counts: Table? {
        guard !report.counts.isEmpty else { return nil }
        let rows = Stage.allCases.compactMap { stage -> [String]? in
            guard let count = report.counts[stage] else { return nil }
            return [stage.rawValue] + StageCounts.columns.map { PlainText.grouped(count[keyPath: $0.count]) }
        }
        return Table(header: ["stage"] + StageCounts.columns.map(\.title), rows: rows)
    }

    /// Along the pipeline.
    var buckets: [BucketEntry] {
        report.causes.sorted { $0.key < $1.key }.map { bucket, findings in
            BucketEntry(bucket: bucket, findings: findings, command: commands.mend(bucket, run: report.runID))
        }
    }

    /// What the findings of each bucket have in common, along the pipeline; buckets without anything are absent.
    var clusters: [ClusterGroup] {
        Dictionary(grouping: report.clusters, by: \.bucket).sorted { $0.key < $1.key }.map { bucket, clusters in
            ClusterGroup(bucket: bucket, clusters: clusters)
        }
    }

    /// How many stale values have been lying there for how long; nil where none is stale.
    var staleness: Distribution? { report.distributions.first { $0.property == .staleness } }

    /// The sentence about the value that has been stale longest; nil where none is known.
    var oldest: String? {
        report.oldestStale.map { oldest in
            let age = report.startedAt.millisecondsSince1970 - oldest.writtenAt.millisecondsSince1970
            return "the oldest was written \(oldest.writtenAt.readable), \(PlainText.age(milliseconds: age)) before the run"
        }
    }

    /// Findings that are not among the examples.
    var unshown: Int { max(0, report.differences - examples.count) }
}

extension StageCounts {
    /// The columns of every table of counts.
    static let columns: [(title: String, count: KeyPath<StageCounts, Int> & Sendable)] = [
        ("users", \.users), ("matched", \.matched), ("missing", \.missing), ("stale", \.stale), ("extra", \.extra),
        ("parked", \.parked), ("unresolved", \.unresolved),
    ]
}
