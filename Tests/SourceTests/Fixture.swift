import Domain
import MySQL
import Sandbox
import Source

/// A schema of its own, a session in it, and readers of its tables.
struct Fixture {
    let database: TestDatabase
    let connection: Connection

    init(_ statements: String...) throws {
        database = try TestDatabase()
        connection = try database.connect()
        for statement in statements { try connection.execute(statement) }
    }

    func settings(
        _ sql: String, key: String = "u.id", kind: UserIDKind = .integer, keyField: String = "id",
        columns: [String: ColumnKind] = [:]
    ) throws -> SourceSettings {
        SourceSettings(
            connection: database.settings, query: try AggregateQuery(sql: sql, key: key, kind: kind), keyField: keyField,
            usersTable: "users", columnKinds: columns)
    }

    func reader(
        _ sql: String = "SELECT u.* FROM users u WHERE :users", key: String = "u.id", kind: UserIDKind = .integer,
        keyField: String = "id", columns: [String: ColumnKind] = [:]
    ) throws -> SourceReader {
        try SourceReader(settings(sql, key: key, kind: kind, keyField: keyField, columns: columns))
    }
}

func ids(_ texts: String...) -> [UserID] { texts.map { UserID($0) } }

func text(_ bytes: [UInt8]?) -> String? { bytes.map { String(decoding: $0, as: UTF8.self) } }

extension SourceReader {
    typealias Seen = (user: UserID, row: Result<[UInt8], RowFailure>)

    /// One range of a scan, collected.
    func scanned(after lower: UserID? = nil, through upper: UserID? = nil) throws -> [Seen] {
        var seen: [Seen] = []
        _ = try scan(after: lower, through: upper) { seen.append(($0, $1)) }
        return seen
    }

    /// The whole source in ranges of about `rows` users, as a run reads it; bounded, should the ranges never end.
    func scannedInRanges(of rows: Int, atMost limit: Int = 100) throws -> (seen: [Seen], ranges: Int) {
        var seen: [Seen] = []
        var lower: UserID?
        for range in 1...limit {
            let upper = try boundary(after: lower, rows: rows)
            seen += try scanned(after: lower, through: upper)
            guard let upper else { return (seen, range) }
            lower = upper
        }
        struct Endless: Error {}
        throw Endless()
    }
}
