internal import CMySQL

/// One handle of the client library with a live session on it; the handle ends with this object.
///
/// The library's manual asks for `mysql_thread_init` and `mysql_thread_end` in each thread. In Connector/C 3 both are empty (its data are per
/// handle), so a handle may even move between threads as long as no two use it at once.
final class Session {
    private let handle: UnsafeMutablePointer<MYSQL>
    private let settings: ConnectionSettings

    /// The library's global state: set up once, before the first handle, because handles are made on many threads at the same time. It is
    /// never torn down: other threads may still use it when the process ends.
    private static let libraryIsReady = mysql_server_init(0, nil, nil) == 0

    init(_ settings: ConnectionSettings) throws(MySQLError) {
        guard Self.libraryIsReady, let handle = mysql_init(nil) else {
            throw MySQLError(
                code: Int(CR_OUT_OF_MEMORY), sqlState: MySQLError.generalState,
                reason: "the client library could not be initialized", settings: settings)
        }
        self.handle = handle
        self.settings = settings
        applyOptions()
        try connect()
        for statement in settings.sessionStatements { try runAndDiscard(statement) }
        // After the caller's statements, so that these hold whatever those have done.
        try runAndDiscard("SET NAMES utf8mb4")
        try runAndDiscard("SET SESSION time_zone = '+00:00', SESSION sql_mode = '\(Connection.sqlMode)'")
        // A limit that an administrator set for people would cut results short without a word.
        try runAndDiscard("SET SESSION sql_select_limit = 18446744073709551615")
    }

    deinit {
        mysql_close(handle)
    }

    var serverVersion: String { mysql_get_server_info(handle).map { String(cString: $0) } ?? "" }
    /// The descriptor of the connection to the server.
    var socket: Int32 { mysql_get_socket(handle) }
    var identifier: Int { Int(mysql_thread_id(handle)) }

    /// How many rows the last statement changed.
    var affectedRows: Int {
        // All ones stands for "none to count".
        let count = mysql_affected_rows(handle)
        return count == .max ? 0 : Int(clamping: count)
    }

    func ping() throws(MySQLError) {
        guard mysql_ping(handle) == 0 else { throw lastError() }
    }

    /// Sends a statement.
    ///
    /// - Returns: Its rows, to be read to their end; `nil` if it yields none by its nature.
    func run(_ sql: String) throws(MySQLError) -> Rows? {
        var sql = sql
        let failed = sql.withUTF8 { text in
            text.withMemoryRebound(to: CChar.self) { mysql_real_query(handle, $0.baseAddress, UInt($0.count)) != 0 }
        }
        guard !failed else { throw lastError() }
        guard let result = mysql_use_result(handle) else {
            if mysql_field_count(handle) > 0 { throw lastError() }
            try skipFurtherResults()
            return nil
        }
        return Rows(result: result, session: self)
    }

    /// Prepares and runs a statement whose rows travel over the binary protocol.
    func prepare(_ sql: String) throws(MySQLError) -> PreparedRows {
        try PreparedRows(sql, session: self, handle: handle, settings: settings)
    }

    /// Ends a result that was read to its end; a procedure's further results are thrown away.
    func finish(_ rows: Rows) throws(MySQLError) {
        rows.free()
        try skipFurtherResults()
    }

    func lastError() -> MySQLError {
        MySQLError(
            code: Int(mysql_errno(handle)), sqlState: String(cString: mysql_sqlstate(handle)),
            reason: String(cString: mysql_error(handle)), settings: settings)
    }

    private func runAndDiscard(_ sql: String) throws(MySQLError) {
        guard let rows = try run(sql) else { return }
        while try rows.next() != nil {}
        try finish(rows)
    }

    private func skipFurtherResults() throws(MySQLError) {
        while mysql_more_results(handle) != 0 {
            guard mysql_next_result(handle) <= 0 else { throw lastError() }
            if let result = mysql_use_result(handle) { mysql_free_result(result) }
        }
    }

    private func connect() throws(MySQLError) {
        let byTCP = settings.socketPath == nil
        // The protocol is fixed in the options, because the library takes the host name "localhost" for a wish to use a Unix socket.
        let connected = mysql_real_connect(
            handle, byTCP ? settings.host : nil, settings.user, settings.password, settings.database,
            byTCP ? UInt32(clamping: settings.port) : 0, settings.socketPath, 0)
        if connected == nil { throw lastError() }
        // MYSQL_OPT_SSL_ENFORCE alone is not enough: without a check of the certificate, Connector/C 3.3 goes on in the clear with a server
        // that offers no encryption.
        if settings.tls != nil, mysql_get_ssl_cipher(handle) == nil {
            throw MySQLError(
                code: Int(CR_SSL_CONNECTION_ERROR), sqlState: MySQLError.generalState,
                reason: "the server does not offer the encryption that the settings ask for", settings: settings)
        }
    }

    private func applyOptions() {
        let protocolKind = settings.socketPath == nil ? MYSQL_PROTOCOL_TCP : MYSQL_PROTOCOL_SOCKET
        set(MYSQL_OPT_PROTOCOL, protocolKind.rawValue)
        set(MYSQL_OPT_CONNECT_TIMEOUT, UInt32(clamping: settings.connectTimeoutSeconds))
        set(MYSQL_OPT_READ_TIMEOUT, UInt32(clamping: settings.readTimeoutSeconds))
        set(MYSQL_OPT_WRITE_TIMEOUT, UInt32(clamping: settings.writeTimeoutSeconds))
        set(MYSQL_OPT_RECONNECT, false)
        // Otherwise a server could ask for any file that this process may read.
        set(MYSQL_OPT_LOCAL_INFILE, UInt32(0))
        mysql_options(handle, MYSQL_SET_CHARSET_NAME, "utf8mb4")
        guard let tls = settings.tls else { return }
        set(MYSQL_OPT_SSL_ENFORCE, true)
        set(MYSQL_OPT_SSL_VERIFY_SERVER_CERT, tls.verifiesServer)
        if let file = tls.caFile { mysql_options(handle, MYSQL_OPT_SSL_CA, file) }
        if let file = tls.certificateFile { mysql_options(handle, MYSQL_OPT_SSL_CERT, file) }
        if let file = tls.keyFile { mysql_options(handle, MYSQL_OPT_SSL_KEY, file) }
    }

    private func set(_ option: mysql_option, _ value: UInt32) {
        withUnsafePointer(to: value) { _ = mysql_options(handle, option, $0) }
    }

    /// For the options that the library reads as its one-byte `my_bool`.
    private func set(_ option: mysql_option, _ isOn: Bool) {
        withUnsafePointer(to: my_bool(isOn ? 1 : 0)) { _ = mysql_options(handle, option, $0) }
    }
}

/// A result on its way from the server, row by row.
final class Rows {
    let columns: [Column]
    private let session: Session
    /// `nil` once freed.
    private var result: UnsafeMutablePointer<MYSQL_RES>?

    init(result: UnsafeMutablePointer<MYSQL_RES>, session: Session) {
        self.result = result
        self.session = session
        let fields = UnsafeBufferPointer(start: mysql_fetch_fields(result), count: Int(mysql_num_fields(result)))
        columns = fields.map(Column.init)
    }

    deinit {
        free()
    }

    /// The next row, valid until the one after it is asked for; `nil` after the last one.
    func next() throws(MySQLError) -> RowView? {
        guard let result else { return nil }
        guard let cells = mysql_fetch_row(result) else {
            let error = session.lastError()
            if error.code != 0 { throw error }
            return nil
        }
        guard let lengths = mysql_fetch_lengths(result) else { throw session.lastError() }
        return RowView(columns: columns, cells: cells, lengths: lengths)
    }

    /// Gives the result back; the library first reads the rows that are left, so that the session can be used again.
    func free() {
        if let result { mysql_free_result(result) }
        result = nil
    }
}
