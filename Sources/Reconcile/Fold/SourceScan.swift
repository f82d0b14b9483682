import Domain
import Source

/// Rows of the source, as digests parted by user, and the position through which they were seen.
struct SourceScan: Sendable {
    var spill: Spill
    /// Rows, those that repeat a user's included.
    private(set) var rows = 0
    /// The smallest position of all reads: every change before it is in.
    private(set) var position: SourcePosition?
    /// Whether every read had a position, and all of them can be compared.
    private(set) var isPositionKnown = true
    private(set) var ranges = 0
    private(set) var rowBytes = 0
    /// The longest row that this scan has read itself.
    private(set) var longestRead = 0
    private var isRestored = false
    private var hasBegun = false

    init(_ shape: Spill.Shape) {
        spill = Spill(shape)
    }

    /// The size of a row's bytes, on average.
    var averageRowBytes: Int { rows > 0 ? rowBytes / rows : 0 }

    /// The size of the longest row; nil where an earlier scan read some of them, which did not say.
    var largestRowBytes: Int? { isRestored ? nil : longestRead }

    /// Reads the rows of a range in one snapshot.
    ///
    /// - Parameter seen: Called with each entry after it was added, and with the bytes of an id that the key does not hold.
    /// - Returns: The snapshot's position.
    @discardableResult
    mutating func readRange(
        _ source: any SourcePort, _ kind: UserIDKind, after lower: UserID?, through upper: UserID?,
        _ seen: (SpillEntry, UnsafeRawBufferPointer) throws -> Void
    ) throws -> SourcePosition? {
        let position = try source.scanDigests(after: lower, through: upper) { user, row in
            let digest: Digest
            switch row {
            case .bytes(let known, let count):
                digest = known
                rowBytes += count
                if count > longestRead { longestRead = count }
            case .failure(let failure): digest = rowDigest(of: failure)
            }
            let key = kind.key(user)
            guard key.isWide else {
                return try add(
                    SpillEntry(key: key, digest: digest), payload: UnsafeRawBufferPointer(start: nil, count: 0), seen)
            }
            let entry = SpillEntry(key: key, digest: digest, payloadBytes: user.byteCount)
            try user.withUnsafeBytes { try add(entry, payload: $0, seen) }
        }
        try endRange(position)
        return position
    }

    private mutating func add(
        _ entry: SpillEntry, payload: UnsafeRawBufferPointer, _ seen: (SpillEntry, UnsafeRawBufferPointer) throws -> Void
    ) throws {
        rows += 1
        try spill.append(entry, payload: payload)
        try seen(entry, payload)
    }

    /// Reads the rows of these users in one snapshot.
    mutating func read(_ users: [UserID], _ source: any SourcePort, _ kind: UserIDKind) throws {
        let found = try source.rows(of: users)
        for user in users {
            guard let digest = found.digest(of: user) else { continue }
            let key = kind.key(user)
            let payload = key.isWide ? user.keyBytes : []
            rows += 1
            let count = found.rows[user]?.count ?? 0
            rowBytes += count
            longestRead = max(longestRead, count)
            try spill.append(SpillEntry(key: key, digest: digest, payloadBytes: payload.count), payload: payload)
        }
        try note(found.position)
    }

    /// Up to which position these rows answer for changes that the pipeline was known to have passed before they were read.
    ///
    /// That it has passed a change does not say that the change was visible by then: a commit is logged, and may be read by the
    /// connector, before a snapshot shows it. So it is the earlier one of what was passed and what was shown.
    ///
    /// - Returns: Nil when one of the two is not known.
    func vouches(through passed: SourcePosition?) -> SourcePosition? {
        guard let passed, isPositionKnown else { return nil }
        guard let position, !position.hasReached(passed) else { return passed }
        return passed.hasReached(position) ? position : nil
    }

    /// Adds a row that an earlier scan read.
    mutating func restore(_ entry: SpillEntry, payload: UnsafeRawBufferPointer) throws {
        rows += 1
        isRestored = true
        try spill.append(entry, payload: payload)
    }

    /// Takes note of a range that is complete, now or by an earlier scan.
    mutating func endRange(_ position: SourcePosition?, restoredBytes: Int = 0) throws {
        ranges += 1
        rowBytes += restoredBytes
        try note(position)
    }

    private mutating func note(_ seen: SourcePosition?) throws {
        defer { hasBegun = true }
        guard let seen else {
            isPositionKnown = false
            position = nil
            return
        }
        guard hasBegun else {
            position = seen
            return
        }
        guard let known = position else { return }
        switch seen.compare(to: known) {
        case .before: position = seen
        case .same, .after: break
        case .incomparable: throw ReconcileError.incomparablePositions(known.description, seen.description)
        }
    }
}

/// What stands for a row whose id cannot be read.
let unreadableIDDigest = rowDigest(of: RowFailure(.badUserID, ""))

/// The digest that stands for a row in evidence. A row that cannot be encoded has one too, which no topic value can equal: the
/// user exists, and what the pipeline would write is nothing.
func rowDigest(of failure: RowFailure) -> Digest {
    Digest(of: Array("no row bytes: \(failure.reason.rawValue)".utf8))
}

extension SnapshotRows {
    /// The digest that stands for the user's row; nil without one.
    func digest(of user: UserID) -> Digest? {
        if let failure = failures[user] { return rowDigest(of: failure) }
        return rows[user].map { Digest(of: $0) }
    }
}
