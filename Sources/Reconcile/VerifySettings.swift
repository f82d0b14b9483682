import Domain
import Kafka

/// What a run is to prove, and how patient it is.
public struct VerifySettings: Sendable {
    /// Which stages to judge; without `god`, neither ledger nor God topic is needed.
    public var stages: Set<Stage> = [.aggregate, .god]
    public var userIDKind: UserIDKind
    /// The result column that carries the user id. A topic value of somebody else's producer may leave it to the record's key.
    public var keyField: String?
    public var topics: Topics
    public var groups: Groups
    /// Whether a connector's committed source offset can be read; without it the fence is weak.
    public var hasConnector: Bool
    /// Rows per range of the scan, at most.
    public var chunkRows = 50_000
    /// Milliseconds that a range of the scan should take at most; ranges shrink until they do.
    public var chunkTargetMs = 1_000
    /// The limit of the scan's speed; nil without one.
    public var maxRowsPerSecond: Int?
    /// What the source and its replicas may have to do while the scan goes on.
    public var load = LoadLimits()
    /// How to read who is concerned by the change events of each topic.
    public var changeDecoders: [String: ChangeEventDecoder] = [:]
    /// Where a scan of everyone keeps what it has read, for the case that it is interrupted; nil keeps nothing.
    public var journalPath: String?
    /// Whether to go on from what an interrupted scan left there.
    public var resumes = false
    /// Bytes that the run may take; nil for as many as it needs. What does not fit goes to temporary files.
    public var memoryBytes: Int? = 64_000_000
    /// Whether what the allocator has to spare goes back to the system between batches and phases: what was freed in small pieces would
    /// stay with the process, and the next batch would take its memory beside it. Not for a process that has other things to do, whose
    /// threads would wait meanwhile.
    public var givesMemoryBack = false
    /// Where temporary files go.
    public var temporaryDirectory = SpillFile.defaultDirectory
    /// Suspects that are settled together, at most: fewer where the memory asks for it. Every batch waits for two fences.
    public var settleBatchUsers = 10_000
    /// Those of them whose rows are read in one snapshot.
    public var settleBatchRows = 1_000
    /// Milliseconds that one fence may take.
    public var fenceTimeoutMs = 60_000
    /// Milliseconds that each look at suspects waits behind a weak fence, for changes that the connector has yet to deliver.
    public var weakFenceWaitMs = 15_000
    /// Milliseconds after which suspects that could not be settled are given up as unresolved.
    public var settleTimeoutMs = 120_000
    /// Rounds after which a suspect is given up as unresolved.
    public var settleRounds = 20
    /// Who asked to see values of rows; nil where findings name fields only.
    public var revealedBy: String?
    /// Whose mappings are asked for again.
    public var mappings = MappingSample.nobody
    /// Whether a source without a single row is acceptable.
    public var allowsEmptySource = false
    /// The id of query and encoding, as the pipeline stamps it on aggregates.
    public var encodingID: String
    /// A digest of the settings, for the report.
    public var configDigest: String
    /// Where the ledgers lie, for the report.
    public var ledgerPaths: [String] = []

    /// Whose mappings a run asks for again.
    public enum MappingSample: Sendable, Equatable {
        case nobody
        /// About so many users, drawn anew in each run.
        case some(Int)
        case everyone
    }

    /// Whether the aggregate topic is filled by somebody else's pipeline, of which nothing else is known.
    public var isForeign: Bool { topics.changes.isEmpty && !stages.contains(.god) }

    /// Gives it back, if the run is to. To be called when a batch or a phase has been let go of.
    func giveMemoryBack() {
        if givesMemoryBack { Allocation.giveBackNow() }
    }

    /// The topics of the pipeline.
    public struct Topics: Sendable {
        /// Empty where the aggregate topic is filled by somebody else's pipeline; there is no signals topic then either.
        public var changes: [String]
        public var signals: String
        public var aggregate: String
        public var god: String

        public init(changes: [String], signals: String, aggregate: String, god: String) {
            self.changes = changes
            self.signals = signals
            self.aggregate = aggregate
            self.god = god
        }
    }

    /// The consumer groups of the pipeline.
    public struct Groups: Sendable {
        public var intake: String
        public var aggregate: String
        public var enrich: String

        public init(intake: String, aggregate: String, enrich: String) {
            self.intake = intake
            self.aggregate = aggregate
            self.enrich = enrich
        }
    }

    public init(
        userIDKind: UserIDKind, topics: Topics, groups: Groups, hasConnector: Bool, encodingID: String, configDigest: String
    ) {
        self.userIDKind = userIDKind
        self.topics = topics
        self.groups = groups
        self.hasConnector = hasConnector
        self.encodingID = encodingID
        self.configDigest = configDigest
    }
}

/// Why a run is void or cannot begin.
public enum ReconcileError: Error, Sendable, Equatable, CustomStringConvertible {
    case topicAbsent(String)
    case topicRecreated(topic: String, partition: Int32, end: Int64, recorded: Int64)
    case emptySource
    case noBinlog(String)
    case incomparablePositions(String, String)
    case noProgress(topic: String, seconds: Int)
    case partitionsChanged(topic: String)
    case ledgerOfOtherTopic(path: String, topic: String, expected: String)
    case sourceAltered(before: String, after: String)
    case encodingDisagrees(user: UserID, fields: [String])
    case recordDisagrees(user: UserID, address: RecordAddress)
    case noMappingService
    case interrupted
    case sourceBusy(String)
    case temporaryFile(directory: String, reason: String)

    public var description: String {
        switch self {
        case .topicAbsent(let topic):
            "topic `\(topic)` does not exist; start `rollcall stream` once, or correct kafka.topics in the settings"
        case .topicRecreated(let topic, let partition, let end, let recorded):
            "topic `\(topic)` was recreated: partition \(partition) ends at \(end), but offset \(recorded) was recorded earlier; what was "
                + "known about it is void: move the ledger and the history (reports/history.sqlite) aside, and replay"
        case .emptySource:
            "the aggregate query yields no row at all, which looks like the wrong database; if it is right, say --allow-empty"
        case .noBinlog(let detail): "the source has no usable binary log: \(detail)"
        case .incomparablePositions(let mine, let theirs):
            "source positions cannot be compared (\(mine) and \(theirs)): another server answers than the connector reads from"
        case .noProgress(let topic, let seconds):
            "topic `\(topic)`: no record arrived for \(seconds) s although there should be more; check the brokers"
        case .ledgerOfOtherTopic(let path, let topic, let expected):
            "\(path): this ledger lists productions of the topic `\(topic)`, and kafka.topics.god is `\(expected)`"
        case .partitionsChanged(let topic): "topic `\(topic)` got more partitions during the run; run again"
        case .sourceAltered(let before, let after):
            "the columns of the aggregate query's result changed during the run, from (\(before)) to (\(after)): a table was altered, "
                + "and rows that were read before cannot be compared with those read after; run again"
        case .encodingDisagrees(let user, let fields):
            "user \(user), read a second way, differs from its aggregate in \(fields.joined(separator: ", ")), though the bytes are those "
                + "that Rollcall writes: its encoding cannot be trusted, and neither can this run; please report it"
        case .recordDisagrees(let user, let address):
            "the aggregate of user \(user) at partition \(address.partition), offset \(address.offset) holds other bytes than were "
                + "read there before: the topic was written anew meanwhile, or this run cannot be trusted; run it again, and report it "
                + "if it persists"
        case .noMappingService: "no mapping service is configured (mapping.url)"
        case .interrupted: "interrupted"
        case .sourceBusy(let reason):
            "the scan was held back for too long: \(reason); relieve the server, or raise "
                + "verify.load.max_replica_lag_seconds or verify.load.max_threads_running"
        case .temporaryFile(let directory, let reason):
            "a temporary file in \(directory) cannot be used: \(reason); TMPDIR names another directory"
        }
    }
}
