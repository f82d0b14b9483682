import Glibc
import SQLite

/// One kind of file of ours: how it is told from others, and how it is created and upgraded.
///
/// The application id stands in the header of every file ("the application_id … can be set by applications that use SQLite as
/// their application file-format", says the file format's page), the schema's version in `user_version`.
struct FileFormat: Sendable {
    /// What it is called in messages, for example `ledger`.
    var name: String
    /// Where a file of this kind comes from, for whoever looks for one that is not there.
    var origin: String
    /// Four ASCII letters.
    var applicationID: Int32
    /// Step n brings a file of schema version n to version n + 1; the first one starts from nothing. A step that was ever
    /// released is never changed.
    var migrations: [String]

    var schemaVersion: Int32 { Int32(migrations.count) }

    /// Opens the file as its writer: creates it where there is none, and upgrades one of an older schema.
    ///
    /// Nothing is written to a file before it is known to be ours.
    ///
    /// - Parameter cacheBytes: See `Database.limitCache(bytes:)`; nil for SQLite's own limits.
    func openForWriting(_ path: String, cacheBytes: Int? = nil) throws -> Database {
        try translatingErrors {
            createPrivateFile(path)
            let database = try Database(path: path, mode: .create)
            if try !(database.applicationID == 0 && database.isEmpty) {
                try requireOurs(database)
            }
            try database.useWriteAheadLog()
            if let cacheBytes { try database.limitCache(bytes: cacheBytes) }
            // The log is cut back to this after a checkpoint; a prune would leave it as large as the whole file.
            try database.execute("PRAGMA journal_size_limit = 67108864")
            try upgrade(database)
            return database
        }
    }

    /// Opens the file for reading beside its writer.
    ///
    /// - Parameter cacheBytes: See `Database.limitCache(bytes:)`; nil for SQLite's own limits.
    func openForReading(_ path: String, cacheBytes: Int? = nil) throws -> Database {
        try translatingErrors {
            guard access(path, F_OK) == 0 else {
                throw LedgerError(.missing, path: path, "there is no \(name) at this path; \(origin)")
            }
            let database = try Database(path: path, mode: .readOnly)
            if try database.applicationID == 0, try database.isEmpty {
                let fault =
                    fileSizeBytes(path) == 0
                    ? "the file is empty: no \(name) has been written here yet"
                    : "the file was cut off, or nothing has been written here yet"
                throw LedgerError(.missing, path: path, "\(fault); \(origin)")
            }
            try requireOurs(database)
            let version = try database.userVersion
            guard version == schemaVersion else {
                throw LedgerError(
                    .olderSchema, path: path,
                    "the \(name) has schema \(version), this program reads \(schemaVersion); its writer upgrades it when it starts"
                )
            }
            if let cacheBytes { try database.limitCache(bytes: cacheBytes) }
            return database
        }
    }

    /// Creates the empty file, where there is none, for its owner's eyes only: ids of users are personal data. Its log and shared
    /// memory file inherit the permissions. Whoever wants others to read a file gives it other permissions, and they stay.
    ///
    /// A file that exists is not even opened, because closing it again would release SQLite's locks on it. What goes wrong
    /// here goes wrong again when SQLite opens the file, and is reported then.
    private func createPrivateFile(_ path: String) {
        let descriptor = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0o600)
        if descriptor >= 0 { close(descriptor) }
    }

    private func requireOurs(_ database: Database) throws {
        let id = try database.applicationID
        guard id == applicationID else {
            throw LedgerError(
                .notOurs, path: database.path,
                "this database is not a \(name) of Rollcall (application id \(id), not \(applicationID)); "
                    + "give the path of another file")
        }
        let version = try database.userVersion
        guard version <= schemaVersion else {
            throw LedgerError(
                .newerSchema, path: database.path,
                "the \(name) has schema \(version), this program knows up to \(schemaVersion); use the newer version of rollcall")
        }
    }

    /// All steps are one transaction, so a crash leaves the old file or the new one.
    private func upgrade(_ database: Database) throws {
        guard try database.userVersion < schemaVersion else { return }
        try database.transaction {
            // Read again under the write lock: another process may have been faster where two may write.
            let version = try database.userVersion
            for step in migrations.dropFirst(Int(version)) {
                try database.execute(step)
            }
            try database.setApplicationID(applicationID)
            try database.setUserVersion(schemaVersion)
        }
    }
}

/// The size of a file in bytes; 0 where there is none.
func fileSizeBytes(_ path: String) -> Int64 {
    var status = stat()
    return stat(path, &status) == 0 ? Int64(status.st_size) : 0
}

/// The wall clock in milliseconds since 1970.
func currentTimeMs() -> Int64 {
    var time = timespec()
    clock_gettime(CLOCK_REALTIME, &time)
    return Int64(time.tv_sec) * 1_000 + Int64(time.tv_nsec) / 1_000_000
}
