import SQLite

/// Why one of the files of this module cannot be used, and what to do about it.
public struct LedgerError: Error, Hashable, Sendable, CustomStringConvertible {
    /// The kinds of trouble. The raw values are codes for logs and JSON output: a contract.
    public enum Code: String, Sendable, CaseIterable {
        /// There is no such file, or it is still empty: no writer has created it.
        case missing
        /// The file is not one of ours, or not of this kind.
        case notOurs = "not_ours"
        /// A newer version of the program wrote it.
        case newerSchema = "newer_schema"
        /// An older version wrote it, and a reader may not upgrade it.
        case olderSchema = "older_schema"
        /// A file is there where a new one was to be made.
        case exists
        /// Another process is its writer.
        case locked
        /// The ledger lists productions to another God topic.
        case otherTopic = "other_topic"
        /// Another connection holds SQLite's lock. Retriable.
        case busy
        /// No room on the disk. Retriable: nothing of the failed batch is in the file.
        case full
        /// The file is damaged.
        case damaged
        /// It may not be read or written, or lies in no directory.
        case inaccessible
        /// Reading or writing failed, or the library refused the call.
        case failed
        /// It was closed by this process.
        case closed
        /// The run is in the history already.
        case duplicateRun = "duplicate_run"
    }

    /// What kind of trouble it is.
    public var code: Code
    /// The file.
    public var path: String
    /// What went wrong and what to do, in words; it names the file.
    public var message: String

    /// Whether the same call may succeed later without anybody's help but room on the disk.
    public var isRetriable: Bool { code == .busy || code == .full }

    /// The message.
    public var description: String { message }

    init(_ code: Code, path: String, _ message: String) {
        self.code = code
        self.path = path
        self.message = "\(path): \(message)"
    }

    /// What an error of SQLite means for one of our files.
    init(_ error: SQLiteError) {
        path = error.path
        if error.isNotADatabase {
            code = .notOurs
            message = "\(error.path): this is not a database; give the path of another file, or move this one away"
        } else if error.isCorrupt {
            code = .damaged
            message = "\(error.message); restore the file from a copy, or move it away and rebuild it"
        } else if error.isFull {
            code = .full
            message = "\(error.message); nothing of this batch was written: make room on the disk, and it can go on"
        } else if error.isBusy {
            code = .busy
            message = "\(error.message); another program has the file open and is writing to it"
        } else if error.isCannotOpen || error.isReadOnly {
            code = .inaccessible
            message = error.message
        } else {
            code = error.isRetriable ? .busy : .failed
            message = error.message
        }
    }
}

/// Runs `body`, and turns what SQLite throws into what it means for the file. Other errors pass.
func translatingErrors<Result>(_ body: () throws -> Result) throws -> Result {
    do {
        return try body()
    } catch let error as SQLiteError {
        throw LedgerError(error)
    }
}
