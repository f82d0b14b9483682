import Domain
import Foundation
import Kafka
import MySQL
import Sandbox
import Source
import Synchronization

/// A database and a topic that hold the same users, and the settings by which Rollcall finds them.
final class VerifyWorld {
    let rollcall: String
    private let stack: Stack
    private let database: MariaDBServer
    private let broker: SandboxBroker
    private let source: SourceSettings
    private let directory: String
    private let settingsFile: String

    private static let sql = """
        SELECT u.user_id, u.email, u.full_name, u.status, u.credit, u.created_at, u.updated_at, p.dark_mode, p.newsletter, \
        p.locale FROM users u LEFT JOIN preferences p ON p.user_id = u.user_id WHERE :users
        """

    private static let connector = "shop"

    init(users: Int, partitions: Int) throws {
        rollcall = try RollcallBinary.locate()
        var options = StackOptions(parts: [.broker, .database])
        options.partitions = partitions
        // The tables fit into memory, so that the figures are about processors and not about a disk.
        options.database.bufferPoolMB = 1_024 + users / 2_000
        BenchVerify.tell("starting MariaDB and a broker")
        stack = try Stack(options)
        guard let database = stack.database, let broker = stack.broker else { throw BenchError("the stack has no database") }
        self.database = database
        self.broker = broker
        var connection = database.settings
        connection.database = ShopDatabase.name
        connection.readTimeoutSeconds = 600
        source = SourceSettings(
            connection: connection, query: try AggregateQuery(sql: Self.sql, key: "u.user_id", kind: .unsigned),
            keyField: "user_id", usersTable: "users",
            columnKinds: ["dark_mode": .boolean, "newsletter": .boolean], statementTimeoutSeconds: 600)
        directory = NSTemporaryDirectory() + "rollcall-bench-" + UUID().uuidString
        settingsFile = directory + "/rollcall.yaml"
        try FileManager.default.createDirectory(atPath: directory, withIntermediateDirectories: true)
        try writeSettings()
        BenchVerify.tell("inserting \(users) users")
        try insert(users)
        BenchVerify.tell("writing their aggregates to \(partitions) partitions")
        try produce()
    }

    deinit { try? FileManager.default.removeItem(atPath: directory) }

    private func writeSettings() throws {
        let password = directory + "/password"
        let isWritten = FileManager.default.createFile(
            atPath: password, contents: Data(MariaDBServer.password.utf8), attributes: [.posixPermissions: 0o600])
        guard isWritten else { throw BenchError("\(password): cannot be written") }
        let text = """
            source:
              mysql:
                host: \(database.host)
                port: \(database.port)
                user: \(MariaDBServer.user)
                password_file: \(password)
                database: \(ShopDatabase.name)
              query: \(Self.sql)
              key: u.user_id
              users_table: users
              columns: {dark_mode: boolean, newsletter: boolean}
            user_id:
              type: unsigned
            changes:
              - {topic: \(stack.topics.users), user_id: user_id}
            connector:
              name: \(Self.connector)
              offsets_topic: \(stack.topics.offsets)
            kafka:
              bootstrap: \(broker.bootstrap)
            reports:
              directory: \(directory)/reports

            """
        try text.write(toFile: settingsFile, atomically: true, encoding: .utf8)
    }

    // MARK: - Filling

    private func insert(_ users: Int) throws {
        let connection = try rootConnection()
        defer { connection.close() }
        for first in stride(from: 1, through: users, by: 500_000) {
            let last = min(users, first + 499_999)
            try connection.execute(
                """
                INSERT INTO users (user_id, email, full_name, status, credit, created_at, updated_at)
                SELECT seq, CONCAT('user', seq, '@example.com'), IF(seq % 11 = 0, NULL, CONCAT('Åsa Müller ', seq)),
                    ELT(1 + (seq % 20 = 0) + (seq % 50 = 0), 'active', 'suspended', 'closed'), (seq * 37 % 100000) / 100,
                    '2024-01-01' + INTERVAL seq SECOND, '2024-06-01' + INTERVAL seq SECOND
                FROM seq_\(first)_to_\(last)
                """)
            try connection.execute(
                """
                INSERT INTO preferences (user_id, dark_mode, newsletter, locale)
                SELECT seq, seq % 2, IF(seq % 3 = 0, NULL, seq % 7 = 0), ELT(1 + seq % 4, 'en', 'de', 'sv-SE', 'pt-BR')
                FROM seq_\(first)_to_\(last) WHERE seq % 5 <> 0
                """)
        }
        try connection.execute("ANALYZE TABLE users, preferences")
    }

    /// Changes rows behind the pipeline's back.
    func edit(_ users: Int) throws {
        BenchVerify.tell("editing \(users) rows of which no event tells")
        let connection = try rootConnection()
        defer { connection.close() }
        try connection.execute("UPDATE users SET credit = credit + 1 WHERE user_id <= \(users)")
    }

    /// Copies what the query yields into a table, since others compare tables. The topic holds the same rows, so the copy of its folded
    /// state is made in the same way.
    func copyRows(into table: String) throws {
        let connection = try rootConnection()
        defer { connection.close() }
        try connection.execute("DROP TABLE IF EXISTS \(table)")
        try connection.execute("CREATE TABLE \(table) (PRIMARY KEY (user_id)) \(source.query.sql(after: nil, through: nil))")
        try connection.execute("ANALYZE TABLE \(table)")
    }

    /// Where the tables are, as the administrator.
    /// Where the tables are.
    var connection: ConnectionSettings { database.settings }

    /// Nobody reads the changes that are made here, and a log of them would only take room.
    private func rootConnection() throws -> Connection {
        var settings = database.rootSettings
        settings.database = ShopDatabase.name
        settings.readTimeoutSeconds = 3_600
        let connection = try Connection(settings)
        try connection.execute("SET SESSION sql_log_bin = 0")
        return connection
    }

    /// Writes each row as the pipeline would.
    private func produce() throws {
        let reader = try SourceReader(source)
        defer { reader.close() }
        let producer = try Producer(properties: [
            "bootstrap.servers": broker.bootstrap, "linger.ms": "50", "batch.size": "1000000", "batch.num.messages": "100000",
            "queue.buffering.max.messages": "400000",
        ])
        defer { producer.close() }
        var sent = 0
        func flush() throws {
            for delivery in try producer.flush(timeoutMs: 60_000) { _ = try delivery.result.get() }
        }
        _ = try reader.scan(after: nil, through: nil) { user, row in
            _ = try producer.send(
                OutgoingRecord(topic: stack.topics.aggregate, key: user.keyBytes, value: try row.get()))
            sent += 1
            if sent.isMultiple(of: 200_000) { try flush() }
        }
        // No connector runs, and none has anything to deliver: the record by which one would say so lets the fence be passed, as
        // it is on a system that keeps up.
        _ = try producer.send(
            OutgoingRecord(
                topic: stack.topics.offsets, key: Array("[\"\(Self.connector)\",{\"server\":\"shop\"}]".utf8),
                value: Array(#"{"file":"binlog.999999","pos":4,"server_id":1}"#.utf8)))
        try flush()
    }

    // MARK: - Measuring

    /// Dumps the query's result and the topic at the same time.
    func dump() throws -> DumpTimes {
        let sql = source.query.sql(after: nil, through: nil)
        let query = [
            "--no-defaults", "--quick", "--skip-column-names", "--batch", "--host=\(database.host)",
            "--port=\(database.port)", "--user=\(MariaDBServer.user)", "--password=\(MariaDBServer.password)",
            ShopDatabase.name, "--execute=\(sql)",
        ]
        let topic = [
            "-C", "-q", "-e", "-b", broker.bootstrap, "-t", stack.topics.aggregate, "-o", "beginning",
            "-X", "fetch.max.bytes=4194304", "-X", "queued.max.messages.kbytes=16384", "-X", "fetch.error.backoff.ms=0",
            "-X", "fetch.wait.max.ms=50",
        ]
        let results = Mutex<[Int: Result<Measured, any Error>]>([:])
        let start = ContinuousClock.now
        DispatchQueue.concurrentPerform(iterations: 2) { index in
            let result = Result {
                try Measured.run(index == 0 ? "/usr/bin/mariadb" : "/usr/bin/kcat", index == 0 ? query : topic)
            }
            results.withLock { $0[index] = result }
        }
        let seconds = (ContinuousClock.now - start) / .seconds(1)
        let all = results.withLock { $0 }
        guard let queryRun = try all[0]?.get(), let topicRun = try all[1]?.get(), queryRun.status == 0, topicRun.status == 0
        else { throw BenchError("a raw dump failed") }
        return DumpTimes(seconds: seconds, query: queryRun, topic: topicRun)
    }

    /// Runs verify, which has to find so many users, and nothing else.
    func verify(memory: String, differences: Int) throws -> VerifyTimes {
        let run = try Measured.run(
            rollcall,
            [
                "verify", "--stage", "aggregate", "--json", "--quiet", "--memory", memory, "--settle-timeout", "7200", "--config",
                settingsFile,
            ], keepsOutput: true)
        let report = try JSONValue(parsing: Array(run.output))
        let expected = differences == 0 ? "clean" : "differences"
        let found = report["counts"]?["aggregate"]?["stale"]?.integer ?? 0
        guard report["verdict"]?.text == expected, report["complete"] == true, found == differences else {
            throw BenchError(
                "verify should find \(differences) stale users; it says \(report["verdict"] ?? .null), finds \(found), "
                    + "and gives as a reason \(report["reason"] ?? .null)")
        }
        let phases = (report["timings"]?.members ?? []).map { ($0.name, Double($0.value.description) ?? 0) }
        return VerifyTimes(process: run, phases: phases)
    }
}
