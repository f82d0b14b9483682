import Domain
import Kafka
import MySQL
import Report
import Sandbox
import Testing

@testable import rollcall

/// Real servers, broken in one way at a time. The tests share them, and mend what they break.
@Suite("The doctor on real parts", .serialized)
struct DoctorStackTests {
    private static let patient = Result { try Patient() }

    /// MariaDB, a broker and the mapping service with settings that fit them. In the place of Debezium, which would start for longer
    /// than all of these tests take, somebody writes its source offset.
    final class Patient: Sendable {
        let stack: Stack
        let files: String

        init() throws {
            var options = StackOptions(parts: [.broker, .database, .mapping])
            options.partitions = 4
            options.sampleUsers = 50
            stack = try Stack(options)
            files = stack.directory
            try writeSourceOffset()
        }

        func writeSourceOffset() throws {
            let connection = try Connection(stack.requireDatabase().rootSettings)
            defer { connection.close() }
            let end = try connection.query("SHOW MASTER STATUS")
            let value = "{\"file\":\"\(end.text(0, 0) ?? "")\",\"pos\":\(end.text(0, 1) ?? ""),\"server_id\":1}"
            try produce(stack.topics.offsets, key: "[\"shop\",{\"server\":\"shop\"}]", value: value)
        }

        func produce(_ topic: String, partition: Int32? = nil, key: String, value: String?) throws {
            let producer = try Producer(properties: ["bootstrap.servers": stack.requireBroker().bootstrap])
            defer { producer.close() }
            _ = try producer.send(
                OutgoingRecord(topic: topic, partition: partition, key: Array(key.utf8), value: value.map { Array($0.utf8) }))
            _ = try producer.flush(timeoutMs: 10_000)
        }

        func commit(group: String, _ offsets: [TopicPartition: Int64]) throws {
            let consumer = try Consumer(properties: ["bootstrap.servers": stack.requireBroker().bootstrap, "group.id": group])
            defer { consumer.close() }
            try consumer.assign(offsets)
            try consumer.commit(offsets)
        }

        static let query =
            "SELECT u.user_id, u.email, p.dark_mode FROM users u LEFT JOIN preferences p ON p.user_id = u.user_id WHERE :users"

        func yaml(query: String = Patient.query, topics: [String]? = nil) throws -> String {
            let connection = try stack.connectionSettings()
            let changes = (topics ?? [stack.topics.users, stack.topics.preferences]).map {
                "  - {topic: \($0), user_id: user_id}"
            }
            return """
                source:
                  mysql: {host: \(connection.host), port: \(connection.port), user: \(connection.user), database: shop}
                  query: \(JSONValue.string(query))
                  key: u.user_id
                  users_table: users
                  fence_table: rollcall_fence
                user_id: {type: unsigned}
                changes:
                \(changes.joined(separator: "\n"))
                connector: {name: shop, server: shop, flavour: mariadb}
                kafka: {bootstrap: '\(try stack.requireBroker().bootstrap)'}
                mapping: {url: '\(try stack.requireMapping().url)/{user_id}'}
                ledger: {path: \(files)/ledger.sqlite}
                reports: {directory: \(files)/reports}

                """
        }

        func report(_ yaml: String? = nil, set: [(String, String)] = []) throws -> DoctorReport {
            // As heartbeats would: an offset of some minutes ago is a dead connector's.
            try writeSourceOffset()
            let settings = try TemporaryDirectory().load(
                try yaml ?? self.yaml(), environment: ["ROLLCALL_SOURCE_MYSQL_PASSWORD": try stack.connectionSettings().password],
                set: set)
            return try Examination(settings, commands: Commands()).run()
        }

        /// What is not fine, by id.
        func complaints(_ yaml: String? = nil, set: [(String, String)] = []) throws -> [String: Check.State] {
            let checks = try report(yaml, set: set).checks.filter { $0.state == .failure || $0.state == .warning }
            return Dictionary(checks.map { ($0.id, $0.state) }, uniquingKeysWith: { $1 })
        }
    }

    @Test("A healthy system gives no failure and no warning, and what this broker cannot say is unknown")
    func healthy() throws {
        let patient = try Self.patient.get()
        let report = try patient.report()
        let complaints = report.checks.filter { $0.state == .failure || $0.state == .warning }
        #expect(complaints.map(\.finding) == [])
        #expect(report.exitStatus == .success)
        let unknown = Set(report.checks.filter { $0.state == .unknown }.map(\.id))
        let silent: Set = [
            "kafka.cleanup_policy.rollcall.aggregate", "kafka.cleanup_policy.rollcall.god", "kafka.offsets_retention",
        ]
        #expect(unknown.isSuperset(of: silent))
        #expect(unknown.subtracting(silent).isSubset(of: ["clock.kafka"]))
        #expect(Set(report.checks.map(\.id)).count == report.checks.count, "each check has a name of its own")
    }

    @Test("An incomplete row image is a failure")
    func rowImage() throws {
        let patient = try Self.patient.get()
        try patient.stack.execute("SET GLOBAL binlog_row_image = MINIMAL")
        defer { try? patient.stack.execute("SET GLOBAL binlog_row_image = FULL") }
        #expect(try patient.complaints() == ["mysql.binlog_row_image": .failure])
    }

    @Test("A short retention and a statement format are failures")
    func retention() throws {
        let patient = try Self.patient.get()
        try patient.stack.execute("SET GLOBAL binlog_expire_logs_seconds = 3600", "SET GLOBAL binlog_format = MIXED")
        defer { try? patient.stack.execute("SET GLOBAL binlog_expire_logs_seconds = 0", "SET GLOBAL binlog_format = ROW") }
        #expect(try patient.complaints() == ["mysql.binlog_retention": .failure, "mysql.binlog_format": .failure])
    }

    @Test("A missing grant is a failure, and granting what is advised mends it")
    func grants() throws {
        let patient = try Self.patient.get()
        try patient.stack.execute(
            "REVOKE BINLOG MONITOR ON *.* FROM 'rollcall'@'%'", "REVOKE INSERT ON shop.rollcall_fence FROM 'rollcall'@'%'")
        let broken = try patient.report().checks.filter { $0.state == .failure }
        #expect(Set(broken.map(\.id)) == ["mysql.grant_binlog", "mysql.grant_fence"])
        for check in broken { try patient.stack.execute(try #require(check.mend)) }
        #expect(try patient.complaints() == [:])
    }

    @Test("A table that the query reads and nobody captures is a failure that names it")
    func uncaptured() throws {
        let patient = try Self.patient.get()
        let report = try patient.report(try patient.yaml(topics: [patient.stack.topics.users]))
        let failures = report.checks.filter { $0.state == .failure }
        #expect(failures.map(\.finding) == ["the query reads shop.preferences, whose changes nobody takes in"])
    }

    @Test("Tables behind a view count as the query's")
    func view() throws {
        let patient = try Self.patient.get()
        try patient.stack.execute(
            "CREATE TABLE badges (user_id BIGINT UNSIGNED PRIMARY KEY, badge INT)",
            "CREATE VIEW badge_view AS SELECT b.user_id, b.badge FROM badges b", "GRANT SHOW VIEW ON shop.* TO 'rollcall'@'%'")
        defer {
            try? patient.stack.execute(
                "DROP VIEW badge_view", "DROP TABLE badges", "REVOKE SHOW VIEW ON shop.* FROM 'rollcall'@'%'")
        }
        let query = "SELECT u.user_id, b.badge FROM users u LEFT JOIN badge_view b ON b.user_id = u.user_id WHERE :users"
        let failures = try patient.report(try patient.yaml(query: query)).checks.filter { $0.state == .failure }
        #expect(failures.map(\.finding) == ["the query reads shop.badges, whose changes nobody takes in"])
    }

    @Test("A foreign key that deletes rows in silence is a failure; one that the parent's event covers is a warning")
    func cascade() throws {
        let patient = try Self.patient.get()
        try patient.stack.execute(
            "ALTER TABLE preferences ADD CONSTRAINT own FOREIGN KEY (user_id) REFERENCES users (user_id) ON DELETE CASCADE")
        #expect(try patient.complaints() == ["query.cascades": .warning])
        try patient.stack.execute(
            "CREATE TABLE themes (id INT PRIMARY KEY)", "ALTER TABLE preferences ADD COLUMN theme INT",
            "ALTER TABLE preferences ADD CONSTRAINT other FOREIGN KEY (theme) REFERENCES themes (id) ON DELETE CASCADE")
        defer {
            try? patient.stack.execute(
                "ALTER TABLE preferences DROP FOREIGN KEY own, DROP FOREIGN KEY other",
                "ALTER TABLE preferences DROP COLUMN theme", "DROP TABLE themes")
        }
        let failures = try patient.report().checks.filter { $0.state == .failure }
        #expect(
            failures.map(\.finding) == [
                "changes of shop.preferences (through shop.themes, ON DELETE CASCADE) happen without an event"
            ])
    }

    @Test(
        "A query that cannot be trusted is a failure that says why",
        arguments: [
            ("SELECT u.user_id, NOW() AS t FROM users u WHERE :users", "query.deterministic"),
            ("SELECT u.user_id, p.locale FROM users u JOIN preferences p ON p.user_id IN (1, 2) WHERE :users", "query.one_row"),
            ("SELECT u.user_id, u.nonsense FROM users u WHERE :users", "query.runs"),
            ("SELECT u.email FROM users u WHERE :users", "query.runs"),
        ])
    func query(sql: String, id: String) throws {
        let patient = try Self.patient.get()
        #expect(try patient.complaints(try patient.yaml(query: sql))[id] == .failure)
    }

    @Test("A join that no index serves is a failure")
    func plan() throws {
        let patient = try Self.patient.get()
        try patient.stack.execute(
            "CREATE TABLE logins (id INT AUTO_INCREMENT PRIMARY KEY, user_id BIGINT UNSIGNED, at INT)",
            "INSERT INTO logins (user_id, at) SELECT seq, 1 FROM seq_1_to_5000", "ANALYZE TABLE logins")
        defer { try? patient.stack.execute("DROP TABLE logins") }
        let query = "SELECT u.user_id, l.at FROM users u LEFT JOIN logins l ON l.user_id = u.user_id WHERE :users"
        #expect(try patient.complaints(try patient.yaml(query: query))["query.plan"] == .failure)
        try patient.stack.execute("CREATE INDEX user_id ON logins (user_id)")
        #expect(try patient.complaints(try patient.yaml(query: query))["query.plan"] == nil)
    }

    @Test("A group that is past the end of its topic, or was overtaken, is a failure")
    func groups() throws {
        let patient = try Self.patient.get()
        try patient.commit(group: "past", [TopicPartition(patient.stack.topics.signals, 0): 1_000])
        let complaints = try patient.complaints(set: [("kafka.groups.aggregate", "past")])
        #expect(complaints == ["kafka.group.past.rollcall.signals": .failure])
    }

    @Test("Topics that do not exist and a count that differs are named")
    func topics() throws {
        let patient = try Self.patient.get()
        try patient.stack.requireBroker().createTopic(SandboxTopic("narrow", partitions: 3))
        let complaints = try patient.complaints(set: [("kafka.topics.signals", "narrow"), ("kafka.topics.god", "absent")])
        #expect(complaints == ["kafka.topic.absent": .warning, "kafka.partition_counts": .failure])
    }

    @Test("Keys in wrong partitions and in foreign forms are failures, on the topic where they lie")
    func keys() throws {
        let patient = try Self.patient.get()
        try patient.stack.requireBroker().createTopic(SandboxTopic("foreign", partitions: 4))
        let right = Partitioner.murmur2(key: Array("42".utf8), partitionCount: 4)
        try patient.produce("foreign", partition: (right + 1) % 4, key: "42", value: "{}")
        try patient.produce("foreign", key: "{\"user_id\":42}", value: "{}")
        let complaints = try patient.complaints(set: [("kafka.topics.aggregate", "foreign")])
        #expect(complaints == ["kafka.partitioner.foreign": .failure, "kafka.keys.foreign": .failure])
    }

    @Test("A connector that has committed nothing, or nothing for long, is a failure")
    func connector() throws {
        let patient = try Self.patient.get()
        #expect(try patient.complaints(set: [("connector.name", "other")]) == ["connector.offset": .failure])
        #expect(
            try patient.complaints(set: [("connector.url", "http://127.0.0.1:1")]) == ["connector.state": .failure])
        try ConnectServer.with { connect in
            connect.state.withLock {
                $0.statuses = [ConnectServer.status()]
                $0.configurations["shop"] = ["connector.class": "x"]
            }
            let complaints = try patient.complaints(set: [("connector.url", connect.url)])
            #expect(complaints == ["connector.configuration": .failure])
        }
    }

    @Test("A mapping service that fails is a failure")
    func mapping() throws {
        let patient = try Self.patient.get()
        #expect(try patient.complaints(set: [("mapping.url", "http://127.0.0.1:1/{user_id}")]) == ["mapping.answers": .failure])
    }

    @Test("Whatever is not there is said at once, and the rest is looked at all the same")
    func absentServers() throws {
        let patient = try Self.patient.get()
        let noDatabase = try patient.complaints(set: [("source.mysql.port", "1")])
        #expect(noDatabase["mysql.reachable"] == .failure)
        #expect(noDatabase["kafka.reachable"] == nil)
        let noBroker = try patient.complaints(set: [("kafka.bootstrap", "127.0.0.1:1")])
        #expect(noBroker["kafka.reachable"] == .failure)
        #expect(noBroker["mysql.reachable"] == nil)
    }

    @Test("The program prints it, and its exit code tells whether there was a failure")
    func binary() throws {
        let patient = try Self.patient.get()
        let directory = try TemporaryDirectory()
        try directory.write("rollcall.yaml", try patient.yaml())
        try patient.writeSourceOffset()
        let environment = ["ROLLCALL_SOURCE_MYSQL_PASSWORD": try patient.stack.connectionSettings().password]
        let healthy = try Binary.run(["doctor"], in: directory.path, environment: environment)
        #expect(healthy.status == 0)
        #expect(healthy.output.contains("\n  ok       binlog_format is ROW\n"))
        #expect(healthy.errors == "")
        let broken = try Binary.run(
            ["doctor", "--json", "--set", "mapping.url=http://127.0.0.1:1/{user_id}"], in: directory.path,
            environment: environment)
        #expect(broken.status == 1)
        #expect(try JSONValue(parsing: broken.output)["counts"]?["failure"] == 1)
    }
}
