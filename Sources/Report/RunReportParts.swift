import Domain

/// The source as the run saw it.
public struct SourceSummary: Sendable, Equatable {
    /// Users that the aggregate query yielded.
    public var rows: Int
    /// The smallest position of all snapshots that the run read from; nil where the server cannot say.
    public var position: SourcePosition?
    /// The server's address or identity, without credentials.
    public var server: String?

    public init(rows: Int = 0, position: SourcePosition? = nil, server: String? = nil) {
        self.rows = rows
        self.position = position
        self.server = server
    }
}

/// A topic as the run folded it.
public struct TopicSummary: Sendable, Equatable {
    public struct Partition: Sendable, Equatable {
        public var partition: Int32
        /// The first offset that was there.
        public var low: Int64
        /// The offset after the last record that was folded.
        public var end: Int64

        public init(partition: Int32, low: Int64, end: Int64) {
            self.partition = partition
            self.low = low
            self.end = end
        }
    }

    public var name: String
    public var partitions: [Partition]
    /// Records read.
    public var records: Int
    /// Keys whose last record has a value.
    public var live: Int
    /// Keys whose last record is a tombstone.
    public var tombstones: Int

    public init(name: String, partitions: [Partition] = [], records: Int = 0, live: Int = 0, tombstones: Int = 0) {
        self.name = name
        self.partitions = partitions
        self.records = records
        self.live = live
        self.tombstones = tombstones
    }
}

/// The ledgers as the run folded them.
public struct LedgerSummary: Sendable, Equatable {
    /// Productions read.
    public var productions: Int
    /// Users that any of them is about.
    public var users: Int
    public var paths: [String]

    public init(productions: Int = 0, users: Int = 0, paths: [String] = []) {
        self.productions = productions
        self.users = users
        self.paths = paths
    }
}

/// The proof that the pipeline had passed on everything up to a source position before it was judged.
public struct FenceSummary: Sendable, Equatable {
    public enum Strength: String, Sendable, CaseIterable {
        /// Proven by committed offsets of every hop.
        case strong
        /// Inferred, from an event that was seen, heartbeats, or time that went by.
        case weak
    }

    public struct Hop: Sendable, Equatable {
        /// The hop's name: `connector`, `intake`, `aggregator`, `enricher`.
        public var hop: String
        public var passed: Bool
        /// What was waited for, or what it hangs on.
        public var detail: String
        public var waitedMs: Int64

        public init(hop: String, passed: Bool, detail: String = "", waitedMs: Int64 = 0) {
            self.hop = hop
            self.passed = passed
            self.detail = detail
            self.waitedMs = waitedMs
        }
    }

    public var position: SourcePosition?
    public var strength: Strength
    /// In the order of the pipeline.
    public var hops: [Hop]

    public init(position: SourcePosition? = nil, strength: Strength = .weak, hops: [Hop] = []) {
        self.position = position
        self.strength = strength
        self.hops = hops
    }

    /// A fence without hops was never set, and is not passed.
    public var passed: Bool { !hops.isEmpty && hops.allSatisfy(\.passed) }
}

/// How the users of one stage came out.
public struct StageCounts: Sendable, Equatable {
    /// Users who should be there at that stage.
    public var users: Int
    public var matched: Int
    public var missing: Int
    public var stale: Int
    public var extra: Int
    /// Suspects that could not be settled in time.
    public var unresolved: Int
    /// Those of `missing`, `stale` and `extra` whose cause is a parked record.
    public var parked: Int
    /// Those of `matched` that change too often for their values to be compared: only their version was checked.
    public var versionOnly: Int

    public init(
        users: Int = 0, matched: Int = 0, missing: Int = 0, stale: Int = 0, extra: Int = 0, unresolved: Int = 0,
        parked: Int = 0, versionOnly: Int = 0
    ) {
        self.users = users
        self.matched = matched
        self.missing = missing
        self.stale = stale
        self.extra = extra
        self.unresolved = unresolved
        self.parked = parked
        self.versionOnly = versionOnly
    }
}

/// Findings compared with those of the last complete run.
public struct Delta: Sendable, Equatable {
    public var new: Int
    public var persisting: Int
    public var healed: Int

    public init(new: Int, persisting: Int, healed: Int) {
        self.new = new
        self.persisting = persisting
        self.healed = healed
    }
}

/// How long a phase of the run took.
public struct Timing: Sendable, Equatable {
    public var phase: String
    public var milliseconds: Int64

    public init(phase: String, milliseconds: Int64) {
        self.phase = phase
        self.milliseconds = milliseconds
    }
}

/// Something that a striking share of a bucket's findings have in common, far beyond what chance would do.
public struct Cluster: Sendable, Equatable {
    public var bucket: Bucket
    public var property: Distribution.Property
    /// What they have in common, as a ``Distribution/Bar`` labels it.
    public var value: String
    /// The partition, where that is the property.
    public var partition: Int32?
    /// Findings of the bucket that have it.
    public var findings: Int
    /// Findings of the bucket whose property is known.
    public var of: Int

    public init(
        bucket: Bucket, property: Distribution.Property, value: String, partition: Int32? = nil, findings: Int, of: Int
    ) {
        self.bucket = bucket
        self.property = property
        self.value = value
        self.partition = partition
        self.findings = findings
        self.of = of
    }
}

/// One run in the course of many.
public struct TrendPoint: Sendable, Equatable {
    public var runID: String
    public var startedAt: UTCTime
    public var verdict: Verdict
    public var complete: Bool
    /// Findings that were not open before.
    public var new: Int
    /// Findings that were open before, and were found again.
    public var persisting: Int
    /// Findings that were open before, and were not found again.
    public var healed: Int

    public init(
        runID: String, startedAt: UTCTime, verdict: Verdict, complete: Bool, new: Int, persisting: Int, healed: Int
    ) {
        self.runID = runID
        self.startedAt = startedAt
        self.verdict = verdict
        self.complete = complete
        self.new = new
        self.persisting = persisting
        self.healed = healed
    }

    /// All findings of the run.
    public var findings: Int { new + persisting }
}

/// The stale value that has been lying there longest.
public struct OldestStale: Sendable, Equatable {
    public var user: UserID
    /// When the stale value was written.
    public var writtenAt: UTCTime

    public init(user: UserID, writtenAt: UTCTime) {
        self.user = user
        self.writtenAt = writtenAt
    }
}
