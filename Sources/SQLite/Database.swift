import CSQLite
import Glibc

/// A connection to one SQLite database file.
///
/// One thread at a time: it is opened with `SQLITE_OPEN_NOMUTEX`, of which the manual says that it "can be safely used by
/// multiple threads provided that no single database connection nor any object derived from it is used in two or more threads
/// at the same time". The class is not Sendable, so the compiler keeps that promise.
///
/// The connection is closed when the last reference to the database and to its statements goes away.
///
/// Note that a process must never open the same file by other means: closing *any* descriptor of a file releases all POSIX
/// locks that the process holds on it, SQLite's included (<https://www.sqlite.org/howtocorrupt.html>, section 2.2).
public final class Database {
    /// What the connection may do.
    public enum Mode: Sendable {
        /// Read an existing database.
        case readOnly
        /// Read and write an existing database.
        case readWrite
        /// Read and write; an empty database is created where there is no file.
        case create
    }

    let connection: Connection
    private var statements: [String: Statement] = [:]
    /// How many statements are kept prepared. The callers use a fixed set of texts, far below this; the bound only keeps a
    /// caller that builds texts from growing the cache for ever.
    private static let statementCacheCapacity = 64

    /// The path as it was given.
    public var path: String { connection.path }

    /// Opens the database, and reads from it once, so that a file that is no database is noticed here.
    ///
    /// - Parameters:
    ///   - path: A path in the file system. Nothing in it is special: not `:memory:`, and no `file:` URI.
    ///   - busyTimeoutMs: How long a statement waits for another connection's lock before it throws an error that `isBusy`.
    /// - Throws: `SQLiteError`: the file is missing, a directory, not a database, or may not be written to.
    public init(path: String, mode: Mode, busyTimeoutMs: Int32 = 5_000) throws(SQLiteError) {
        try Self.checkFile(path)
        _ = Self.smallSorters
        let access =
            switch mode {
            case .readOnly: SQLITE_OPEN_READONLY
            case .readWrite: SQLITE_OPEN_READWRITE
            case .create: SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE
            }
        var handle: OpaquePointer?
        // Debian builds SQLite with SQLITE_USE_URI, where a name that starts with "file:" is a URI, and everywhere
        // ":memory:" and "" are special. A name that starts with a slash or "./" never is.
        let name = path.hasPrefix("/") ? path : "./" + path
        let code = sqlite3_open_v2(name, &handle, access | SQLITE_OPEN_NOMUTEX, nil)
        // "Whether or not an error occurs when it is opened, resources associated with the database connection handle
        // should be released": the Connection does so. No handle at all means that memory ran out.
        guard let handle else { throw .result(code, path: path, while: "cannot open the database") }
        let connection = Connection(handle: handle, path: path)
        sqlite3_extended_result_codes(handle, 1)
        if code != SQLITE_OK { throw Self.openError(connection.error(code, "cannot open the database")) }
        sqlite3_busy_timeout(handle, busyTimeoutMs)
        self.connection = connection
        try readOnce(mode: mode)
    }

    /// Lets ``limitCache(bytes:)`` bound what is being sorted, too: SQLite would keep a megabyte of it at least. Without a limit it keeps as
    /// much as of a file's pages, which is two megabytes.
    ///
    /// It can be said only before SQLite is used for the first time in this process. Where it comes too late, sorting takes a little more.
    private static let smallSorters = rollcall_sqlite_config_sorter(16) == SQLITE_OK

    /// SQLite opens a file lazily, and reads its header at the first use.
    private func readOnce(mode: Mode) throws(SQLiteError) {
        // SQLITE_OPEN_READWRITE means "for reading and writing if possible, or reading only if the file is write protected
        // by the operating system", so it has to be asked for what became of it.
        if mode != .readOnly, sqlite3_db_readonly(connection.handle, "main") == 1 {
            throw SQLiteError(
                code: SQLITE_READONLY, path: path, message: "cannot open the database for writing: the file is write protected")
        }
        // "All applications are encouraged to switch this setting off on every database connection": functions with side
        // effects may then not hide in the schema of a file that somebody else made.
        try execute("PRAGMA trusted_schema = OFF")
        do {
            try execute("PRAGMA schema_version")
        } catch {
            throw Self.openError(error)
        }
    }

    /// What SQLite would say less clearly, or too late.
    private static func checkFile(_ path: String) throws(SQLiteError) {
        guard !path.isEmpty, !path.utf8.contains(0) else {
            throw SQLiteError(code: SQLITE_CANTOPEN, path: path, message: "not a usable file name")
        }
        var status = stat()
        guard stat(path, &status) == 0 else { return }
        if status.st_mode & S_IFMT == S_IFDIR {
            throw SQLiteError(
                code: SQLITE_CANTOPEN, path: path, message: "cannot open the database: this is a directory", systemErrno: EISDIR)
        }
    }

    /// Adds the reason that the system gave, which "unable to open database file" leaves out.
    private static func openError(_ error: SQLiteError) -> SQLiteError {
        guard error.systemErrno != 0 else { return error }
        var error = error
        error.message += ": \(String(cString: strerror(error.systemErrno)))"
        return error
    }

    // MARK: Statements

    /// The prepared statement for a text; the same object for the same text, with its parameters cleared, unless that
    /// object is in the middle of its rows.
    public func prepare(_ sql: String) throws(SQLiteError) -> Statement {
        if let statement = statements[sql], !statement.isRunning {
            statement.clearBindings()
            return statement
        }
        let statement = try Statement(sql, on: connection)
        if statements.count >= Self.statementCacheCapacity { statements.removeAll() }
        statements[sql] = statement
        return statement
    }

    /// Runs one or more statements that take no parameters; rows that they yield are skipped.
    public func execute(_ sql: String) throws(SQLiteError) {
        try connection.check(sqlite3_exec(connection.handle, sql, nil, nil, nil), "cannot run \"\(sql.prefix(80))\"")
    }

    /// How many rows the last INSERT, UPDATE or DELETE changed.
    public var changes: Int { Int(sqlite3_changes64(connection.handle)) }

    /// The row id of the last INSERT.
    public var lastInsertRowID: Int64 { sqlite3_last_insert_rowid(connection.handle) }

    /// The version of the SQLite library in use, for example `3.40.1`.
    public static var libraryVersion: String { String(cString: sqlite3_libversion()) }
}
