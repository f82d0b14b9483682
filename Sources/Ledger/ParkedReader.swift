import Domain
import SQLite

/// Reads parked records, also while a pipeline parks more. One thread at a time.
public final class ParkedReader {
    /// The file.
    public let path: String
    private let queries: ParkedQueries

    /// Opens an existing file.
    ///
    /// - Parameter cacheBytes: What it may keep in memory of the file, and of users who are being sorted; nil for SQLite's own limit.
    /// - Throws: ``LedgerError``; `missing` where nothing was ever parked here.
    public init(path: String, cacheBytes: Int? = nil) throws {
        self.path = path
        queries = ParkedQueries(database: try FileFormat.parked.openForReading(path, cacheBytes: cacheBytes))
    }

    /// The entries that the filter means, by id, without their bytes.
    public func entries(_ filter: ParkedFilter = ParkedFilter()) throws -> [ParkedEntry] {
        try translatingErrors { try queries.entries(filter) }
    }

    /// One entry; nil where there is none of that id.
    public func entry(id: Int64) throws -> ParkedEntry? {
        try translatingErrors { try queries.entry(id: id) }
    }

    /// The bytes of one entry; nil where there is none of that id.
    public func bytes(of id: Int64) throws -> ParkedBytes? {
        try translatingErrors { try queries.bytes(of: id) }
    }

    /// How many entries are open, per reason.
    public func openCounts() throws -> [ParkReason: Int] {
        try translatingErrors { try queries.openCounts() }
    }

    /// Calls `body` for each open entry of which the user is known, ordered by the user's bytes, and for one user in the order
    /// of parking: the last call for a user has its newest entry.
    ///
    /// - Throws: ``LedgerError``, or what `body` throws.
    public func forEachOpenUser(_ body: (UserID, OpenParking) throws -> Void) throws {
        try translatingErrors { try queries.forEachOpenUser(body) }
    }

    /// The same for some users only, who come in no particular order.
    ///
    /// - Throws: ``LedgerError``, or what `body` throws.
    public func forEachOpenUser(among users: Set<UserID>, _ body: (UserID, OpenParking) throws -> Void) throws {
        try translatingErrors { try queries.forEachOpenUser(among: users, body) }
    }
}
