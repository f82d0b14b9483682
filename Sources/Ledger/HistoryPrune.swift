import SQLite

/// What was deleted from a history.
public struct HistoryPruneOutcome: Sendable, Hashable {
    public var runs: Int
    /// Findings that had healed before.
    public var findings: Int
}

extension History {
    /// Deletes findings that healed, and runs that ended, before a moment.
    ///
    /// What is still open stays whatever its age, with the runs that first and last saw it. So do the newest run, the newest
    /// complete one, from whose watermarks the next run goes on, and the newest clean ones, on which `gate` rests.
    ///
    /// - Parameter beforeMs: Milliseconds since 1970.
    /// - Throws: ``LedgerError``.
    public func prune(beforeMs: Int64) throws -> HistoryPruneOutcome {
        var outcome = HistoryPruneOutcome(runs: 0, findings: 0)
        _ = try erase(database, path: path, onlyWhereNeeded: true) {
            try database.prepare("DELETE FROM findings WHERE healed_at_ms < ?").run(.integer(beforeMs))
            outcome.findings = database.changes
            let delete = """
                DELETE FROM runs WHERE finished_at_ms < ?
                AND number NOT IN (
                    SELECT first_seen_run FROM findings UNION SELECT last_seen_run FROM findings
                    UNION SELECT healed_run FROM findings WHERE healed_run IS NOT NULL)
                AND number NOT IN (
                    SELECT max(number) FROM runs
                    UNION SELECT coalesce(max(number), 0) FROM runs WHERE is_complete
                    UNION SELECT coalesce(max(number), 0) FROM runs WHERE is_complete AND watermarks IS NOT NULL
                    UNION SELECT coalesce(max(number), 0) FROM runs WHERE is_complete AND baseline IS NOT NULL
                    UNION SELECT coalesce(max(number), 0) FROM runs WHERE is_complete AND verdict = 'clean'
                    UNION SELECT coalesce(max(number), 0) FROM runs
                        WHERE is_complete AND verdict = 'clean' AND covers_every_user)
                """
            try database.prepare(delete).run(.integer(beforeMs))
            outcome.runs = database.changes
            return outcome.runs + outcome.findings
        }
        return outcome
    }
}
