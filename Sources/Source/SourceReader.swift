import Domain
import MySQL

/// Reads users through the aggregate query, each time in a consistent snapshot whose source position is known.
///
/// It owns a connection and belongs to one thread. A lost connection is reported by the call that met it and opened anew by the
/// next call, so that whoever waits out an outage only has to call again.
public final class SourceReader {
    public let settings: SourceSettings
    let connection: Connection
    private var isBroken = false
    private var facts: SourceFacts?
    private var shape: ResultShape?

    /// Connects.
    ///
    /// - Throws: `MySQLError` when the server cannot be reached.
    public init(_ settings: SourceSettings) throws {
        self.settings = settings
        connection = try Connection(settings.connection)
        try prepareSession()
    }

    public func close() {
        connection.close()
    }

    /// What the server says of itself; asked for once per connection.
    public func serverFacts() throws -> SourceFacts {
        try guarded { try knownFacts() }
    }

    /// The columns of the aggregate query's result, and how each is written: what the server says of it now.
    public func fields() throws -> [RowEncoder.Column] {
        try guarded { try ResultShape(columns(), settings).fields }
    }

    /// The tables that the columns of the aggregate query's result come from, by column. A computed column comes from none.
    public func tables() throws -> [String: String] {
        try guarded {
            let named = try columns().filter { !$0.isComputed }.map { ($0.name, $0.originalTable) }
            return Dictionary(named) { first, _ in first }
        }
    }

    /// The id of the query and the encoding that rows are written in now; see `AggregateQuery.encodingID(fields:)`.
    public func encodingID() throws -> String {
        try guarded { try ResultShape(columns(), settings).encodingID }
    }

    /// The rows of these users, as one snapshot shows them.
    public func rows(of users: [UserID]) throws -> SnapshotRows {
        try guarded {
            var result = SnapshotRows(position: nil)
            guard !users.isEmpty else { return result }
            result.position = try inSnapshot {
                for start in stride(from: 0, to: users.count, by: Self.usersPerStatement) {
                    let found = try readRows(of: Array(users[start..<min(start + Self.usersPerStatement, users.count)]))
                    if start == 0 {
                        (result.rows, result.failures) = (found.rows, found.failures)
                        continue
                    }
                    // Where a collation takes two users of two statements for one, both statements yield the rows of both.
                    result.rows.merge(found.rows) { known, _ in known }
                    result.failures.merge(found.failures) { known, _ in known }
                }
                result.encodingID = shape?.encodingID
            }
            return result
        }
    }

    /// Longer lists are cut. From 1,000 on MariaDB makes a temporary table of one (`in_predicate_conversion_threshold`), and this many
    /// read as fast as more do.
    private static let usersPerStatement = 500

    private func readRows(of users: [UserID]) throws -> SnapshotRows {
        var found = SnapshotRows(position: nil)
        found.rows.reserveCapacity(users.count)
        try readRows(settings.query.sql(for: users)) { user, row in
            let isFirst =
                switch row {
                case .success(let bytes): found.failures[user] == nil && found.rows.updateValue(bytes, forKey: user) == nil
                case .failure(let failure): found.rows[user] == nil && found.failures.updateValue(failure, forKey: user) == nil
                }
            guard !isFirst else { return }
            found.rows[user] = nil
            found.failures[user] = RowFailure(.duplicateRow, "the aggregate query yields several rows for \(user)")
        }
        return found
    }

    /// Where a snapshot opened now is known to stand; nil where the server cannot say.
    public func snapshotPosition() throws -> SourcePosition? {
        try guarded { try inSnapshot {} }
    }

    /// Shows every row of a range of users to `body`, as one snapshot shows them.
    ///
    /// - Returns: The snapshot's position; nil where the server cannot say.
    public func scan(
        after lower: UserID?, through upper: UserID?, _ body: (UserID, Result<[UInt8], RowFailure>) throws -> Void
    ) throws -> SourcePosition? {
        try guarded {
            try inSnapshot { try readRows(settings.query.sql(after: lower, through: upper), body) }
        }
    }

    /// Shows the id and the digest of every row of a range of users, as one snapshot shows them, without an allocation per row.
    ///
    /// - Returns: The snapshot's position; nil where the server cannot say.
    public func scanDigests(
        after lower: UserID?, through upper: UserID?, _ body: (RawSpan, ScannedRow) throws -> Void
    ) throws -> SourcePosition? {
        try guarded {
            try inSnapshot {
                try readDigests(settings.query.sql(after: lower, through: upper), body)
            }
        }
    }

    /// The last id of the range that begins after `lower` and holds about `rows` users; nil when fewer are left, so that the
    /// range has no upper end.
    ///
    /// The users table only suggests where to cut. Ranges meet without gaps, so whatever it lacks is scanned all the same.
    public func boundary(after lower: UserID?, rows: Int) throws -> UserID? {
        guard let table = settings.usersTable else { return nil }
        return try guarded {
            let column = SQLLiteral.identifier(settings.usersColumn)
            let table = table.split(separator: ".").map { SQLLiteral.identifier(String($0)) }.joined(separator: ".")
            let result = try connection.query(
                "SELECT \(column) FROM \(table) WHERE \(settings.query.range(of: column, after: lower, through: nil)) "
                    + "ORDER BY \(column) LIMIT 1 OFFSET \(max(rows, 1) - 1)")
            guard result.rowCount > 0, let bytes = result.bytes(0, 0) else { return nil }
            // An id that is none cannot be cut at. One last range that is longer than asked for shows all the same rows.
            return String(validating: bytes, as: UTF8.self).flatMap { try? settings.query.kind.parse($0) }
        }
    }

    // MARK: - The session

    private func prepareSession() throws {
        let limit = connection.isMariaDB ? "max_statement_time" : "max_execution_time"
        let seconds = settings.statementTimeoutSeconds
        _ = try connection.execute("SET SESSION \(limit) = \(connection.isMariaDB ? seconds : seconds * 1000)")
        _ = try connection.execute("SET SESSION TRANSACTION ISOLATION LEVEL REPEATABLE READ")
        facts = nil
    }

    /// Opens the connection anew if an earlier call lost it, and remembers if this one does.
    func guarded<Result>(_ body: () throws -> Result) throws -> Result {
        do {
            if isBroken {
                try connection.reconnect()
                try prepareSession()
                isBroken = false
            }
            return try body()
        } catch let error as MySQLError where error.isConnectionLost {
            isBroken = true
            throw error
        }
    }

    func knownFacts() throws -> SourceFacts {
        if let facts { return facts }
        let read = try SourceFacts(reading: connection)
        facts = read
        return read
    }

    /// Runs `body` in a consistent snapshot, in which nothing can be written, and returns a lower bound of what it saw.
    func inSnapshot(_ body: () throws -> Void) throws -> SourcePosition? {
        let facts = try knownFacts()
        let bounds = try SnapshotBounds(before: connection, facts, facts.binlogOrigin(stated: settings.binlogOrigin))
        _ = try connection.execute("START TRANSACTION WITH CONSISTENT SNAPSHOT, READ ONLY")
        do {
            let position = try bounds.position()
            try body()
            _ = try connection.execute("COMMIT")
            return position
        } catch {
            // The transaction holds no locks and no changes, but an open one would keep old row versions alive on the server.
            do {
                _ = try connection.execute("ROLLBACK")
            } catch {
                // Whatever the session is in, the next call begins a new one. The first error says more.
                isBroken = true
            }
            throw error
        }
    }

    // MARK: - Rows

    func readRows(_ sql: String, _ body: (UserID, Result<[UInt8], RowFailure>) throws -> Void) throws {
        try streamRows(sql) { shape, row in
            let (user, bytes) = shape.read(row)
            try body(user, bytes)
        } exactly: { shape, values in
            let (user, bytes) = shape.read(values)
            try body(user, bytes)
        }
    }

    private func readDigests(_ sql: String, _ body: (RawSpan, ScannedRow) throws -> Void) throws {
        try streamRows(sql) { shape, row in
            try shape.digest(row, body)
        } exactly: { shape, values in
            let (user, bytes) = shape.read(values)
            try body(user.keyBytes.span.bytes, ScannedRow(bytes))
        }
    }

    /// Shows rows in one of two forms: as the text protocol brings them, or, where that would round, as values.
    private func streamRows(
        _ sql: String, asText text: (ResultShape, borrowing RowView) throws -> Void,
        exactly: (ResultShape, [Value]) throws -> Void
    ) throws {
        var shape = try self.shape ?? ResultShape(columns(), settings)
        if !shape.needsExactNumbers {
            do {
                self.shape = try readText(sql, shape, text)
                return
            } catch is NeedsExactNumbers {
            }
        }
        // Rows of the binary protocol come without their columns, which a table may have changed since; in this transaction it
        // no longer can.
        let columns = try columns()
        if shape.columns != columns { shape = try ResultShape(columns, settings) }
        self.shape = shape
        try connection.streamValues(sql) { try exactly(shape, $0) }
    }

    /// A table was altered, and what the result holds now cannot be read as text. Thrown before any row was shown.
    private struct NeedsExactNumbers: Error {}

    /// Reads over the text protocol, which is the faster one. Returns the result's shape, which changes when a table is altered.
    private func readText(
        _ sql: String, _ known: ResultShape, _ body: (ResultShape, borrowing RowView) throws -> Void
    ) throws -> ResultShape {
        var shape = known
        var isFirst = true
        let columns = try connection.stream(sql) { row in
            if isFirst, shape.columns != row.columns {
                shape = try ResultShape(row.columns, settings)
                if shape.needsExactNumbers { throw NeedsExactNumbers() }
            }
            isFirst = false
            try body(shape, row)
        }
        return shape.columns == columns ? shape : try ResultShape(columns, settings)
    }

    /// The columns of the query's result, which the server tells without reading a row.
    func columns() throws -> [Column] {
        try connection.stream(settings.query.sql(for: [])) { _ in }
    }
}
