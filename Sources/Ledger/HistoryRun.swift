import Domain

/// One reconciliation, as the history keeps it.
public struct HistoryRun: Sendable, Hashable {
    /// The run's id, which is also the name of its report's directory.
    public var runID: String
    /// `verify` or `reconcile`.
    public var mode: String
    /// `clean`, `differences`, `incomplete` or `error`.
    public var verdict: String
    /// Whether everything that the run had planned was settled.
    public var isComplete: Bool
    /// Whether its plan was every user, and not only what changed since the last run.
    public var coversEveryUser: Bool
    /// The exit code of the command.
    public var exitCode: Int32
    /// Milliseconds since 1970.
    public var startedAtMs: Int64
    public var finishedAtMs: Int64
    /// The digest of the settings that it ran with.
    public var configDigest: String
    /// The counts of the report, as a JSON object.
    public var countsJSON: String
    /// The source position up to which a complete clean run vouches.
    public var verifiedThrough: SourcePosition?
    /// How far the run read each topic and ledger, as JSON; nil where it did not get so far.
    public var watermarksJSON: String?
    /// From where a later run may look at what changed alone, as JSON; nil where it has to look at everyone.
    public var baselineJSON: String?
    /// What became of the findings; filled in when the run is recorded.
    public var delta: HistoryDelta

    /// A run that has ended.
    public init(
        runID: String, mode: String, verdict: String, isComplete: Bool, coversEveryUser: Bool, exitCode: Int32,
        startedAtMs: Int64, finishedAtMs: Int64, configDigest: String, countsJSON: String = "{}",
        verifiedThrough: SourcePosition? = nil, watermarksJSON: String? = nil, baselineJSON: String? = nil,
        delta: HistoryDelta = HistoryDelta()
    ) {
        self.runID = runID
        self.mode = mode
        self.verdict = verdict
        self.isComplete = isComplete
        self.coversEveryUser = coversEveryUser
        self.exitCode = exitCode
        self.startedAtMs = startedAtMs
        self.finishedAtMs = finishedAtMs
        self.configDigest = configDigest
        self.countsJSON = countsJSON
        self.verifiedThrough = verifiedThrough
        self.watermarksJSON = watermarksJSON
        self.baselineJSON = baselineJSON
        self.delta = delta
    }
}

/// What changed among the findings from one run to the next. Findings are counted per (user, stage, kind).
public struct HistoryDelta: Sendable, Hashable {
    /// Not open before; those that healed once and came back included.
    public var new: Int
    /// Of the new ones, those that had been there before and healed.
    public var reappeared: Int
    /// Open before, and found again.
    public var persisting: Int
    /// Open before, looked at again, and not found.
    public var healed: Int

    /// No change, or the given one.
    public init(new: Int = 0, reappeared: Int = 0, persisting: Int = 0, healed: Int = 0) {
        self.new = new
        self.reappeared = reappeared
        self.persisting = persisting
        self.healed = healed
    }
}

/// What a run can say of findings that it did *not* make.
public enum HistoryCoverage: Sendable, Hashable {
    /// It looked at every user at these stages: what it did not find again has healed. Counts only for a run that is
    /// complete; for any other it means the same as `namedUsers`.
    case everyUser(Set<Stage>)
    /// It looked at some users, which are named one by one with `FindingRecorder.reverified`.
    case namedUsers
}

/// The history of one finding.
public struct FindingRecord: Sendable, Hashable {
    public var user: UserID
    public var stage: Stage
    public var kind: Kind
    /// The cause's code as the last run gave it.
    public var cause: String?
    /// How often it began: 2 where it healed and came back.
    public var spells: Int
    /// The run that saw it first in its present spell, and when that run began, in milliseconds since 1970.
    public var firstSeenRunID: String
    public var firstSeenAtMs: Int64
    /// The run that saw it last, and when that run began.
    public var lastSeenRunID: String
    public var lastSeenAtMs: Int64
    /// The run that looked and did not find it any more, and when that run began; nil while it is open.
    public var healedRunID: String?
    public var healedAtMs: Int64?
}
