import Foundation
import Sandbox

@testable import rollcall

/// The system's tables and settings: those of the demo, with columns and a table in which more can go wrong.
enum LiveSettings {
    /// `nicknames` is no captured table, and lets the query yield several rows for a user. `shoe_size` may hold what the
    /// settings do not allow. `token` takes any bytes.
    static let preparation = [
        "ALTER TABLE users ADD COLUMN IF NOT EXISTS token VARBINARY(64) NULL",
        "ALTER TABLE users ADD COLUMN IF NOT EXISTS shoe_size VARCHAR(8) NULL",
        "CREATE TABLE IF NOT EXISTS nicknames (user_id BIGINT UNSIGNED NOT NULL, nickname VARCHAR(40) NOT NULL, KEY (user_id))",
        "CREATE TABLE IF NOT EXISTS nobody LIKE users",
    ]

    static let query = """
        SELECT u.user_id, u.email, u.full_name, u.status, u.credit, u.token, u.shoe_size,
               p.dark_mode, p.newsletter, p.locale, n.nickname
        FROM users u LEFT JOIN preferences p ON p.user_id = u.user_id
             LEFT JOIN nicknames n ON n.user_id = u.user_id
        WHERE :users
        """

    /// Writes the settings file and the password beside it.
    ///
    /// - Returns: The file's path.
    static func write(
        _ stack: Stack, reports: String, named name: String = "rollcall.yaml", query: String = query,
        usersTable: String = "users",
        bootstrap: String? = nil, god: String? = nil
    ) throws -> String {
        let connection = try stack.connectionSettings()
        let password = "\(stack.directory)/mysql.password"
        let file = "\(stack.directory)/\(name)"
        try create(password, connection.password)
        let yaml = """
            source:
              mysql:
                host: \(connection.host)
                port: \(connection.port)
                user: \(connection.user)
                password_file: \(password)
                database: shop
              query: |
                \(query.split(separator: "\n").joined(separator: "\n    "))
              key: u.user_id
              users_table: \(usersTable)
              columns: {dark_mode: boolean, newsletter: boolean, shoe_size: unsigned}
              fence_table: rollcall_fence
            user_id:
              type: unsigned
            changes:
              - {topic: \(stack.topics.users), user_id: user_id}
              - {topic: \(stack.topics.preferences), user_id: user_id}
            connector:
              name: \(stack.connectorName)
              server: \(stack.connectorServer)
              offsets_topic: \(stack.topics.offsets)
            kafka:
              bootstrap: \(try bootstrap ?? stack.requireBootstrap())
              # The embedded broker lets every fetch wait that long, and a new member as long as the session of one that left.
              properties: {fetch.wait.max.ms: "50", session.timeout.ms: "6000"}
              topics:
                signals: \(stack.topics.signals)
                aggregate: \(stack.topics.aggregate)
                god: \(god ?? stack.topics.god)
                control: \(stack.topics.control)
              groups:
                intake: \(stack.tag)rollcall.intake
                aggregate: \(stack.tag)rollcall.aggregate
                enrich: \(stack.tag)rollcall.enrich
            mapping:
              url: \(try stack.requireMapping().url)/{user_id}
            ledger:
              path: \(stack.directory)/ledger.sqlite
            reports:
              directory: \(reports)
            """
        try create(file, yaml + "\n")
        return file
    }

    private static func create(_ path: String, _ text: String) throws {
        guard FileManager.default.createFile(atPath: path, contents: Data(text.utf8), attributes: [.posixPermissions: 0o600])
        else { throw CocoaError(.fileWriteUnknown) }
    }
}
