import Domain

/// Every row of the source, as digests, and the position through which it was seen.
struct SourceScan: Sendable {
    private(set) var rows: [UserID: Digest] = [:]
    /// The smallest position of all ranges: every change before it is in.
    private(set) var position: SourcePosition?
    /// Whether every range had a position, and all of them can be compared.
    private(set) var isPositionKnown = true
    private(set) var ranges = 0
    private var hasBegun = false

    /// Scans the whole source in ranges of about `chunkRows` users, each in a snapshot of its own.
    ///
    /// - Parameter progress: Called after each range with the number of rows so far.
    init(_ source: any SourcePort, chunkRows: Int, progress: (Int) -> Void) throws {
        var lower: UserID?
        repeat {
            let upper = try source.boundary(after: lower, rows: chunkRows)
            try scanRange(source, after: lower, through: upper)
            progress(rows.count)
            lower = upper
        } while lower != nil
    }

    private mutating func scanRange(_ source: any SourcePort, after lower: UserID?, through upper: UserID?) throws {
        let seen = try source.scan(after: lower, through: upper) { user, row in
            let isRepeated = rows[user] != nil
            rows[user] = isRepeated ? rowDigest(of: nil, failure: Self.duplicate(user)) : rowDigest(of: row)
        }
        ranges += 1
        try note(seen)
    }

    private static func duplicate(_ user: UserID) -> RowFailure { RowFailure(.duplicateRow, "\(user)") }

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

/// The digest that stands for a row in evidence. A row that cannot be encoded has one too, which no topic value can equal: the
/// user exists, and what the pipeline would write is nothing.
func rowDigest(of row: Result<[UInt8], RowFailure>) -> Digest {
    switch row {
    case .success(let bytes): Digest(of: bytes)
    case .failure(let failure): rowDigest(of: nil, failure: failure)
    }
}

func rowDigest(of bytes: [UInt8]?, failure: RowFailure) -> Digest {
    bytes.map { Digest(of: $0) } ?? Digest(of: Array("no row bytes: \(failure.reason.rawValue)".utf8))
}

extension SnapshotRows {
    /// The digest that stands for the user's row; nil without one.
    func digest(of user: UserID) -> Digest? {
        if let failure = failures[user] { return rowDigest(of: nil, failure: failure) }
        return rows[user].map { Digest(of: $0) }
    }
}
