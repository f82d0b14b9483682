import Domain

struct VerifyKeys: SettingsSection {
    let path = "verify"
    let summary = "How `verify` calls the roll."
    let chunkRows = SettingKey(
        "verify.chunk_rows", .integer(1...10_000_000), default: 50_000, "Users per range of the scan.")
    let fenceTimeout = SettingKey(
        "verify.fence_timeout_seconds", .seconds(0...86_400), default: 120,
        "How long to wait until every hop has passed the scan's position.")
    let settleTimeout = SettingKey(
        "verify.settle_timeout_seconds", .seconds(0...86_400), default: 120,
        "How long mismatches are looked at again before they count as unresolved.")
}
