import Domain

/// How much of what was planned a run has scanned.
public struct Coverage: Sendable, Equatable {
    public enum Plan: String, Sendable, CaseIterable {
        /// Every user there is.
        case full
        /// Users that changed since the last run, and a slice of the others.
        case slice
    }

    public var plan: Plan
    /// What `planned` and `scanned` count, in the plural: `key ranges`, `users`.
    public var unit: String
    public var planned: Int
    public var scanned: Int
    /// Why everyone was looked at, where less was asked for.
    public var because: String?
    /// What a plan of less than everyone rests on; nil for a full one.
    public var basis: Basis?
    /// What is not covered, and why: one clause each, such as a partition whose beginning was deleted while it was read.
    public var gaps: [String]

    public init(
        plan: Plan = .full, unit: String = "key ranges", planned: Int = 0, scanned: Int = 0, gaps: [String] = []
    ) {
        self.plan = plan
        self.unit = unit
        self.planned = planned
        self.scanned = scanned
        self.gaps = gaps
    }

    /// What a run vouches for that does not look at everyone.
    public struct Basis: Sendable, Equatable {
        /// The run that it went on from.
        public var run: String
        /// The position up to which that one vouched.
        public var since: SourcePosition?
        /// The position up to which every change that a change event told of is covered; nil where the fence was weak.
        public var through: SourcePosition?
        /// Users whom topics, ledgers or earlier findings named.
        public var due: Int
        /// Those of them with a finding of an earlier run.
        public var persisting: Int
        /// Users of the slice whose turn it was.
        public var sliceUsers: Int
        /// Users that the last full run met.
        public var everyone: Int
        /// The last run that looked at everyone.
        public var fullRun: String

        public init(
            run: String, since: SourcePosition?, through: SourcePosition?, due: Int, persisting: Int, sliceUsers: Int,
            everyone: Int, fullRun: String
        ) {
            self.run = run
            self.since = since
            self.through = through
            self.due = due
            self.persisting = persisting
            self.sliceUsers = sliceUsers
            self.everyone = everyone
            self.fullRun = fullRun
        }
    }

    /// Whether all that was planned was scanned. A full plan of nothing is none that was made: even an empty source has a key
    /// range to scan. A slice may well find nobody due.
    public var isFull: Bool { scanned >= planned && gaps.isEmpty && (planned > 0 || plan == .slice) }

    /// The whole per cent that were scanned, rounded down, so that 100 means all.
    public var percent: Int {
        if isFull { return 100 }
        if planned <= 0 { return 0 }
        return scanned >= planned ? 99 : max(0, scanned) * 100 / planned
    }

    var percentText: String { "\(percent) %" }
}
