import Domain
import SQLite

/// Takes the findings of one run, one by one. Valid only inside the closure that `History.record` gives it to.
public final class FindingRecorder {
    private let database: Database
    private let addFinding: Statement
    private let addUser: Statement

    init(_ database: Database) throws {
        // Temporary tables live in a file of their own that only this connection sees.
        try database.execute(
            """
            CREATE TEMP TABLE IF NOT EXISTS incoming (
                user BLOB NOT NULL, stage TEXT NOT NULL, kind TEXT NOT NULL, cause TEXT) STRICT;
            CREATE TEMP TABLE IF NOT EXISTS reverified (user BLOB NOT NULL, stage TEXT NOT NULL) STRICT;
            DELETE FROM temp.incoming;
            DELETE FROM temp.reverified;
            """)
        self.database = database
        addFinding = try database.prepare("INSERT INTO temp.incoming (user, stage, kind, cause) VALUES (?, ?, ?, ?)")
        addUser = try database.prepare("INSERT INTO temp.reverified (user, stage) VALUES (?, ?)")
    }

    /// Adds a finding. The same (user, stage, kind) twice counts once.
    public func add(_ finding: Finding) throws {
        try add(user: finding.user, stage: finding.stage, kind: finding.kind, cause: finding.cause)
    }

    /// Adds a finding. The same (user, stage, kind) twice counts once.
    public func add(user: UserID, stage: Stage, kind: Kind, cause: Cause?) throws {
        try addFinding.run(.blob(user.keyBytes), .text(stage.rawValue), .text(kind.rawValue), .text(cause?.code))
    }

    /// Says that this run settled a user's state at a stage: what is open there and was not added has healed.
    public func reverified(_ user: UserID, stage: Stage) throws {
        try addUser.run(.blob(user.keyBytes), .text(stage.rawValue))
    }

    /// Says so of everyone of whom a finding is open at one of these stages.
    public func reverifiedEveryOpen(at stages: Set<Stage>) throws {
        let addOpen = try database.prepare(
            "INSERT INTO temp.reverified (user, stage) SELECT user, stage FROM findings WHERE healed_run IS NULL AND stage = ?")
        for stage in stages.sorted(by: { $0.rawValue < $1.rawValue }) { try addOpen.run(.text(stage.rawValue)) }
    }

    func merge(into run: HistoryRun, number: Int64, coverage: HistoryCoverage) throws -> HistoryDelta {
        // In the order of the primary key: the table is then written from one end to the other, and not in random places.
        let upsert = """
            INSERT INTO findings (user, stage, kind, cause, spells, first_seen_run, first_seen_at_ms, last_seen_run,
                last_seen_at_ms)
            SELECT user, stage, kind, max(cause), 1, ?1, ?2, ?1, ?2 FROM temp.incoming WHERE true
            GROUP BY user, stage, kind ORDER BY user, stage, kind
            ON CONFLICT (user, stage, kind) DO UPDATE SET
                cause = excluded.cause,
                spells = spells + (healed_run IS NOT NULL),
                first_seen_run = iif(healed_run IS NULL, first_seen_run, excluded.first_seen_run),
                first_seen_at_ms = iif(healed_run IS NULL, first_seen_at_ms, excluded.first_seen_at_ms),
                last_seen_run = excluded.last_seen_run, last_seen_at_ms = excluded.last_seen_at_ms,
                healed_run = NULL, healed_at_ms = NULL
            """
        try database.prepare(upsert).run(.integer(number), .integer(run.startedAtMs))
        let count = """
            SELECT count(*) FILTER (WHERE first_seen_run = ?1), count(*) FILTER (WHERE first_seen_run = ?1 AND spells > 1),
                count(*) FILTER (WHERE first_seen_run <> ?1)
            FROM findings WHERE last_seen_run = ?1
            """
        var delta =
            try database.prepare(count).first(.integer(number)) { row in
                HistoryDelta(
                    new: Int(row.int64(0) ?? 0), reappeared: Int(row.int64(1) ?? 0), persisting: Int(row.int64(2) ?? 0))
            } ?? HistoryDelta()
        delta.healed = try heal(run, number: number, coverage: coverage)
        try database.execute("DELETE FROM temp.incoming; DELETE FROM temp.reverified")
        return delta
    }

    private func heal(_ run: HistoryRun, number: Int64, coverage: HistoryCoverage) throws -> Int {
        var conditions = ["(user, stage) IN (SELECT user, stage FROM temp.reverified)"]
        if run.isComplete, case .everyUser(let stages) = coverage {
            conditions += stages.map { "stage = '\($0.rawValue)'" }.sorted()
        }
        let update = """
            UPDATE findings SET healed_run = ?1, healed_at_ms = ?2
            WHERE healed_run IS NULL AND last_seen_run <> ?1 AND (\(conditions.joined(separator: " OR ")))
            """
        try database.prepare(update).run(.integer(number), .integer(run.startedAtMs))
        return database.changes
    }
}
