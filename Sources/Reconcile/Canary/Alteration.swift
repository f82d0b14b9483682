import Domain

/// A defect that is shown to a run on purpose, to prove that it would notice a real one.
enum Alteration: String, Hashable, Sendable, CaseIterable {
    /// Nothing but the row is there.
    case drop
    /// The row says something else than the aggregate.
    case change
    /// The aggregate outlives its row.
    case resurrect
    /// The God object vanishes.
    case dropGod
    /// The newest production was made from another aggregate.
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

    /// What the run has to say of the altered user.
    var expected: Kind {
        switch self {
        case .drop, .dropGod: .missing
        case .change, .changeGod: .stale
        case .resurrect, .resurrectGod: .extra
        }
    }

    var showsRow: Bool { self != .resurrect && self != .resurrectGod }
    var showsProductions: Bool { self != .drop }

    /// Whether the records of a stage's topic are shown.
    func showsRecords(of stage: Stage) -> Bool {
        switch self {
        case .drop: false
        case .dropGod: stage == .aggregate
        case .resurrectGod: stage == .god
        case .change, .resurrect, .changeGod: true
        }
    }

    /// What a row that was changed says. Its digest is known before any row is read, as the scan, which sees no more than digests,
    /// needs it.
    static let changedRow = Array(#"{"canary":true}"#.utf8)
    static let changedRowDigest = Digest(of: changedRow)
}
