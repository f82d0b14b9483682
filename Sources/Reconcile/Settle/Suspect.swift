import Domain

/// A user at a stage whose evidence contradicts itself, and who is to be looked at again.
struct Suspect: Hashable, Sendable {
    var user: UserID
    var stage: Stage
    /// Set for a canary: the user is looked at through this alteration.
    var alteration: Alteration?
}

/// A change that a canary's evidence is given on purpose, to prove that the run would notice.
enum Alteration: String, Hashable, Sendable, CaseIterable {
    /// The aggregate vanishes.
    case drop
    /// The aggregate's value changes.
    case change
    /// The aggregate outlives its row.
    case resurrect
    /// The God object vanishes.
    case dropGod
    /// The God object changes.
    case changeGod
    /// The God object outlives its aggregate.
    case resurrectGod

    /// The stage at which the run has to notice.
    var stage: Stage {
        switch self {
        case .drop, .change, .resurrect: .aggregate
        case .dropGod, .changeGod, .resurrectGod: .god
        }
    }

    /// The evidence as it would be if this had really happened.
    func applied(to evidence: Evidence) -> Evidence {
        var evidence = evidence
        switch self {
        case .drop: evidence.aggregate = nil
        case .change:
            if let aggregate = evidence.aggregate {
                evidence.aggregate?.digest = Digest(rawValue: ~aggregate.digest.rawValue)
                evidence.isSameInMeaning = false
            }
        case .resurrect: evidence.row = nil
        case .dropGod: evidence.god = nil
        case .changeGod:
            if let god = evidence.god { evidence.god?.digest = Digest(rawValue: ~god.digest.rawValue) }
        case .resurrectGod: evidence.aggregate = nil
        }
        return evidence
    }

    /// What the run has to say of the altered user.
    var expected: Kind {
        switch self {
        case .drop, .dropGod: .missing
        case .change, .changeGod: .stale
        case .resurrect, .resurrectGod: .extra
        }
    }
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
