struct ConnectorKeys: SettingsSection {
    let path = "connector"
    let summary = """
        The Debezium connector. `verify` reads the source offsets that Kafka Connect commits for it, to know that every change \
        up to a position has reached Kafka.
        """
    let name = SettingKey(
        optional: "connector.name", .text, example: "shop",
        "The connector's name in Kafka Connect. Without it, the fence of `verify` is weak, and the report says so.")
    let server = SettingKey(
        optional: "connector.server", .text, example: "shop",
        "Its topic.prefix, which Connect's offset keys call `server`; without this setting, any.")
    let offsetsTopic = SettingKey(
        "connector.offsets_topic", .topic, default: "connect-offsets",
        "The worker's offset.storage.topic.")
    let flavour = SettingKey(
        "connector.flavour", .choice(ConnectorSource.Flavour.allCases.map(\.rawValue)), default: "mysql",
        "Which of Debezium's connectors to use. It has to fit the server.")
    let url = SettingKey(
        optional: "connector.url", .url(credentialsBelongIn: "connector.basic_auth_file"), example: "http://127.0.0.1:8083",
        "Kafka Connect's REST interface, for `rollcall connector` and `rollcall doctor`.")
    let caFile = SettingKey(
        optional: "connector.ca_file", .path, example: "/etc/rollcall/connect-ca.pem",
        "The authorities to trust there, in PEM; without this setting, the system's.")
    let basicAuthenticationFile = SettingKey(
        optional: "connector.basic_auth_file", .path, example: "/etc/rollcall/connect.auth",
        secrecy: .file(holds: "connector.basic_auth"),
        "A file with `user:password` for Kafka Connect.")
    let basicAuthentication = SettingKey(
        optional: "connector.basic_auth", .text, secrecy: .secret,
        "The same itself, which only the environment may give.")
    let timeout = SettingKey(
        "connector.timeout_seconds", .seconds(0.1...600), default: 30, "The limit for one request to Kafka Connect.")
    let passwordReference = SettingKey(
        optional: "connector.password_reference", .reference, example: "${file:/etc/kafka-connect/mysql.properties:password}",
        """
        Where Connect's worker finds MySQL's password by itself (config.providers=file). Without this setting, \
        `connector apply` sends the password of source.mysql, and Connect shows it to whoever may ask.
        """)
    let serverID = SettingKey(
        optional: "connector.server_id", .integer(1...4_294_967_295), example: "184054",
        "Debezium's database.server.id, which no other replica may have; without this setting, a number made from the name.")
    let snapshotMode = SettingKey(
        "connector.snapshot_mode",
        .choice(["always", "initial", "initial_only", "no_data", "recovery", "when_needed"]), default: "initial",
        "Debezium's snapshot.mode: whether it copies the tables before it follows their changes.")
    let heartbeat = SettingKey(
        "connector.heartbeat_seconds", .seconds(0.1...3_600), default: 10,
        "Debezium's heartbeat.interval.ms, which lets the committed source offset move on while nothing changes.")
    let maximumOffsetAge = SettingKey(
        "connector.max_offset_age_seconds", .seconds(1...604_800), default: 300,
        "The connector counts as dead when it has committed no source offset for so long. Connect commits every 60 s by default.")
    let properties = SettingKey(
        "connector.properties",
        .texts(
            "a mapping of connector properties", memberName: { $0.lowercased().replacing("_", with: ".") },
            refuse: { ConnectorKeys.reservedProperties[$0] ?? ($0.hasSuffix("_file") ? ConnectorKeys.secretAdvice : nil) },
            refuseText: { ConnectorConfiguration.hidesValue(of: $0, $1) ? ConnectorKeys.secretAdvice : nil }),
        default: NamedTexts(), example: "{database.hostname: mysql.internal, database.user: debezium}",
        "Further properties of the connector, which come before those that follow from the settings.")

    /// Properties that other settings speak of as well, so that the two could contradict each other.
    static let reservedProperties: [String: String] = [
        "name": "belongs to Rollcall; set connector.name instead",
        "topic.prefix": "belongs to Rollcall; set connector.server instead",
        "connector.class": "belongs to Rollcall; set connector.flavour instead",
        "table.include.list": "belongs to Rollcall; list the tables' topics under changes instead",
    ]

    private static let secretAdvice =
        "a secret of the connector has to be a reference that Connect's worker looks up, such as ${file:/path:key}"
}
