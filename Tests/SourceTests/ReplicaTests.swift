import Domain
import MySQL
import Sandbox
import Source
import Testing

@Suite("A source that is a replica")
struct ReplicaTests {
    private let primary: MariaDBServer
    private let replica: MariaDBServer
    private let primaryRoot: Connection
    private let replicaRoot: Connection

    init() throws {
        primary = try MariaDBServer()
        var options = MariaDBServer.Options()
        options.serverID = 2
        options.extraArguments = ["--log-slave-updates"]
        replica = try MariaDBServer(options: options)
        primaryRoot = try Connection(primary.rootSettings)
        replicaRoot = try Connection(replica.rootSettings)
        for statement in [
            "CREATE DATABASE d", "CREATE TABLE d.users (id BIGINT PRIMARY KEY, v INT)", "INSERT INTO d.users VALUES (1, 1)",
        ] { try primaryRoot.execute(statement) }
        try replicaRoot.execute(
            """
            CHANGE MASTER TO MASTER_HOST = '127.0.0.1', MASTER_PORT = \(primary.port), MASTER_USER = '\(MariaDBServer.user)',
                MASTER_PASSWORD = '\(MariaDBServer.password)', MASTER_LOG_FILE = 'binlog.000001', MASTER_LOG_POS = 4
            """)
        try replicaRoot.execute("START SLAVE")
    }

    private func reader(_ server: MariaDBServer, _ origin: BinlogOrigin?) throws -> SourceReader {
        let query = try AggregateQuery(sql: "SELECT u.id, u.v FROM d.users u WHERE :users", key: "u.id", kind: .integer)
        return try SourceReader(
            SourceSettings(connection: server.rootSettings, query: query, keyField: "id", binlogOrigin: origin))
    }

    /// Waits in the server, by its own means, until the replica has applied what the primary has written.
    private func catchUp() throws {
        let status = try primaryRoot.query("SHOW MASTER STATUS")
        let (file, offset) = (try #require(status.text(0, "File")), try #require(status.text(0, "Position")))
        let waited = try replicaRoot.query("SELECT MASTER_POS_WAIT('\(file)', \(offset), 60)")
        try #require(waited.text(0, 0).flatMap { Int($0) } ?? -1 >= 0)
    }

    @Test("says how far it is in its primary's log: before a change that it has not applied, at it or after it once it has")
    func lagging() throws {
        try catchUp()
        let ahead = try reader(primary, nil)
        let reader = try reader(replica, .primary)
        #expect(text(try reader.rows(of: ids("1")).rows[UserID("1")]) == #"{"id":1,"v":1}"#)
        for value in 2...6 {
            try replicaRoot.execute("STOP SLAVE SQL_THREAD")
            let start = try #require(try ahead.binlogEnd())
            try primaryRoot.execute("UPDATE d.users SET v = \(value)")
            let end = try #require(try ahead.binlogEnd())
            let transaction = try #require(try newestTransaction())
            let before = try reader.rows(of: ids("1"))
            #expect(text(before.rows[UserID("1")]) == #"{"id":1,"v":\#(value - 1)}"#)
            #expect(before.position?.compare(to: end) == .before)
            #expect(before.position?.hasReached(start) == true)
            #expect(before.position?.gtids?.contains(transaction) == false)

            try replicaRoot.execute("START SLAVE SQL_THREAD")
            try catchUp()
            let after = try reader.rows(of: ids("1"))
            #expect(text(after.rows[UserID("1")]) == #"{"id":1,"v":\#(value)}"#)
            #expect(after.position?.hasReached(end) == true)
            #expect(after.position?.gtids?.contains(transaction) == true)
            #expect(try reader.binlogEnd()?.hasReached(end) == true)
        }
    }

    /// The last transaction that the primary has logged.
    private func newestTransaction() throws -> GTIDSet? {
        try primaryRoot.query("SELECT @@GLOBAL.gtid_binlog_pos").text(0, 0).flatMap { GTIDSet($0) }
    }

    @Test("says it by transactions, as the snapshot shows them, to an account that may not ask about the replication")
    func byTransactionsAlone() throws {
        try catchUp()
        for statement in [
            "CREATE USER reader@'%' IDENTIFIED BY 'secret'", "GRANT SELECT ON d.* TO reader@'%'",
            "GRANT SELECT ON mysql.gtid_slave_pos TO reader@'%'",
        ] { try replicaRoot.execute(statement) }
        let query = try AggregateQuery(sql: "SELECT u.id, u.v FROM d.users u WHERE :users", key: "u.id", kind: .integer)
        let connection = ConnectionSettings(host: "127.0.0.1", port: replica.port, user: "reader", password: "secret")
        let settings = SourceSettings(connection: connection, query: query, keyField: "id", binlogOrigin: .primary)
        let reader = try SourceReader(settings)
        try replicaRoot.execute("STOP SLAVE SQL_THREAD")
        try primaryRoot.execute("UPDATE d.users SET v = 7")
        let transaction = try #require(try newestTransaction())
        let event = try #require(SourcePosition(place: nil, gtids: transaction))
        let before = try #require(try reader.rows(of: ids("1")).position)
        #expect(before.place == nil)
        #expect(before.isComparable(to: event) && !before.hasReached(event))

        try replicaRoot.execute("START SLAVE SQL_THREAD")
        try catchUp()
        let after = try reader.rows(of: ids("1"))
        #expect(text(after.rows[UserID("1")]) == #"{"id":1,"v":7}"#)
        #expect(after.position?.hasReached(event) == true)

        try replicaRoot.execute("REVOKE SELECT ON mysql.gtid_slave_pos FROM reader@'%'")
        #expect(try SourceReader(settings).snapshotPosition() == nil, "nothing is known, and nothing is made up")
    }

    @Test("with a log of its own is not guessed about; as the connector's own server its positions name no server")
    func origin() throws {
        try catchUp()
        #expect(throws: SourceError.ambiguousBinlog) { try reader(replica, nil).rows(of: ids("1")) }
        let own = try reader(replica, .own)
        let end = try #require(try own.binlogEnd())
        #expect(end.server == nil)
        #expect(try own.rows(of: ids("1")).position?.hasReached(end) == true)
        #expect(try reader(primary, nil).binlogEnd()?.server == 1)
        #expect(throws: SourceError.replicationUnknown) { try reader(primary, .primary).rows(of: ids("1")) }
    }
}
