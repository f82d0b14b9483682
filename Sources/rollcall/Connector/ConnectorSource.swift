/// What a connector's configuration is made from: the parts of the settings that it needs, and nothing else.
struct ConnectorSource: Sendable {
    enum Flavour: String, Sendable, CaseIterable {
        case mysql
        case mariadb

        var connectorClass: String {
            switch self {
            case .mysql: "io.debezium.connector.mysql.MySqlConnector"
            case .mariadb: "io.debezium.connector.mariadb.MariaDbConnector"
            }
        }

        /// `database.ssl.mode`: the two connectors pass it on to different drivers, which use different words.
        func sslMode(verifiesServer: Bool) -> String {
            switch self {
            case .mysql: verifiesServer ? "verify_identity" : "required"
            case .mariadb: verifiesServer ? "verify-full" : "trust"
            }
        }
    }

    /// A captured table and the column of it that carries the user id; nil for the fence table, which belongs to nobody.
    struct Table: Sendable {
        var table: CapturedTable
        var userIDColumn: String?
    }

    var name: String
    var flavour: Flavour
    /// Debezium's `topic.prefix`.
    var prefix: String
    var host: String
    var port: Int
    var user: String
    /// `${file:…}`, or nil where the password itself has to be sent.
    var passwordReference: String?
    /// What Debezium calls itself towards MySQL; every replica of one server needs a number of its own.
    var serverID: Int?
    /// Whether the connection to MySQL is encrypted, and whether the server's certificate is checked.
    var tls: (isOn: Bool, verifiesServer: Bool) = (false, true)
    var tables: [Table]
    var snapshotMode: String
    var heartbeatMs: Int
    /// Where Debezium keeps the history of the tables' definitions.
    var bootstrap: String
    /// The properties by which our own clients reach Kafka.
    var kafkaProperties: [String: String] = [:]
    /// Properties that win over all others.
    var extraProperties: [String: String] = [:]
}
