extension FileFormat {
    /// `parked.sqlite`, "RolP".
    ///
    /// A record is one row, whose identity holds the record's timestamp too: a topic that was deleted and created again
    /// counts its offsets from the start, and must not overwrite what was parked before. The large columns stand last, so that
    /// a listing never reads the pages that hold them.
    static let parked = FileFormat(
        name: "parked file", origin: "`rollcall stream` writes one; ledger.parked_path says where",
        applicationID: 0x526F_6C50,
        migrations: [
            """
            CREATE TABLE parked (
                id INTEGER PRIMARY KEY,
                hop TEXT NOT NULL,
                topic TEXT NOT NULL,
                record_partition INTEGER NOT NULL,
                record_offset INTEGER NOT NULL,
                timestamp_ms INTEGER NOT NULL,
                user BLOB,
                reason TEXT NOT NULL,
                message TEXT NOT NULL,
                attempts INTEGER NOT NULL,
                first_parked_at_ms INTEGER NOT NULL,
                last_parked_at_ms INTEGER NOT NULL,
                state TEXT NOT NULL CHECK (state IN ('open', 'closed', 'dropped')),
                ended_at_ms INTEGER,
                record_key BLOB,
                headers BLOB NOT NULL,
                record_value BLOB,
                UNIQUE (topic, record_partition, record_offset, timestamp_ms)
            ) STRICT;

            CREATE INDEX parked_open_users ON parked (user) WHERE state = 'open';
            """
        ])
}
