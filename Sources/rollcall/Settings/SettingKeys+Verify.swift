import Domain

struct VerifyKeys: SettingsSection {
    let path = "verify"
    let summary = "How `verify` and `reconcile` call the roll."
    let chunkRows = SettingKey(
        "verify.chunk_rows", .integer(1...10_000_000), default: 50_000, "Users per range of the scan, at most.")
    let memory = SettingKey(
        "verify.memory", .size(1_000_000...1_000_000_000_000), default: 64_000_000,
        "What a run may take of memory, over the idle process. What does not fit goes to temporary files in TMPDIR, or /var/tmp.")
    let fenceTimeout = SettingKey(
        "verify.fence_timeout_seconds", .seconds(0...86_400), default: 120,
        "How long to wait until every hop has passed the scan's position.")
    let weakFenceWait = SettingKey(
        "verify.weak_fence_wait_seconds", .seconds(0...3_600), default: 15,
        "How long each look at a mismatch waits where no connector's committed offset tells that a change has been delivered.")
    let settleTimeout = SettingKey(
        "verify.settle_timeout_seconds", .seconds(0...86_400), default: 120,
        "How long mismatches are looked at again before they count as unresolved.")
    let slicePercent = SettingKey(
        "verify.slice_percent", .integer(1...100), default: 5,
        "The share of all keys that a `reconcile` looks at beside whoever changed; the slice moves on from run to run. It is smaller where ids are texts for which verify.memory has no room."
    )
    let fullEvery = SettingKey(
        "verify.full_every", .integer(1...10_000), default: 7, "Every so many runs of `reconcile` look at everyone.")
    let load = LoadKeys()
}

struct LoadKeys: SettingsSection {
    let path = "verify.load"
    let summary = "What a run may ask of the source."
    let chunkTime = SettingKey(
        "verify.load.chunk_seconds", .seconds(0.01...60), default: 1,
        "How long a range of the scan, and with it a snapshot, should take; ranges shrink until they do.")
    let rowsPerSecond = SettingKey(
        optional: "verify.load.max_rows_per_second", .integer(1...1_000_000_000), example: "50000",
        "The limit of the scan's speed, over ranges and the pauses between them.")
    let replicaLag = SettingKey(
        optional: "verify.load.max_replica_lag_seconds", .integer(0...86_400), example: "10",
        "The scan waits while the source, if it is a replica, or one of verify.load.replica_hosts lags more than this, or has stopped."
    )
    let replicas = SettingKey(
        optional: "verify.load.replica_hosts", .text, example: "replica-1.internal:3306,replica-2.internal",
        "Replicas to watch: host or host:port, separated by commas; reached with the account of source.mysql.")
    let threadsRunning = SettingKey(
        optional: "verify.load.max_threads_running", .integer(1...100_000), example: "40",
        "The scan waits while the source's Threads_running is above this.")
    let longestPause = SettingKey(
        "verify.load.max_pause_seconds", .seconds(1...86_400), default: 3_600,
        "A run that has to wait longer than this at a time is given up.")
    let statementTimeout = SettingKey(
        optional: "verify.load.max_statement_seconds", .integer(1...3_600), example: "30",
        "The server ends a statement of a run after this time; without it, source.mysql.statement_timeout_seconds.")
}
