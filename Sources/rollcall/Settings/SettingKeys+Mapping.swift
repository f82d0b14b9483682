import Domain

struct MappingKeys: SettingsSection {
    let path = "mapping"
    let summary = "The external service that adds ID mappings to a user."
    let url = SettingKey(
        required: "mapping.url", .url, example: "http://127.0.0.1:8080/mappings/{user_id}",
        "Its address; {user_id} stands for the user.")
    let notFound = SettingKey(
        "mapping.not_found", .choice(["null", "park"]), default: "null",
        "What a 404 means: a God object without mapping (null), or a record to look at (park).")
    let headers = SettingKey(
        "mapping.headers",
        .texts(
            "a mapping of header names to texts",
            memberName: { $0.replacing("_", with: "-") },
            isSecret: { name in MappingKeys.secretHeaderWords.contains { name.lowercased().contains($0) } },
            valueExpectation: "text without line breaks",
            isLegal: { !$0.contains(where: \.isNewline) && !$0.contains("\0") }),
        default: NamedTexts(), example: "{Accept: application/json, X-Api-Key_file: /etc/rollcall/mapping.key}",
        "Headers of each request. A member NAME_file holds a file whose text becomes the header NAME.")
    let bearerTokenFile = SettingKey(
        optional: "mapping.bearer_token_file", .path, example: "/etc/rollcall/mapping.token",
        secrecy: .file(holds: "mapping.bearer_token"),
        "A file with a token that is sent as `Authorization: Bearer …`.")
    let bearerToken = SettingKey(
        optional: "mapping.bearer_token", .text, secrecy: .secret,
        "The token itself, which only the environment may give.")
    let caFile = SettingKey(
        optional: "mapping.ca_file", .path, example: "/etc/rollcall/mapping-ca.pem",
        "The authorities to trust, in PEM; without this setting, the system's.")
    let proxy = SettingKey(
        "mapping.proxy", .text, default: "none",
        "`none`, `environment` (what http_proxy and its kin say), or a proxy's address.")
    let concurrency = SettingKey(
        "mapping.concurrency", .integer(1...1_000), default: 16, "The most requests under way per worker.")
    let connectTimeout = SettingKey(
        "mapping.connect_timeout_seconds", .seconds(0.1...600), default: 5, "The limit for name lookup, TCP and TLS together.")
    let timeout = SettingKey(
        "mapping.timeout_seconds", .seconds(0.1...600), default: 30, "The limit for one request.")
    let maximumBody = SettingKey(
        "mapping.max_response_size", .size(1...(1 << 30)), default: 4 << 20, "A larger answer is not accepted.")

    /// Words that betray a header as a secret.
    static let secretHeaderWords = ["authorization", "cookie", "api-key", "apikey", "token", "secret", "password"]
}

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
