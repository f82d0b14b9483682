import Domain
import SQLite

/// Runs and findings over time. Written by reconciliation only; one thread at a time.
public final class History {
    /// What the history may be used for.
    public enum Access: Sendable {
        /// Questions only, also while a reconciliation is running.
        case readOnly
        /// Recording runs. One process at a time.
        case readWrite
    }

    /// The file.
    public let path: String
    let database: Database
    private let lock: FileLock?

    /// Opens the history; with `readWrite` it is created where there is none, and upgraded where it is older.
    ///
    /// - Parameter cacheBytes: What it may keep in memory of the file, of what is recorded, and of what is being sorted: so much of each;
    ///   nil for SQLite's own limit.
    /// - Throws: ``LedgerError``: `locked` by another process, `missing` (to read), `notOurs`, `newerSchema`, `damaged`,
    ///   `inaccessible`.
    public init(path: String, access: Access, cacheBytes: Int? = nil) throws {
        self.path = path
        switch access {
        case .readOnly:
            lock = nil
            database = try FileFormat.history.openForReading(path, cacheBytes: cacheBytes)
        case .readWrite:
            lock = try FileLock(guarding: path)
            database = try FileFormat.history.openForWriting(path, cacheBytes: cacheBytes)
        }
    }

    /// Records a run with its findings, in one transaction: a crash leaves all of it or nothing.
    ///
    /// ```swift
    /// let delta = try history.record(run, coverage: .everyUser([.aggregate, .god])) { recorder in
    ///     for finding in findings { try recorder.add(finding) }
    /// }
    /// ```
    ///
    /// Findings are streamed into a temporary table on the disk and merged in the order of their keys, so a million of them
    /// take no memory, and are written in one pass over the file.
    ///
    /// - Parameter coverage: What the run can say of findings that it did not make.
    /// - Returns: What is new, persisting and healed.
    /// - Throws: ``LedgerError``, `duplicateRun` where the run was recorded before; or what `body` throws, and then nothing is
    ///   recorded.
    @discardableResult
    public func record(
        _ run: HistoryRun, coverage: HistoryCoverage, _ body: (FindingRecorder) throws -> Void = { _ in }
    ) throws -> HistoryDelta {
        try translatingErrors {
            try database.transaction {
                let recorder = try FindingRecorder(database)
                try body(recorder)
                let number = try insert(run)
                let delta = try recorder.merge(into: run, number: number, coverage: coverage)
                let note = try database.prepare(
                    """
                    UPDATE runs SET new_findings = ?, reappeared_findings = ?, persisting_findings = ?, healed_findings = ?
                    WHERE number = ?
                    """)
                try note.run(
                    .integer(Int64(delta.new)), .integer(Int64(delta.reappeared)), .integer(Int64(delta.persisting)),
                    .integer(Int64(delta.healed)), .integer(number))
                return delta
            }
        }
    }

    private func insert(_ run: HistoryRun) throws -> Int64 {
        guard try self.run(run.runID) == nil else {
            throw LedgerError(.duplicateRun, path: path, "the run \(run.runID) is in the history already")
        }
        let insert = try database.prepare(
            """
            INSERT INTO runs (run_id, mode, verdict, is_complete, covers_every_user, exit_code, started_at_ms,
                finished_at_ms, config_digest, counts, verified_through, watermarks, baseline)
            VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
            """)
        try insert.run(
            .text(run.runID), .text(run.mode), .text(run.verdict), .bool(run.isComplete), .bool(run.coversEveryUser),
            .integer(Int64(run.exitCode)), .integer(run.startedAtMs), .integer(run.finishedAtMs), .text(run.configDigest),
            .text(run.countsJSON), .text(run.verifiedThrough?.description), .text(run.watermarksJSON),
            .text(run.baselineJSON))
        return database.lastInsertRowID
    }
}
