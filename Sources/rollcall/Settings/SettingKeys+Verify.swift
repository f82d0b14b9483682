import Domain

struct VerifyKeys: SettingsSection {
    let path = "verify"
    let summary = "How `verify` calls the roll."
    let chunkRows = SettingKey(
        "verify.chunk_rows", .integer(1...10_000_000), default: 50_000, "Users per range of the scan.")
    let memory = SettingKey(
        "verify.memory", .size(1_000_000...1_000_000_000_000), default: 64_000_000,
        "What a run may take of memory, over the idle process. What does not fit goes to temporary files in TMPDIR, or /var/tmp.")
    let fenceTimeout = SettingKey(
        "verify.fence_timeout_seconds", .seconds(0...86_400), default: 120,
        "How long to wait until every hop has passed the scan's position.")
    let settleTimeout = SettingKey(
        "verify.settle_timeout_seconds", .seconds(0...86_400), default: 120,
        "How long mismatches are looked at again before they count as unresolved.")
}
