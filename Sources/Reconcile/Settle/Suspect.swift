import Domain

/// A user at a stage whose evidence contradicts itself, and who is to be looked at again.
struct Suspect: Hashable, Sendable {
    var user: UserID
    var stage: Stage
}

/// What became of a suspect.
enum Settlement: Sendable {
    /// Equal at some time: the change was on its way.
    case matched
    /// The same contradiction twice, with a fence before each look.
    case confirmed(Confirmation)
    /// Never the same twice, so that the values could not be compared; but what the topic holds was read at or after the fence, so
    /// everything that the run vouches for is in it.
    case versionOnly
    /// Neither, within the time and the rounds that the run has.
    case unresolved(String)
}

/// What the last look at a confirmed suspect saw.
struct Confirmation: Sendable {
    var mismatches: [Mismatch]
    var evidence: Evidence
    /// The row's canonical bytes; nil where there are none.
    var row: [UInt8]?
    /// The newest aggregate at the user's home, tombstones included.
    var newestAggregate: RecordAddress?
}
