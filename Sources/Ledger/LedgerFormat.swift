extension FileFormat {
    /// `ledger.sqlite`, "RolL".
    ///
    /// User ids are BLOBs: of a TEXT with a NUL inside "the result of expressions … is undefined", says SQLite's manual, and a
    /// BLOB has no collation. Digests are the 64 bits of an unsigned number in SQLite's signed integer; NULL is a tombstone.
    ///
    /// `productions` has no index but its row id: every append goes to the end of the file. `god_partitions` repeats the
    /// highest offset of each partition, a handful of rows, so that a writer that starts need not read everything.
    static let ledger = FileFormat(
        name: "ledger",
        origin: "`rollcall stream` writes one, and `rollcall ledger rebuild` makes one anew; ledger.path says where",
        applicationID: 0x526F_6C4C,
        migrations: [
            """
            CREATE TABLE meta (
                key TEXT NOT NULL PRIMARY KEY,
                value TEXT NOT NULL
            ) STRICT, WITHOUT ROWID;

            CREATE TABLE productions (
                id INTEGER PRIMARY KEY,
                user BLOB NOT NULL,
                god_partition INTEGER NOT NULL,
                god_offset INTEGER NOT NULL,
                god_digest INTEGER,
                aggregate_partition INTEGER NOT NULL,
                aggregate_offset INTEGER NOT NULL,
                aggregate_digest INTEGER,
                version TEXT,
                mapping_digest INTEGER,
                produced_at_ms INTEGER NOT NULL
            ) STRICT;

            CREATE TRIGGER productions_are_append_only BEFORE UPDATE ON productions
            BEGIN SELECT RAISE(ABORT, 'productions are append-only'); END;

            CREATE TABLE god_partitions (
                partition INTEGER NOT NULL PRIMARY KEY,
                highest_offset INTEGER NOT NULL
            ) STRICT;
            """
        ])
}
