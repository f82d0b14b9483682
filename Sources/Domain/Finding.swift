/// Which half of the way a statement is about.
public enum Stage: String, Sendable, CaseIterable, Hashable {
    /// MySQL to the aggregate topic.
    case aggregate
    /// The aggregate topic to the ledger and the God topic.
    case god
}

/// What is wrong with a user at a stage.
public enum Kind: String, Sendable, CaseIterable, Hashable {
    /// Should be there and is not.
    case missing
    /// Is there, with a value that is not the one it should have.
    case stale
    /// Is there and should not be.
    case extra
}

/// Why it went wrong, as far as it can be known. The raw values are the codes in reports and histories: a contract.
public enum Cause: Sendable, Hashable {
    /// No signal newer than what the topic holds exists: the change never reached the pipeline.
    case noChangeEventSeen
    /// A signal exists that no aggregate accounts for.
    case signalledNeverAggregated
    /// The record that should have mended it is parked.
    case parked(ParkReason)
    /// The aggregate is there, and no production was made from it.
    case aggregatedNeverEnriched
    /// The ledger lists the production, and the topic no longer holds it.
    case producedThenAbsent
    /// The row, or the aggregate, is gone, and no tombstone followed.
    case tombstoneMissing
    /// The key lies in a partition that the partitioner would not choose.
    case wrongPartition
    /// The user has live records under two keys.
    case twoLiveKeys
    /// The topic holds a record that no ledger lists.
    case notInLedger
    /// The mapping service answers differently now.
    case mappingChangedSince
    /// The value was written under another query or encoding.
    case encodingChanged

    /// The code in reports, such as `parked:mapping_failed`.
    public var code: String {
        switch self {
        case .noChangeEventSeen: "no_change_event_seen"
        case .signalledNeverAggregated: "signalled_never_aggregated"
        case .parked(let reason): "parked:\(reason.rawValue)"
        case .aggregatedNeverEnriched: "aggregated_never_enriched"
        case .producedThenAbsent: "produced_then_absent"
        case .tombstoneMissing: "tombstone_missing"
        case .wrongPartition: "wrong_partition"
        case .twoLiveKeys: "two_live_keys"
        case .notInLedger: "not_in_ledger"
        case .mappingChangedSince: "mapping_changed_since"
        case .encodingChanged: "encoding_changed"
        }
    }

    /// The cause of that code; nil when there is none.
    public init?(code: String) {
        let known: [Cause] = [
            .noChangeEventSeen, .signalledNeverAggregated, .aggregatedNeverEnriched, .producedThenAbsent, .tombstoneMissing,
            .wrongPartition, .twoLiveKeys, .notInLedger, .mappingChangedSince, .encodingChanged,
        ]
        if let match = known.first(where: { $0.code == code }) {
            self = match
        } else if code.hasPrefix("parked:"), let reason = ParkReason(rawValue: String(code.dropFirst("parked:".count))) {
            self = .parked(reason)
        } else {
            return nil
        }
    }

    /// Whether a signal for the user mends it. A stray record lies where no signal leads.
    public var isMendedBySignal: Bool { self != .wrongPartition && self != .twoLiveKeys }

    /// One sentence for a reader.
    public var explanation: String {
        switch self {
        case .noChangeEventSeen: "the row changed, and no change event for it ever reached the pipeline"
        case .signalledNeverAggregated: "the change was signalled, and no aggregate was written for it"
        case .parked(let reason): "parked: \(reason.explanation)"
        case .aggregatedNeverEnriched: "the aggregate was written, and no God object was made from it"
        case .producedThenAbsent: "the God object was produced, and later vanished from the topic"
        case .tombstoneMissing: "the user is gone, and no tombstone followed"
        case .wrongPartition: "the record lies in a partition that the partitioner would not choose"
        case .twoLiveKeys: "the user has live records under two keys"
        case .notInLedger: "the God topic holds a record that no ledger lists"
        case .mappingChangedSince: "the mapping service answers differently now"
        case .encodingChanged: "the value was written under another query or encoding"
        }
    }
}

/// Where a record was when it could not be processed.
public enum Hop: String, Sendable, CaseIterable, Hashable {
    case intake
    case aggregator
    case enricher

    /// The stage whose verdict a record parked here affects.
    public var stage: Stage { self == .enricher ? .god : .aggregate }
}

/// Why a record was parked. The raw values are codes in files and reports: a contract.
public enum ParkReason: String, Sendable, CaseIterable, Hashable {
    case notJSON = "not_json"
    case confluentEncoded = "confluent_encoded"
    case nullKey = "null_key"
    case truncate = "truncate"
    case unknownOperation = "unknown_operation"
    case noUserID = "no_user_id"
    case badUserID = "bad_user_id"
    case unknownShape = "unknown_shape"
    case badSignal = "bad_signal"
    case badAggregate = "bad_aggregate"
    case wrongPartition = "wrong_partition"
    case duplicateRow = "duplicate_row"
    case badRow = "bad_row"
    case recordTooLarge = "record_too_large"
    case mappingFailed = "mapping_failed"
    case mappingNotFound = "mapping_not_found"

    /// One clause for a reader.
    public var explanation: String {
        switch self {
        case .notJSON: "the record is not JSON"
        case .confluentEncoded: "the record begins with a schema registry's magic byte; only JSON is read"
        case .nullKey: "the record has no key"
        case .truncate: "the table was truncated, which names no user"
        case .unknownOperation: "the change event's operation is not known"
        case .noUserID: "the change event carries no user id"
        case .badUserID: "the user id is not of the declared type"
        case .unknownShape: "the record has the shape of no known change event"
        case .badSignal: "the signal cannot be read"
        case .badAggregate: "the aggregate cannot be read"
        case .wrongPartition: "the aggregate lies in a partition that is not its user's"
        case .duplicateRow: "the aggregate query yields two rows for the user"
        case .badRow: "the row cannot be encoded"
        case .recordTooLarge: "the broker refuses a record of that size"
        case .mappingFailed: "the mapping service gave no usable answer"
        case .mappingNotFound: "the mapping service does not know the user"
        }
    }
}

/// A settled difference: (user, stage, kind, cause), and what a reader needs to act.
public struct Finding: Sendable, Equatable {
    public var user: UserID
    public var stage: Stage
    public var kind: Kind
    /// Nil where it cannot be known.
    public var cause: Cause?
    /// The names of the differing fields; empty where nothing can be compared.
    public var fields: [String]
    /// What these fields hold; nil unless somebody asked to see it.
    public var values: [FieldValues]?
    /// The tables that these fields come from; empty where it cannot be told, where all fields are written anew, and where the query
    /// reads one table only.
    public var tables: [String]
    /// The partition of the stage's topic that the partitioner chooses for the user; nil where nobody asked it.
    public var homePartition: Int32?
    public var evidence: Evidence

    public init(
        user: UserID, stage: Stage, kind: Kind, cause: Cause?, fields: [String] = [], values: [FieldValues]? = nil,
        tables: [String] = [], homePartition: Int32? = nil, evidence: Evidence
    ) {
        self.user = user
        self.stage = stage
        self.kind = kind
        self.cause = cause
        self.fields = fields
        self.values = values
        self.tables = tables
        self.homePartition = homePartition
        self.evidence = evidence
    }
}
