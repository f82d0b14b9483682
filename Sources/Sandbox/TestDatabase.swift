import Foundation
import MySQL

/// An empty schema for one test, on a server that all tests of the process share; dropped with this object.
///
/// The server is the one that the environment variable `ROLLCALL_TEST_MYSQL` names, as
/// `mysql://user:password@host:port`, with an account that may create schemas; without it, a private ``MariaDBServer``.
public final class TestDatabase: Sendable {
    /// The environment variable that names a server.
    public static let environmentVariable = "ROLLCALL_TEST_MYSQL"

    /// The schema's name.
    public let name: String
    /// Settings for an account that may do everything in the schema, with the schema selected.
    public let settings: ConnectionSettings

    /// Creates the schema, and starts the private server if this is the first one.
    ///
    /// - Throws: ``SandboxError`` or `MySQLError`.
    public init() throws {
        var settings = try Self.server.get()
        name = "test_" + UUID().uuidString.replacing("-", with: "").lowercased().prefix(16)
        try Connection(settings).execute("CREATE DATABASE \(name) CHARACTER SET utf8mb4")
        settings.database = name
        self.settings = settings
    }

    deinit {
        // A schema that cannot be dropped is left to the server's own end.
        _ = try? Connection(settings).execute("DROP DATABASE \(name)")
    }

    /// A new connection with the schema selected.
    public func connect() throws(MySQLError) -> Connection {
        try Connection(settings)
    }

    private static let server: Result<ConnectionSettings, any Error> = Result {
        guard let url = ProcessInfo.processInfo.environment[environmentVariable], !url.isEmpty else {
            return try privateServer.get().rootSettings
        }
        guard let parts = URLComponents(string: url), parts.scheme == "mysql", let host = parts.host, let user = parts.user
        else {
            throw SandboxError.cannotStart(
                program: environmentVariable, reason: "it must have the form mysql://user:password@host:port")
        }
        return ConnectionSettings(host: host, port: parts.port ?? 3306, user: user, password: parts.password ?? "")
    }

    /// Lives as long as the process, whose end its guard notices.
    private static let privateServer = Result { try MariaDBServer() }
}
