/// What went wrong between this process and a MySQL or MariaDB server.
public struct MySQLError: Error, Sendable, Equatable, CustomStringConvertible {
    /// The server's or the client library's error number.
    public let code: Int
    /// The five characters of the SQL standard's classification, for example `40001`.
    public let sqlState: String
    /// The error in words, with the server's address and the user; never with the password.
    public let message: String

    init(code: Int, sqlState: String, reason: String, settings: ConnectionSettings) {
        self.code = code
        self.sqlState = sqlState
        message = "MySQL at \(settings.address) as '\(settings.user)': \(reason) (error \(code), SQL state \(sqlState))"
    }

    /// The same as ``message``.
    public var description: String { message }

    /// Whether the session is gone, with its transaction and locks: call ``Connection/reconnect()`` before anything else.
    public var isConnectionLost: Bool { Self.lostConnection.contains(code) }

    /// Whether the same call, or its transaction, may succeed later without anybody changing anything.
    public var isRetriable: Bool { isConnectionLost || Self.passing.contains(code) }

    /// Numbers from the MariaDB and MySQL error references; those from 2000 to 2999 are the client library's.
    private static let lostConnection: Set<Int> = [
        1053,  // server shutdown in progress
        1077, 1078, 1079, 1080,  // shutdown: normal, by signal, complete, forced close of a thread
        1152, 1158, 1159, 1160, 1161, 1184,  // the server could not read from or write to this connection
        1927,  // connection was killed (MariaDB)
        2002, 2003, 2005,  // cannot connect to the socket, to the host, cannot resolve the host's name
        2006, 2012, 2013, 2055,  // server has gone away, failed handshake, lost connection
        2027,  // malformed packet: what follows on this connection can no longer be read
        4031,  // disconnected for inactivity (MySQL 8)
    ]

    private static let passing: Set<Int> = [
        1040, 1203, 1226,  // too many connections, for all or for this user; the user's quota for this hour
        1205, 1213, 3572,  // lock wait timeout, deadlock, a lock that was not waited for
        1317, 1969, 3024,  // query interrupted; statement timeout in MariaDB and in MySQL
        1412,  // the table's definition changed inside this transaction
        1637,  // too many concurrent transactions
    ]

    /// The server's number for a statement that the account lacks a privilege for.
    public static let accessDenied = 1227
    /// Whether the account lacks a privilege, be it on a table (1142), a column (1143), a schema (1044) or in general (1227).
    public var isAccessRefusal: Bool { [1044, 1142, 1143, Self.accessDenied].contains(code) }
    /// The client library's number for a call that came while a result was being read.
    static let outOfSync = 2014
    /// The client library's number for a connection that is closed.
    static let serverGone = 2006
    /// The SQL state of errors that have none of their own.
    static let generalState = "HY000"
}
