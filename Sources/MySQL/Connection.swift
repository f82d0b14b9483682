internal import CMySQL

/// One session on a MySQL or MariaDB server; used by one thread at a time, and blocking it.
///
/// Every session runs in UTC, with a fixed sql_mode and in utf8mb4, after each ``reconnect()`` as well, so that the same row always reads as
/// the same bytes. It never reconnects by itself: a lost session has lost its transaction, and only the caller knows what that means.
///
/// ```swift
/// let connection = try Connection(ConnectionSettings(user: "rollcall", password: password))
/// try connection.stream("SELECT id, email FROM users") { row in
///     row.withBytes(0) { id in … }
/// }
/// ```
public final class Connection {
    /// The sql_mode of every session: writes are strict, and nothing that changes how SQL or values are *read* is on (no
    /// `ANSI_QUOTES`, `NO_BACKSLASH_ESCAPES` or `PAD_CHAR_TO_FULL_LENGTH`). Valid in MariaDB 10 and MySQL 8.
    public static let sqlMode = "STRICT_TRANS_TABLES,ERROR_FOR_DIVISION_BY_ZERO,NO_ENGINE_SUBSTITUTION"

    /// What the connection was opened with.
    public let settings: ConnectionSettings

    /// `nil` after ``close()``, and after a failed ``reconnect()``.
    private var session: Session? {
        willSet { interrupter.watch(nil) }
        didSet { interrupter.watch(session?.socket) }
    }
    /// Lets another thread end what this connection is waiting for.
    public let interrupter = Interrupter()
    /// Whether a closure of ``stream(_:row:)`` is running, in which the session can do nothing else.
    private var isStreaming = false
    /// Whether that closure has called ``close()``.
    private var closesAfterStream = false

    /// Connects and prepares the session.
    ///
    /// - Throws: ``MySQLError`` with the address and the user, after ``ConnectionSettings/connectTimeoutSeconds`` at the latest if nobody
    ///   answers.
    public init(_ settings: ConnectionSettings) throws(MySQLError) {
        self.settings = settings
        session = try Session(settings)
        // Observers do not see what an initializer sets.
        interrupter.watch(session?.socket)
    }

    deinit {
        interrupter.watch(nil)
    }

    /// The client library's name and version.
    public static var libraryVersion: String {
        "MariaDB Connector/C " + String(cString: mysql_get_client_info())
    }

    /// The server's version as it states it, for example `10.11.6-MariaDB-0+deb12u1` or `8.0.36`; empty after ``close()``.
    public var serverVersion: String { session?.serverVersion ?? "" }

    /// Whether the server is MariaDB rather than MySQL.
    public var isMariaDB: Bool { serverVersion.contains("MariaDB") }

    /// The session's id in the server's process list; 0 after ``close()``.
    public var sessionID: Int { session?.identifier ?? 0 }

    /// Leaves the old session, if there is one, and opens a new one with the same settings.
    ///
    /// Transactions, locks, user variables and temporary tables of the old session are gone.
    ///
    /// - Throws: ``MySQLError``; the connection is closed then, and may be reconnected again.
    public func reconnect() throws(MySQLError) {
        guard !isStreaming else { throw outOfSync() }
        session = nil
        session = try Session(settings)
    }

    /// Ends the session; further calls throw. Does nothing if it is closed already.
    public func close() {
        if isStreaming {
            closesAfterStream = true
        } else {
            session = nil
        }
    }

    /// Asks the server whether the session is alive.
    ///
    /// - Throws: ``MySQLError``.
    public func ping() throws(MySQLError) {
        try open().ping()
    }

    /// Runs one statement and collects its rows in memory. Of a procedure's several results, the first.
    ///
    /// - Throws: ``MySQLError``.
    public func query(_ sql: String) throws(MySQLError) -> ResultSet {
        let session = try open()
        guard let rows = try session.run(sql) else { return ResultSet(columns: []) }
        var set = ResultSet(columns: rows.columns)
        while let row = try rows.next() { set.append(row) }
        try session.finish(rows)
        return set
    }

    /// Runs one statement and lends its rows to `row` one by one, as they come from the server; memory does not grow with them.
    ///
    /// The connection can do nothing else inside `row`. The server waits while `row` works, for at most its `net_write_timeout`.
    ///
    /// - Returns: The columns, also if there were no rows.
    /// - Throws: ``MySQLError``, or what `row` throws. In the latter case the rest of the result is read and thrown away, so that the session,
    ///   with its transaction, stays usable.
    @discardableResult
    public func stream(_ sql: String, row body: (borrowing RowView) throws -> Void) throws -> [Column] {
        let session = try open()
        guard let rows = try session.run(sql) else { return [] }
        isStreaming = true
        defer { endStream() }
        let columns = rows.columns
        while let row = try rows.next() { try body(row) }
        try session.finish(rows)
        return columns
    }

    /// Runs one statement and passes on its rows one by one as typed values, over the binary protocol.
    ///
    /// Slower than ``stream(_:row:)``, but `FLOAT` arrives exactly. The connection can do nothing else inside `row`.
    ///
    /// - Returns: The columns, also if there were no rows.
    /// - Throws: ``MySQLError``, or what `row` throws; the session stays usable as after ``stream(_:row:)``.
    @discardableResult
    public func streamValues(_ sql: String, row body: ([Value]) throws -> Void) throws -> [Column] {
        let rows = try open().prepare(sql)
        isStreaming = true
        defer { endStream() }
        while let row = try rows.next() { try body(row) }
        return rows.columns
    }

    /// Runs one statement for its effect; rows, if it yields any, are thrown away.
    ///
    /// - Returns: How many rows it changed; 0 for statements that change none.
    /// - Throws: ``MySQLError``.
    @discardableResult
    public func execute(_ sql: String) throws(MySQLError) -> Int {
        let session = try open()
        guard let rows = try session.run(sql) else { return session.affectedRows }
        while try rows.next() != nil {}
        try session.finish(rows)
        return 0
    }

    private func endStream() {
        isStreaming = false
        if closesAfterStream { session = nil }
        closesAfterStream = false
    }

    private func open() throws(MySQLError) -> Session {
        guard !isStreaming else { throw outOfSync() }
        guard let session else {
            throw MySQLError(
                code: MySQLError.serverGone, sqlState: MySQLError.generalState, reason: "the connection is closed",
                settings: settings)
        }
        return session
    }

    private func outOfSync() -> MySQLError {
        MySQLError(
            code: MySQLError.outOfSync, sqlState: MySQLError.generalState,
            reason: "the connection cannot be used while it streams a result", settings: settings)
    }
}
