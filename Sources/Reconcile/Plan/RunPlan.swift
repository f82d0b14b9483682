import Domain

/// How a run decides whom to look at.
public struct PlanSettings: Sendable {
    /// Whom a run is about.
    public enum Reach: Sendable, Equatable {
        /// Everyone.
        case everyone
        /// Who changed since the last complete run, whoever was found wanting before, and a slice of the rest; and everyone now
        /// and then.
        case changed
    }

    public var reach: Reach
    /// The share of all keys that a slice holds, in per cent.
    public var slicePercent = 5
    /// Every so many runs look at everyone.
    public var fullEvery = 7
    /// Whether nobody is supposed to write meanwhile, as before a cutover: the run waits until the pipeline has drained, and is
    /// incomplete when anything is written after that.
    public var expectsStandstill = false

    public init(reach: Reach = .everyone) {
        self.reach = reach
    }
}

/// Whom one run looks at.
enum RunPlan: Sendable {
    /// Everyone, and why, where a smaller plan was asked for.
    case everyone(because: String?)
    case changed(ChangedPlan)

    var changed: ChangedPlan? {
        if case .changed(let plan) = self { plan } else { nil }
    }
}

/// The plan of a run that looks at what changed.
struct ChangedPlan: Sendable {
    /// The run that it goes on from.
    var basisRun: String
    var basis: Baseline
    /// Everyone who has to be looked at, besides the slice.
    var due: DueUsers
    /// The keys whose turn it is.
    var slice: KeySlice
    /// About how many users they are.
    var sliceRows: Int
    /// The position that every hop had passed before the change topics were read: every change before it was taken into account.
    /// Nil behind a weak fence, or where none was passed.
    var through: SourcePosition?
    /// Why it cannot be said that every change before this run was taken into account; nil where it can.
    var undrained: String?
    /// Users with an open finding of an earlier run.
    var persisting = 0
}

/// A range of keys.
struct KeySlice: Sendable, Equatable {
    var after: UserID?
    /// Nil for everything that follows.
    var through: UserID?
    var kind: UserIDKind

    /// Whether an integer id, in the bits of a ``UserKey``, lies in the range. The order of texts is their column's collation, which
    /// only the server knows, so that the rows themselves have to tell which texts the range holds.
    func contains(bits: UInt64) -> Bool {
        switch kind {
        case .string: false
        case .integer:
            (after.flatMap { Int64($0.text) }.map { Int64(bitPattern: bits) > $0 } ?? true)
                && (through.flatMap { Int64($0.text) }.map { Int64(bitPattern: bits) <= $0 } ?? true)
        case .unsigned:
            (after.flatMap { UInt64($0.text) }.map { bits > $0 } ?? true)
                && (through.flatMap { UInt64($0.text) }.map { bits <= $0 } ?? true)
        }
    }

    func contains(_ key: UserKey) -> Bool { !key.isWide && contains(bits: key.low) }
}

/// Everyone that a run of a smaller plan has to look at, each once.
///
/// Their keys are held in memory, since every record of the topics is asked for, and their texts in a temporary file.
struct DueUsers: Sendable {
    /// There are more of them than can be held, or than a look at everyone would not do as well.
    struct TooMany: Error {
        var limit: Int
    }

    private(set) var keys: Set<UserKey> = []
    private(set) var texts: Spill
    private let kind: UserIDKind
    private let limit: Int

    /// - Parameter limit: How many there may be.
    init(kind: UserIDKind, list: Spill.Shape, limit: Int) {
        self.kind = kind
        self.limit = limit
        texts = Spill(list)
    }

    var count: Int { keys.count }

    /// Shows the text of everyone.
    func forEach(_ body: (UnsafeRawBufferPointer) throws -> Void) throws {
        var cursor = Spill.Cursor()
        while let (_, payload) = try texts.next(&cursor) { try payload.withUnsafeBytes { try body($0) } }
    }

    mutating func add(_ user: UserID) throws { try add(kind.key(user), user) }

    /// - Parameter user: The id, where the key alone does not tell it.
    mutating func add(_ key: UserKey, _ user: @autoclosure () -> UserID) throws {
        guard keys.insert(key).inserted else { return }
        guard keys.count <= limit else { throw TooMany(limit: limit) }
        let text = (key.isWide ? nil : kind.user(canonicalBits: key.low)) ?? user()
        let payload = text.keyBytes
        try texts.append(SpillEntry(key: key, digest: nil, payloadBytes: payload.count), payload: payload)
    }
}

/// Which keys of topics and ledgers a run is about.
struct DueFilter: Sendable {
    var keys: Set<UserKey>
    var slice: KeySlice

    func covers(_ key: UserKey) -> Bool { slice.contains(key) || keys.contains(key) }
}
