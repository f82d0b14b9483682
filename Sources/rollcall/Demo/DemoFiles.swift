import Foundation
import MySQL
import Sandbox

/// The settings file and the secrets that the demo leaves in its directory, so that every other command works against the same
/// stack.
struct DemoFiles {
    let directory: String
    /// Outlives the stack, because a reader wants the report when the demo is over.
    let reports: String
    var settings: String { "\(directory)/rollcall.yaml" }
    var ledger: String { "\(directory)/ledger.sqlite" }
    var streamLog: String { "\(directory)/stream.log" }

    init(_ stack: Stack) throws {
        directory = stack.directory
        reports = try Self.makeReportsDirectory()
        let connection = try stack.connectionSettings()
        let password = "\(directory)/mysql.password"
        try Self.write(connection.password, to: password)
        try Self.write(
            Self.yaml(
                stack, connection, passwordFile: password, reports: reports, bootstrap: stack.requireBroker().bootstrap,
                mapping: stack.requireMapping().url),
            to: settings)
    }

    private static func makeReportsDirectory() throws -> String {
        try TemporaryDirectory.make(prefix: "rollcall-demo") + "/reports"
    }

    private static func write(_ text: String, to path: String) throws {
        guard FileManager.default.createFile(atPath: path, contents: Data(text.utf8), attributes: [.posixPermissions: 0o600])
        else {
            throw CommandError("\(path): cannot be written", status: .error)
        }
    }

    private static func yaml(
        _ stack: Stack, _ connection: ConnectionSettings, passwordFile: String, reports: String, bootstrap: String,
        mapping: String
    ) -> String {
        """
        # The settings of a demo: they are good for as long as its stack runs.
        source:
          mysql:
            host: \(connection.host)
            port: \(connection.port)
            user: \(connection.user)
            password_file: \(passwordFile)
            database: \(connection.database ?? "shop")
          query: |
            SELECT u.user_id, u.email, u.full_name, u.status, u.credit, u.created_at, u.updated_at,
                   p.dark_mode, p.newsletter, p.locale
            FROM users u LEFT JOIN preferences p ON p.user_id = u.user_id
            WHERE :users
          key: u.user_id
          users_table: users
          columns: {dark_mode: boolean, newsletter: boolean}
          fence_table: rollcall_fence
        user_id:
          type: unsigned
        changes:
          - {topic: \(stack.topics.users), user_id: user_id}
          - {topic: \(stack.topics.preferences), user_id: user_id}
        connector:
          name: \(stack.connectorName)
          server: shop
          offsets_topic: \(stack.topics.offsets)
        kafka:
          bootstrap: \(bootstrap)
          # The sandbox's broker lets every fetch wait that long, also when there is something to fetch. A session that is short lets
          # the pipeline notice within seconds that the broker was restarted, and has forgotten its members.
          properties: {fetch.wait.max.ms: "50", session.timeout.ms: "6000"}
          topics:
            signals: \(stack.topics.signals)
            aggregate: \(stack.topics.aggregate)
            god: \(stack.topics.god)
        mapping:
          url: \(mapping)/{user_id}
        ledger:
          path: \(stack.directory)/ledger.sqlite
        reports:
          directory: \(reports)
        """ + "\n"
    }
}
