import Domain
import SQLite

extension History {
    private static let runColumns = """
        run_id, mode, verdict, is_complete, covers_every_user, exit_code, started_at_ms, finished_at_ms, config_digest, counts,
        verified_through, watermarks, new_findings, reappeared_findings, persisting_findings, healed_findings, baseline
        """

    private static let findings = """
        SELECT f.user, f.stage, f.kind, f.cause, f.spells, first.run_id, f.first_seen_at_ms, last.run_id, f.last_seen_at_ms,
            healed.run_id, f.healed_at_ms
        FROM findings f
        LEFT JOIN runs first ON first.number = f.first_seen_run
        LEFT JOIN runs last ON last.number = f.last_seen_run
        LEFT JOIN runs healed ON healed.number = f.healed_run
        """

    /// The run with that id; nil where it was not recorded.
    public func run(_ runID: String) throws -> HistoryRun? {
        try firstRun("WHERE run_id = ?", .text(runID))
    }

    /// The run that was recorded last, however it ended.
    public func lastRun() throws -> HistoryRun? {
        try firstRun("ORDER BY number DESC LIMIT 1")
    }

    /// The newest run that was complete, whatever it found.
    public func lastCompleteRun() throws -> HistoryRun? {
        try firstRun("WHERE is_complete ORDER BY number DESC LIMIT 1")
    }

    /// The newest run that was complete and clean.
    ///
    /// - Parameters:
    ///   - coveringEveryUser: Whether only runs count whose plan was every user.
    ///   - stages: The stages that the run has to have judged, as its counts tell.
    public func lastCompleteCleanRun(coveringEveryUser: Bool = false, stages: Set<Stage> = []) throws -> HistoryRun? {
        let judged = stages.map { " AND json_type(counts, '$.\($0.rawValue)') = 'object'" }.sorted().joined()
        return try firstRun(
            "WHERE is_complete AND verdict = 'clean' AND covers_every_user >= ?\(judged) ORDER BY number DESC LIMIT 1",
            .bool(coveringEveryUser))
    }

    /// The first run after that one which confirmed differences; nil where there is none.
    public func firstRunWithDifferences(after runID: String) throws -> HistoryRun? {
        try firstRun(
            "WHERE verdict = 'differences' AND number > (SELECT number FROM runs WHERE run_id = ?) ORDER BY number LIMIT 1",
            .text(runID))
    }

    /// The newest complete runs that a later one may go on from, the newest first.
    public func baselines(limit: Int = 20) throws -> [HistoryRun] {
        var runs: [HistoryRun] = []
        try translatingErrors {
            let select =
                "SELECT \(Self.runColumns) FROM runs WHERE is_complete AND baseline IS NOT NULL ORDER BY number DESC LIMIT ?"
            try database.prepare(select).forEach(.integer(Int64(limit))) { runs.append(try run($0)) }
        }
        return runs
    }

    /// The watermarks to continue from: those of the newest run that was complete. What an incomplete run read was not
    /// settled, so the next one must look at it again.
    public func lastWatermarksJSON() throws -> String? {
        try firstRun("WHERE is_complete AND watermarks IS NOT NULL ORDER BY number DESC LIMIT 1")?.watermarksJSON
    }

    /// The newest runs, the newest first.
    public func runs(limit: Int = 100) throws -> [HistoryRun] {
        var runs: [HistoryRun] = []
        try translatingErrors {
            let select = "SELECT \(Self.runColumns) FROM runs ORDER BY number DESC LIMIT ?"
            try database.prepare(select).forEach(.integer(Int64(limit))) { runs.append(try run($0)) }
        }
        return runs
    }

    /// The history of one finding; nil where it was never made.
    public func finding(user: UserID, stage: Stage, kind: Kind) throws -> FindingRecord? {
        try translatingErrors {
            try database.prepare(Self.findings + " WHERE f.user = ? AND f.stage = ? AND f.kind = ?")
                .first(.blob(user.keyBytes), .text(stage.rawValue), .text(kind.rawValue)) { try record($0) }
        }
    }

    /// When an open finding was first seen, in milliseconds since 1970; nil where none is open.
    public func firstSeen(user: UserID, stage: Stage, kind: Kind) throws -> Int64? {
        try firstSeen([(user, stage, kind)]).first ?? nil
    }

    /// The same for many findings, in their order. They are looked up in one transaction, because by itself each of them would take and
    /// release the file's lock.
    public func firstSeen(_ findings: [(user: UserID, stage: Stage, kind: Kind)]) throws -> [Int64?] {
        if findings.isEmpty { return [] }
        return try translatingErrors {
            try database.transaction(.deferred) {
                let select = try database.prepare(
                    """
                    SELECT first_seen_at_ms FROM findings WHERE user = ? AND stage = ? AND kind = ? AND healed_run IS NULL
                    """)
                return try findings.map { finding in
                    try select.first(
                        .blob(finding.user.keyBytes), .text(finding.stage.rawValue), .text(finding.kind.rawValue)
                    ) { $0.int64(0) ?? 0 }
                }
            }
        }
    }

    /// All findings ever made of a user.
    public func findings(of user: UserID) throws -> [FindingRecord] {
        var records: [FindingRecord] = []
        try translatingErrors {
            let select = Self.findings + " WHERE f.user = ? ORDER BY f.stage, f.kind"
            try database.prepare(select).forEach(.blob(user.keyBytes)) { records.append(try record($0)) }
        }
        return records
    }

    /// Calls `body` with each finding that is open, ordered by the user's bytes: a run that does not cover every user must
    /// look at these users too, or they never heal.
    ///
    /// - Throws: ``LedgerError``, or what `body` throws.
    public func forEachOpenFinding(_ body: (FindingRecord) throws -> Void) throws {
        try translatingErrors {
            let select = Self.findings + " WHERE f.healed_run IS NULL ORDER BY f.user, f.stage, f.kind"
            try database.prepare(select).forEach { try body(record($0)) }
        }
    }

    private func firstRun(_ clause: String, _ values: Value...) throws -> HistoryRun? {
        try translatingErrors {
            let select = try database.prepare("SELECT \(Self.runColumns) FROM runs \(clause)")
            var found: HistoryRun?
            try select.forEach(values) { found = try run($0) }
            return found
        }
    }

    private func run(_ row: Row) throws -> HistoryRun {
        HistoryRun(
            runID: row.text(0) ?? "", mode: row.text(1) ?? "", verdict: row.text(2) ?? "", isComplete: row.int64(3) == 1,
            coversEveryUser: row.int64(4) == 1, exitCode: Int32(truncatingIfNeeded: row.int64(5) ?? 0),
            startedAtMs: row.int64(6) ?? 0, finishedAtMs: row.int64(7) ?? 0, configDigest: row.text(8) ?? "",
            countsJSON: row.text(9) ?? "{}", verifiedThrough: try position(row.text(10)), watermarksJSON: row.text(11),
            baselineJSON: row.text(16),
            delta: HistoryDelta(
                new: Int(row.int64(12) ?? 0), reappeared: Int(row.int64(13) ?? 0), persisting: Int(row.int64(14) ?? 0),
                healed: Int(row.int64(15) ?? 0)))
    }

    private func position(_ text: String?) throws -> SourcePosition? {
        guard let text else { return nil }
        guard let position = SourcePosition(text) else {
            throw LedgerError(.damaged, path: path, "a run has a position that is none: \(text.prefix(80))")
        }
        return position
    }

    private func record(_ row: Row) throws -> FindingRecord {
        guard let stage = row.text(1).flatMap(Stage.init(rawValue:)), let kind = row.text(2).flatMap(Kind.init(rawValue:)) else {
            throw LedgerError(.damaged, path: path, "a finding has an unknown stage or kind")
        }
        return FindingRecord(
            user: UserID(row.text(0) ?? ""), stage: stage, kind: kind, cause: row.text(3), spells: Int(row.int64(4) ?? 0),
            firstSeenRunID: row.text(5) ?? "", firstSeenAtMs: row.int64(6) ?? 0, lastSeenRunID: row.text(7) ?? "",
            lastSeenAtMs: row.int64(8) ?? 0, healedRunID: row.text(9), healedAtMs: row.int64(10))
    }
}
