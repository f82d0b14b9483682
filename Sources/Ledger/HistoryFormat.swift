extension FileFormat {
    /// `history.sqlite`, "RolH".
    ///
    /// A finding is one row per (user, stage, kind) for ever: the run that saw it first in its present spell, the one that saw
    /// it last, and the one that found it healed. One that comes back after it healed starts a new spell.
    static let history = FileFormat(
        name: "history", origin: "`rollcall verify` and `rollcall reconcile` write one; reports.history_path says where",
        applicationID: 0x526F_6C48,
        migrations: [
            """
            CREATE TABLE runs (
                number INTEGER PRIMARY KEY,
                run_id TEXT NOT NULL UNIQUE,
                mode TEXT NOT NULL,
                verdict TEXT NOT NULL,
                is_complete INTEGER NOT NULL,
                covers_every_user INTEGER NOT NULL,
                exit_code INTEGER NOT NULL,
                started_at_ms INTEGER NOT NULL,
                finished_at_ms INTEGER NOT NULL,
                config_digest TEXT NOT NULL,
                counts TEXT NOT NULL,
                verified_through TEXT,
                watermarks TEXT,
                new_findings INTEGER NOT NULL DEFAULT 0,
                reappeared_findings INTEGER NOT NULL DEFAULT 0,
                persisting_findings INTEGER NOT NULL DEFAULT 0,
                healed_findings INTEGER NOT NULL DEFAULT 0
            ) STRICT;

            CREATE TABLE findings (
                user BLOB NOT NULL,
                stage TEXT NOT NULL,
                kind TEXT NOT NULL,
                cause TEXT,
                spells INTEGER NOT NULL,
                first_seen_run INTEGER NOT NULL,
                first_seen_at_ms INTEGER NOT NULL,
                last_seen_run INTEGER NOT NULL,
                last_seen_at_ms INTEGER NOT NULL,
                healed_run INTEGER,
                healed_at_ms INTEGER,
                PRIMARY KEY (user, stage, kind)
            ) STRICT, WITHOUT ROWID;
            """,
            // What a later run may go on from; see `HistoryRun.baselineJSON`.
            "ALTER TABLE runs ADD COLUMN baseline TEXT",
        ])
}
