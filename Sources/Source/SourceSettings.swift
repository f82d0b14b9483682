import Domain
import MySQL

/// Where the users live, and the query that shows them.
public struct SourceSettings: Sendable {
    public var connection: ConnectionSettings
    public var query: AggregateQuery
    /// The result column that carries the user id.
    public var keyField: String
    /// The table whose key column is walked to cut a scan into ranges; nil scans in one range.
    public var usersTable: String?
    /// The key column's name in ``usersTable``.
    public var usersColumn: String
    /// Kinds that the settings declare; the others follow from the result's column types.
    public var columnKinds: [String: ColumnKind]
    /// The table that takes the nonce rows of a fence; nil where there is none.
    public var fenceTable: String?
    /// Seconds that one statement may take before the server ends it.
    public var statementTimeoutSeconds: Int
    /// Whose binary log the change events come from; nil finds out where only one answer is possible.
    public var binlogOrigin: BinlogOrigin?

    public init(
        connection: ConnectionSettings, query: AggregateQuery, keyField: String, usersTable: String? = nil,
        usersColumn: String? = nil, columnKinds: [String: ColumnKind] = [:], fenceTable: String? = nil,
        statementTimeoutSeconds: Int = 60, binlogOrigin: BinlogOrigin? = nil
    ) {
        self.connection = connection
        self.query = query
        self.keyField = keyField
        self.usersTable = usersTable
        self.usersColumn = usersColumn ?? keyField
        self.columnKinds = columnKinds
        self.fenceTable = fenceTable
        self.statementTimeoutSeconds = statementTimeoutSeconds
        self.binlogOrigin = binlogOrigin
    }

    /// Makes the server end statements after this time. The connection gives up only when the server's answer fails to come.
    public mutating func limitStatements(toSeconds seconds: Int) {
        statementTimeoutSeconds = seconds
        connection.readTimeoutSeconds = seconds + 5
        connection.writeTimeoutSeconds = seconds + 5
    }

    /// The id of query and encoding as far as the settings tell it: without the types of the result's columns.
    public var encodingID: String { query.encodingID(columnKinds: columnKinds) }
}

/// The source cannot be used as the settings want it; waiting does not help.
public enum SourceError: Error, Sendable, Equatable, CustomStringConvertible {
    /// The query's result lacks the column that should carry the user id.
    case noKeyField(String, columns: [String])
    case noFenceTable
    /// The settings declare a kind for a column that the query does not yield.
    case unknownColumn(String, columns: [String])
    /// The settings declare a kind for a name that several columns bear but for case, or declare one column twice.
    case ambiguousColumn(String, columns: [String])
    /// The query yields two columns of one name, of which a reader of the JSON would see one.
    case repeatedColumn(String)
    /// The settings declare a kind by which values of the column's type would be misread.
    case wrongKind(String, ColumnKind)
    /// The query computes a BIT: MariaDB sends it as digits or as bytes, as the execution plan has it, and says of both that
    /// they are a BIT.
    case computedBit(String)
    /// The server is a replica with a binary log of its own, and the connector may read either that or the primary's.
    case ambiguousBinlog
    /// The server may be a replica, and the account may not know.
    case replicationHidden
    /// The server replicates from several others, in whose logs a change has no common position.
    case severalPrimaries
    /// The server says that it is a replica, and not how far it is; or that it is none, where the settings say so.
    case replicationUnknown

    public var description: String {
        switch self {
        case .noKeyField(let name, let columns):
            "the aggregate query yields no column `\(name)` (source.key_field); it yields \(columns.joined(separator: ", "))"
        case .ambiguousBinlog:
            "the server is a replica that keeps a binary log of its own; say whether the connector reads that one (own) or its "
                + "primary's (primary) (source.binlog)"
        case .replicationHidden:
            "the server is read-only, and this account may not see whether it is a replica; grant it SLAVE MONITOR (MariaDB) or "
                + "REPLICATION CLIENT (MySQL), or say whose binary log the connector reads, own or primary (source.binlog)"
        case .severalPrimaries:
            "the server replicates from several others, so that it cannot be said how far it is behind the change events; read "
                + "one of those (source.mysql.host)"
        case .replicationUnknown:
            "the server does not say how far it has replicated; is it a replica, as source.binlog says, and was it ever connected "
                + "to its primary?"
        case .noFenceTable: "no fence table is configured (source.fence_table)"
        case .unknownColumn(let name, let columns):
            "source.columns names `\(name)`, which the aggregate query does not yield; it yields \(columns.joined(separator: ", "))"
        case .ambiguousColumn(let name, let columns):
            "source.columns names `\(name)`, which is one of several: \(columns.joined(separator: ", ")); spell each once, as the "
                + "query does"
        case .repeatedColumn(let name):
            "the aggregate query yields several columns `\(name)`; select it once, or name the others with AS (source.query)"
        case .computedBit(let name):
            "the aggregate query computes `\(name)` as a BIT, which the server writes in two ways that cannot be told apart; "
                + "make a number of it with `+ 0` (source.query)"
        case .wrongKind(let name, let kind):
            "source.columns declares `\(name)` as \(kind.rawValue), which its type in the aggregate query's result does not allow"
        }
    }
}
