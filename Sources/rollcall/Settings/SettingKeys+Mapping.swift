import Domain

struct MappingKeys: SettingsSection {
    let path = "mapping"
    let summary = "The external service that adds ID mappings to a user."
    let url = SettingKey(
        required: "mapping.url", .url, example: "http://127.0.0.1:8080/mappings/{user_id}",
        "Its address. {user_id} stands for one user, {user_ids} for several; exactly one of them appears, once.")
    let separator = SettingKey(
        "mapping.separator", .text, default: ",",
        "What stands between the users of {user_ids}, as it is to appear in the address.")
    let usersPerRequest = SettingKey(
        "mapping.users_per_request", .integer(1...10_000), default: 100, "The most users of one request with {user_ids}.")
    let idField = SettingKey(
        optional: "mapping.answer_id_field", .text, example: "user_id",
        """
        Where the answer to {user_ids} is an array: the field of its objects that carries the user id. Without it, the answer is \
        an object with one member per user.
        """)
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
    let requestsPerSecond = SettingKey(
        optional: "mapping.requests_per_second", .rate(0.01...1_000_000), example: "200",
        "The most requests per second of each worker; without this setting, any.")
    let connectTimeout = SettingKey(
        "mapping.connect_timeout_seconds", .seconds(0.1...600), default: 5, "The limit for name lookup, TCP and TLS together.")
    let timeout = SettingKey(
        "mapping.timeout_seconds", .seconds(0.1...600), default: 30, "The limit for one request.")
    let maximumBody = SettingKey(
        "mapping.max_response_size", .size(1...(1 << 30)), default: 4 << 20, "A larger answer is not accepted.")
    let retry = MappingRetryKeys()
    let breaker = MappingBreakerKeys()
    let cache = MappingCacheKeys()

    /// Words that betray a header as a secret.
    static let secretHeaderWords = ["authorization", "cookie", "api-key", "apikey", "token", "secret", "password"]
}

struct MappingRetryKeys: SettingsSection {
    let path = "mapping.retry"
    let summary = "What becomes of a request that fails. While the service as a whole is away, the pipeline waits for it."
    let attempts = SettingKey("mapping.retry.attempts", .integer(1...100), default: 4, "How often a request is sent at most.")
    let window = SettingKey(
        "mapping.retry.window_seconds", .seconds(0...3_600), default: 15, "How long after its first failure it is sent again.")
    let initialPause = SettingKey(
        "mapping.retry.backoff_initial_seconds", .seconds(0...60), default: 0.1,
        "The longest pause before the first retry; it doubles with each, and is drawn evenly from zero up to it.")
    let longestPause = SettingKey(
        "mapping.retry.backoff_maximum_seconds", .seconds(0...600), default: 5, "The limit of that doubling.")
    let longestRetryAfter = SettingKey(
        "mapping.retry.retry_after_maximum_seconds", .seconds(0...86_400), default: 300,
        "The longest pause that the service may ask for with Retry-After.")
    let blame = SettingKey(
        "mapping.retry.blame_after_seconds", .seconds(0...86_400), default: 300,
        "After how long a user for whom the service only fails, or refuses the request, is parked, although nobody else was answered meanwhile."
    )
}

struct MappingBreakerKeys: SettingsSection {
    let path = "mapping.breaker"
    let summary = "The circuit breaker, which leaves a service alone that only fails."
    let failures = SettingKey(
        "mapping.breaker.failures", .integer(1...10_000), default: 8, "How many failures in a row open it.")
    let open = SettingKey(
        "mapping.breaker.open_seconds", .seconds(0.01...3_600), default: 1,
        "How long it stays open before one request may try; doubled with each failed try.")
    let longestOpen = SettingKey(
        "mapping.breaker.open_maximum_seconds", .seconds(0.01...3_600), default: 30, "The limit of that doubling.")
}

struct MappingCacheKeys: SettingsSection {
    let path = "mapping.cache"
    let summary = "Answers that each worker remembers. Off by default, because a remembered answer can be out of date."
    let found = SettingKey(
        "mapping.cache.found_seconds", .seconds(0...86_400), default: 0, "How long a mapping is remembered; 0 is not at all.")
    let notFound = SettingKey(
        "mapping.cache.not_found_seconds", .seconds(0...86_400), default: 0,
        "How long it is remembered that the service does not know a user.")
    let size = SettingKey(
        "mapping.cache.size", .size(1_024...(1 << 34)), default: 8 << 20, "The most memory that remembered answers take.")
}
