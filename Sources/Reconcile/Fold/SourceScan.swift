import Domain
import Source

/// Every row of the source, as digests parted by user, and the position through which it was seen.
struct SourceScan: Sendable {
    var spill: Spill
    /// Rows, those that repeat a user's included.
    private(set) var rows = 0
    /// The smallest position of all ranges: every change before it is in.
    private(set) var position: SourcePosition?
    /// Whether every range had a position, and all of them can be compared.
    private(set) var isPositionKnown = true
    private(set) var ranges = 0
    private var rowBytes = 0
    private var hasBegun = false

    /// The size of a row's bytes, on average.
    var averageRowBytes: Int { rows > 0 ? rowBytes / rows : 0 }

    /// Scans the whole source in ranges, each in a snapshot of its own.
    ///
    /// - Parameter progress: Called after each range with the number of rows so far.
    init(
        _ source: any SourcePort, kind: UserIDKind, pace: ScanPace, clock: any ReconcileClock, shape: Spill.Shape,
        progress: (Int) -> Void
    ) throws {
        spill = Spill(shape)
        var pace = pace
        var lower: UserID?
        repeat {
            let startMs = clock.nowMs()
            let rowsBefore = rows
            let upper = try source.boundary(after: lower, rows: pace.rows)
            try scanRange(source, kind, after: lower, through: upper)
            progress(rows)
            lower = upper
            let restMs = pace.note(rows: rows - rowsBefore, tookMs: clock.nowMs() - startMs)
            if restMs > 0, lower != nil { clock.sleep(ms: restMs) }
        } while lower != nil
    }

    private mutating func scanRange(
        _ source: any SourcePort, _ kind: UserIDKind, after lower: UserID?, through upper: UserID?
    ) throws {
        let seen = try source.scanDigests(after: lower, through: upper) { user, row in
            rows += 1
            let digest: Digest
            switch row {
            case .bytes(let known, let count):
                digest = known
                rowBytes += count
            case .failure(let failure): digest = rowDigest(of: failure)
            }
            let key = kind.key(user)
            guard key.isWide else { return try spill.append(SpillEntry(key: key, digest: digest)) }
            let entry = SpillEntry(key: key, digest: digest, payloadBytes: user.byteCount)
            try user.withUnsafeBytes { try spill.append(entry, payload: $0) }
        }
        ranges += 1
        try note(seen)
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

/// How many rows a scan asks for at a time.
///
/// A range holds its snapshot open for as long as it takes, and the server has to keep the row versions that it may still ask
/// for. So ranges shrink on a server that is slow or busy, and grow back to their full size on one that is not.
struct ScanPace: Sendable {
    private let mostRows: Int
    private let targetMs: Int
    private let rowsPerSecond: Int?
    /// Rows of the next range.
    private(set) var rows: Int

    /// - Parameters:
    ///   - mostRows: Rows of a range at most, and of the first one.
    ///   - targetMs: Milliseconds that a range should take at most.
    ///   - rowsPerSecond: The limit over ranges and the pauses between them; nil without one.
    init(mostRows: Int, targetMs: Int, rowsPerSecond: Int? = nil) {
        self.mostRows = max(1, mostRows)
        self.targetMs = max(1, targetMs)
        self.rowsPerSecond = rowsPerSecond.map { max(1, $0) }
        rows = min(self.mostRows, self.rowsPerSecond ?? .max)
    }

    /// Learns from a range.
    ///
    /// - Returns: Milliseconds to pause before the next one.
    mutating func note(rows seen: Int, tookMs: Int64) -> Int {
        let tookMs = Int(max(0, tookMs))
        let most = min(mostRows, rowsPerSecond ?? .max)
        if tookMs > targetMs {
            rows = max(min(100, most), rows * targetMs / tookMs)
        } else if tookMs * 2 < targetMs {
            rows = min(most, rows * 2)
        }
        guard let rowsPerSecond else { return 0 }
        return max(0, seen * 1_000 / rowsPerSecond - tookMs)
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
