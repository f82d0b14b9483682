import Domain
import Source

struct SourceKeys: SettingsSection {
    let path = "source"
    let summary = "The database, and the query that makes one row of a user."
    let mysql = MySQLKeys()
    let query = SettingKey(
        required: "source.query", .text,
        example: """
            SELECT u.user_id, u.email, p.dark_mode
            FROM users u LEFT JOIN preferences p ON p.user_id = u.user_id
            WHERE :users
            """,
        """
        The aggregate query: one SELECT, at most one row per user. Rollcall replaces `:users`, which stands exactly once, with a \
        predicate on the key column: a list of users or a range.
        """)
    let key = SettingKey(
        required: "source.key", .text, example: "u.user_id",
        "The column that carries the user id, spelled as the query's WHERE may spell it.")
    let keyField = SettingKey(
        optional: "source.key_field", .text, example: "user_id",
        "The same column in the query's result; without this setting, the last part of source.key.")
    let usersTable = SettingKey(
        required: "source.users_table", .text, example: "users",
        "The table whose key column is walked to cut a scan into ranges: it holds every user, and that column is indexed.")
    let columns = SettingKey(
        "source.columns",
        .texts(
            "a mapping of result columns to types", memberName: { $0.lowercased() },
            valueExpectation: SettingShape.choice(ColumnKind.allCases.map(\.rawValue)).expectation,
            isLegal: { ColumnKind(rawValue: $0) != nil }),
        default: NamedTexts(), example: "{dark_mode: boolean}",
        """
        Types of result columns where MySQL's own say too little, as tinyint(1) for a boolean does: \
        \(ColumnKind.allCases.map(\.rawValue).joined(separator: ", ")).
        """)
    let binlog = SettingKey(
        optional: "source.binlog", .choice(BinlogOrigin.allCases.map(\.rawValue)), example: "primary",
        """
        Whose binary log the connector reads: `own`, that of the server above, or `primary`, that of the server which it \
        replicates from. Only needed for a replica that keeps a binary log of its own.
        """)
    let fenceTable = SettingKey(
        optional: "source.fence_table", .text, example: "rollcall_fence",
        """
        A captured table into which `verify` may write a row, so that an idle source moves on: \
        (id INT PRIMARY KEY, nonce VARCHAR(64), written_at TIMESTAMP(3)). Without it, the end of the binary log serves.
        """)
}

struct MySQLKeys: SettingsSection {
    let path = "source.mysql"
    let summary = "How MySQL or MariaDB is reached. The account needs SELECT on the tables, and REPLICATION CLIENT."
    let host = SettingKey("source.mysql.host", .text, default: "127.0.0.1", "The server's name or address.")
    let port = SettingKey("source.mysql.port", .integer(1...65_535), default: 3306, "Its TCP port.")
    let socket = SettingKey(
        optional: "source.mysql.socket", .path, example: "/run/mysqld/mysqld.sock",
        "Its Unix socket, instead of host and port.")
    let user = SettingKey(required: "source.mysql.user", .text, example: "rollcall", "The account.")
    let passwordFile = SettingKey(
        optional: "source.mysql.password_file", .path, example: "/etc/rollcall/mysql.password",
        secrecy: .file(holds: "source.mysql.password"),
        "A file with the account's password, unreadable for other users of the machine.")
    let password = SettingKey(
        optional: "source.mysql.password", .text, secrecy: .secret,
        "The password itself, which only the environment may give.")
    let database = SettingKey(
        required: "source.mysql.database", .text, example: "shop", "The schema that the query's tables are in.")
    let tls = MySQLTLSKeys()
    let connectTimeout = SettingKey(
        "source.mysql.connect_timeout_seconds", .integer(1...600), default: 10, "The limit for reaching the server.")
    let statementTimeout = SettingKey(
        "source.mysql.statement_timeout_seconds", .integer(1...3_600), default: 60,
        "The limit for each wait for an answer of the server. Keep it under half of Kafka's max.poll.interval.ms.")
}

struct MySQLTLSKeys: SettingsSection {
    let path = "source.mysql.tls"
    let summary = "Encryption of the connection. Where it is on, a server that cannot do it is refused."
    let enabled = SettingKey(
        "source.mysql.tls.enabled", .boolean, default: false, "Whether the connection is encrypted.")
    let verify = SettingKey(
        "source.mysql.tls.verify", .boolean, default: true,
        "Whether the server's certificate has to be valid and made out to source.mysql.host.")
    let caFile = SettingKey(
        optional: "source.mysql.tls.ca_file", .path, example: "/etc/rollcall/mysql-ca.pem",
        "The authorities to trust, in PEM; without this setting, the system's.")
    let certificateFile = SettingKey(
        optional: "source.mysql.tls.cert_file", .path, example: "/etc/rollcall/mysql-client.pem",
        "The client's certificate, in PEM.")
    let keyFile = SettingKey(
        optional: "source.mysql.tls.key_file", .path, example: "/etc/rollcall/mysql-client.key",
        "The client certificate's key, in PEM.")
}
