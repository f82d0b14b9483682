import Domain
import Source

/// The scan of the source: everyone in ranges, or a slice of the keys and some users, at a pace that the server can bear.
struct ScanWork {
    /// What a scan tells while it goes on.
    enum Event: Sendable, Equatable {
        /// Rows so far.
        case rows(Int)
        /// It waits for the source's sake.
        case paused(String)
    }

    private let source: any SourcePort
    private let kind: UserIDKind
    private let clock: any ReconcileClock
    private let load: LoadGuard
    private var pace: ScanPace
    private let sizes: RowSizes
    private let onEvent: (Event) -> Void
    private(set) var scan: SourceScan

    /// Users whose rows are asked for in one statement, at most: with more of them the server plans worse.
    static let usersPerQuery = 500

    init(
        _ settings: VerifySettings, _ source: any SourcePort, replicas: [NamedSource], clock: any ReconcileClock,
        shape: Spill.Shape, sizes: RowSizes, onEvent: @escaping (Event) -> Void
    ) {
        self.source = source
        self.clock = clock
        self.onEvent = onEvent
        self.sizes = sizes
        kind = settings.userIDKind
        load = LoadGuard(settings.load, source: source, replicas: replicas, clock: clock)
        pace = ScanPace(
            mostRows: settings.chunkRows, targetMs: settings.chunkTargetMs, rowsPerSecond: settings.maxRowsPerSecond)
        scan = SourceScan(shape)
    }

    /// Milliseconds for which the scan was held back, and by what.
    var pause: (ms: Int64, reason: String)? { load.lastReason.map { (load.pausedMs, $0) } }

    // MARK: - Everyone

    /// Scans the whole source in ranges, each in a snapshot of its own.
    ///
    /// - Parameter journal: Holds what an earlier scan read, which is not read again, and takes what this one reads.
    ///   Whom a canary's key names is not written there: another run has others.
    mutating func everyone(_ journal: ScanJournal?, _ canaries: Canaries) throws {
        var lower: UserID?
        if let journal, let restored = try journal.restore(into: &scan) {
            guard let through = restored.through else { return }
            lower = through
            onEvent(.rows(scan.rows))
        }
        repeat {
            guard let journal else {
                lower = try range(after: lower, upTo: nil) { _, _ in }
                continue
            }
            lower = try range(after: lower, upTo: nil) { entry, payload in
                if !canaries.isTwin(entry.key) { try journal.append(entry, payload: payload) }
            } ended: { upper, position, rowBytes in
                try journal.endRange(through: upper, position: position, rowBytes: rowBytes)
            }
        } while lower != nil
    }

    // MARK: - Some

    /// Scans the keys of a slice.
    ///
    /// - Parameter seen: Called with the key of each row.
    mutating func slice(_ slice: KeySlice, _ seen: (UserKey) throws -> Void) throws {
        var lower = slice.after
        repeat {
            lower = try range(after: lower, upTo: slice.through) { entry, _ in try seen(entry.key) }
        } while lower != nil && lower != slice.through
    }

    /// Reads the rows of users who are due.
    ///
    /// - Parameter isRead: Whether a user's row was read already.
    mutating func users(_ due: DueUsers, unless isRead: (UserKey) -> Bool) throws {
        var cursor = Spill.Cursor()
        var batch: [UserID] = []
        while let (entry, payload) = try due.texts.next(&cursor) {
            if isRead(entry.key) { continue }
            batch.append(UserID(String(decoding: payload, as: UTF8.self)))
            if batch.count >= sizes.usersPerQuery { try read(&batch) }
        }
        try read(&batch)
    }

    /// Reads the rows of a few users.
    mutating func users(_ users: [UserID]) throws {
        var left = users[...]
        while !left.isEmpty {
            var batch = Array(left.prefix(sizes.usersPerQuery))
            left = left.dropFirst(batch.count)
            try read(&batch)
        }
    }

    private mutating func read(_ batch: inout [UserID]) throws {
        guard !batch.isEmpty else { return }
        try load.wait { onEvent(.paused($0)) }
        let startMs = clock.nowMs()
        try scan.read(batch, source, kind)
        sizes.note(asked: batch.count, largest: scan.longestRead)
        onEvent(.rows(scan.rows))
        rest(rows: batch.count, since: startMs)
        batch.removeAll(keepingCapacity: true)
    }

    // MARK: - One range

    /// Reads one range, as long as the pace has it, and returns its last id.
    private mutating func range(
        after lower: UserID?, upTo last: UserID?, seen: (SpillEntry, UnsafeRawBufferPointer) throws -> Void,
        ended: (UserID?, SourcePosition?, Int) throws -> Void = { _, _, _ in }
    ) throws -> UserID? {
        try load.wait { onEvent(.paused($0)) }
        let startMs = clock.nowMs()
        let before = (rows: scan.rows, bytes: scan.rowBytes)
        let upper = try end(ofRangeAfter: lower, upTo: last)
        let position = try scan.readRange(source, kind, after: lower, through: upper, seen)
        try ended(upper, position, scan.rowBytes - before.bytes)
        onEvent(.rows(scan.rows))
        rest(rows: scan.rows - before.rows, since: startMs, isLast: upper == nil)
        return upper
    }

    private func end(ofRangeAfter lower: UserID?, upTo last: UserID?) throws -> UserID? {
        let boundary = try source.boundary(after: lower, rows: pace.rows)
        guard let last, let boundary else { return last ?? boundary }
        let slice = KeySlice(after: lower, through: last, kind: kind)
        // Of texts only the server knows the order; a slice of them is one range.
        guard kind != .string, slice.contains(kind.key(boundary)) else { return last }
        return boundary
    }

    private mutating func rest(rows: Int, since startMs: Int64, isLast: Bool = false) {
        let restMs = pace.note(rows: rows, tookMs: clock.nowMs() - startMs)
        if restMs > 0, !isLast { clock.sleep(ms: restMs) }
    }
}
