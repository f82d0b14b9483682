import CSQLite
import Glibc

/// A failure of SQLite, with the file it concerns.
public struct SQLiteError: Error, Hashable, Sendable, CustomStringConvertible {
    /// The primary result code, for example 5 (`SQLITE_BUSY`). See <https://www.sqlite.org/rescode.html>.
    public var code: Int32
    /// The extended result code, for example 261 (`SQLITE_BUSY_RECOVERY`); its low byte is `code`.
    public var extendedCode: Int32
    /// The `errno` of the system call that failed, where SQLite knows of one; otherwise 0.
    public var systemErrno: Int32
    /// The path of the database, as it was given to `Database`.
    public var path: String
    /// What went wrong, in words; it names the file.
    public var message: String

    /// Another connection holds a lock. Trying again later may succeed.
    public var isBusy: Bool { code == SQLITE_BUSY || code == SQLITE_LOCKED }

    /// There is no room: the disk or a quota is full, or the database reached its page limit.
    ///
    /// SQLite reports a full disk as `SQLITE_FULL` when it writes the database or its log, but as an I/O error where it
    /// grows the shared memory file, or where a quota stops it; there the system's errno tells.
    public var isFull: Bool {
        code == SQLITE_FULL || (code == SQLITE_IOERR && (systemErrno == ENOSPC || systemErrno == EDQUOT))
    }

    /// The file is damaged, or is not a database at all.
    public var isCorrupt: Bool { code == SQLITE_CORRUPT || code == SQLITE_NOTADB }

    /// The file is not an SQLite database.
    public var isNotADatabase: Bool { code == SQLITE_NOTADB }

    /// The file cannot be opened: it does not exist, is a directory, or may not be read.
    public var isCannotOpen: Bool { code == SQLITE_CANTOPEN }

    /// The file or its file system may not be written to.
    public var isReadOnly: Bool { code == SQLITE_READONLY }

    /// A constraint of the schema was violated.
    public var isConstraint: Bool { code == SQLITE_CONSTRAINT }

    /// The same call may succeed later, without anything being mended in the program or the file. The transaction that
    /// failed was rolled back.
    ///
    /// Other I/O errors are deliberately not among these: after a failed `fsync` the system may have dropped the dirty
    /// pages, so a second attempt that succeeds proves nothing.
    public var isRetriable: Bool { isBusy || isFull || code == SQLITE_NOMEM }

    /// The message.
    public var description: String { message }
}

extension SQLiteError {
    /// An error that this layer found by itself, in SQLite's vocabulary.
    init(code: Int32, path: String, message: String, systemErrno: Int32 = 0) {
        self.code = code & 0xFF
        self.extendedCode = code
        self.systemErrno = systemErrno
        self.path = path
        self.message = "\(path): \(message)"
    }

    /// The error for a result code where no connection exists to ask for details.
    static func result(_ code: Int32, path: String, while action: String) -> SQLiteError {
        SQLiteError(code: code, path: path, message: "\(action): \(String(cString: sqlite3_errstr(code))) (SQLite code \(code))")
    }

    /// A call that breaks a rule of this layer, for example a transaction inside a transaction.
    static func misuse(path: String, _ message: String) -> SQLiteError {
        SQLiteError(code: SQLITE_MISUSE, path: path, message: message)
    }
}
