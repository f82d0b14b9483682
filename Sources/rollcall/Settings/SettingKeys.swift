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
    let notify = NotifyKeys()
    let admin = AdminKeys()
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
    let parkedFiles = SettingKey(
        "ledger.parked_paths", .paths, default: [], example: "[/srv/a/parked.sqlite, /srv/b/parked.sqlite]",
        "The parked records of the pipeline's other processes, for the commands that read them: where several processes run the hops, each has a file of its own."
    )
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
    let textfile = SettingKey(
        optional: "reports.textfile", .path, example: "/var/lib/prometheus/node-exporter/rollcall.prom",
        "A file of metrics for Prometheus' node exporter, replaced at the end of each run. Everybody may read it; it names nobody."
    )
    let keepRuns = SettingKey(
        "reports.keep_runs", .integer(0...1_000_000), default: 100,
        "So many of the newest reports stay whatever their age; 0 is no such rule. A report goes when both rules let it go.")
    let keepDays = SettingKey(
        "reports.keep_days", .integer(0...36_500), default: 400,
        "Reports, and healed findings in the history, stay for so many days; 0 is no such rule, and without any rule all stay.")
}

struct NotifyKeys: SettingsSection {
    let path = "notify"
    let summary = "Who is told when the verdict of `verify`, or who is concerned, has changed. The message names no user."
    let urlFile = SettingKey(
        optional: "notify.url_file", .path, example: "/etc/rollcall/webhook.url", secrecy: .file(holds: "notify.url"),
        "A file with the address of a webhook, which for many services is itself the secret. It gets JSON with a `text`, as Slack reads it."
    )
    let url = SettingKey(
        optional: "notify.url", .url(credentialsBelongIn: "notify.token_file"), secrecy: .secret,
        "The address itself, which only the environment or --notify may give.")
    let tokenFile = SettingKey(
        optional: "notify.token_file", .path, example: "/etc/rollcall/webhook.token", secrecy: .file(holds: "notify.token"),
        "A file with a token that is sent as `Authorization: Bearer …`.")
    let token = SettingKey(
        optional: "notify.token", .text, secrecy: .secret, "The token itself, which only the environment may give.")
    let reminderDays = SettingKey(
        "notify.reminder_days", .integer(0...3_650), default: 0,
        "After so many days without a change, trouble that persists is told once more; 0 is never.")
}

struct AdminKeys: SettingsSection {
    let path = "admin"
    let summary = "How a running `stream` can be watched over HTTP: /metrics for Prometheus, /healthz and /readyz."
    let listen = SettingKey(
        optional: "admin.listen", .listenAddress, example: "127.0.0.1:9464",
        "Where to listen: a port of the loopback interface, or address:port. Without this setting nothing listens. There is no password."
    )
    let stall = SettingKey(
        "admin.stall_seconds", .seconds(1...86_400), default: 120,
        "/readyz is red, and the log says so once, when nothing was dealt with for so long although records wait.")
    let silence = SettingKey(
        "admin.silence_seconds", .seconds(0...31_536_000), default: 3_600,
        "The same when no change event has come for so long: a connector can say RUNNING and be dead. 0 is never.")
}

struct LogKeys: SettingsSection {
    let path = "log"
    let summary = "What goes to standard error beside results and progress."
    let level = SettingKey(
        "log.level", .choice(["trace", "debug", "info", "notice", "warning", "error", "critical"]), default: "info",
        "The least level that is written. --quiet raises it to warning.")
}
