import CSQLite

/// The owner of the C handle. Statements share it with their `Database`, so the handle lives as long as any of them.
///
/// Not Sendable: the handle is opened without SQLite's own mutexes.
final class Connection {
    let handle: OpaquePointer
    let path: String

    init(handle: OpaquePointer, path: String) {
        self.handle = handle
        self.path = path
    }

    deinit {
        // "sqlite3_close_v2() is intended for use with host languages that are garbage collected, and where the order in
        // which destructors are called is arbitrary" (C interface manual): it never fails for open statements.
        sqlite3_close_v2(handle)
    }

    /// Throws what the last call on this handle left behind, unless `code` says it went well.
    func check(_ code: Int32, _ action: @autoclosure () -> String) throws(SQLiteError) {
        guard code != SQLITE_OK else { return }
        throw error(code, action())
    }

    /// The error of the call that just failed with `code`.
    ///
    /// `sqlite3_errmsg` describes the most recent call on the handle only, so nothing may run in between.
    func error(_ code: Int32, _ action: String) -> SQLiteError {
        let extended = sqlite3_extended_errcode(handle)
        // A handle that was misused reports nothing of its own about the call; then the returned code is all there is.
        guard extended & 0xFF == code & 0xFF else { return .result(code, path: path, while: action) }
        let text = String(cString: sqlite3_errmsg(handle))
        return SQLiteError(
            code: extended, path: path, message: "\(action): \(text) (SQLite code \(extended))",
            systemErrno: sqlite3_system_errno(handle))
    }
}
