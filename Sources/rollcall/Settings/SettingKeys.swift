import Domain

/// All settings, as the documented file orders them.
struct SettingKeys: Sendable {
    let source = SourceKeys()
    let userID = UserIDKeys()
    let changes = SettingKey(
        required: "changes", .changeTopics,
        example: """
            - {topic: shop.shop.users, user_id: user_id}
            - {topic: shop.shop.preferences, user_id: user_id}
            """,
        "The topics that Debezium writes, one per captured table, and the column of each that carries the user id.")
    let connector = ConnectorKeys()
    let kafka = KafkaKeys()
    let pipeline = PipelineKeys()
    let mapping = MappingKeys()
    let ledger = LedgerKeys()
    let reports = ReportsKeys()
    let verify = VerifyKeys()
    let log = LogKeys()
}

struct UserIDKeys: SettingsSection {
    let path = "user_id"
    let summary = "The key that everything shares."
    let type = SettingKey(
        required: "user_id.type", .choice(UserIDKind.allCases.map(\.rawValue)), example: "integer",
        "What user ids are in MySQL: integer (signed, 64 bits), unsigned (64 bits) or string (compared byte by byte).")
}

struct LedgerKeys: SettingsSection {
    let path = "ledger"
    let summary = "Files of this process. One process writes them at a time; a lock sees to that."
    let file = SettingKey(
        "ledger.path", .path, default: "ledger.sqlite",
        "The ledger, a SQLite file that lists every production. It is created where it is missing.")
    let parkedFile = SettingKey(
        optional: "ledger.parked_path", .path, example: "parked.sqlite",
        "The parked records; without this setting, `parked.sqlite` beside the ledger.")
}

struct ReportsKeys: SettingsSection {
    let path = "reports"
    let summary = "Where runs of `verify` leave their reports."
    let directory = SettingKey(
        "reports.directory", .path, default: "reports",
        "One directory per run, and `latest`, which points at the newest.")
    let historyFile = SettingKey(
        optional: "reports.history_path", .path, example: "history.sqlite",
        "Runs and findings over time, a SQLite file; without this setting, `history.sqlite` in reports.directory.")
}

struct LogKeys: SettingsSection {
    let path = "log"
    let summary = "What goes to standard error beside results and progress."
    let level = SettingKey(
        "log.level", .choice(["trace", "debug", "info", "notice", "warning", "error", "critical"]), default: "info",
        "The least level that is written. --quiet raises it to warning.")
}
