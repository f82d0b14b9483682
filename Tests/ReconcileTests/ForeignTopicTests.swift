import Domain
import Foundation
import Kafka
import MySQL
import Report
import Sandbox
import Source
import Testing

@testable import Reconcile

/// A topic that a producer in another language filled, from a table with a column of every kind: on a real MariaDB and a broker.
@Suite("A topic by another producer")
struct ForeignTopicTests {
    @Test("verifies clean whatever form its values have, with ids that differ in case and trailing spaces only")
    func clean() throws {
        let shop = try ForeignShop()
        let (report, lines) = try shop.verify()
        #expect(lines.map { "\($0.user) \($0.kind.rawValue) \($0.fields)" } == [])
        #expect(report.verdict == .clean, "\(report.reason ?? "")")
        #expect(report.fence.strength == .weak)
        #expect(report.counts[.aggregate]?.matched == 4)
    }

    @Test("differs in exactly the field that was changed, whichever that is")
    func everyField() throws {
        let shop = try ForeignShop()
        for (field, value) in ForeignShop.otherValues {
            try shop.connection.execute("UPDATE users SET \(field) = \(value) WHERE id = 'a'")
            let (report, lines) = try shop.verify()
            #expect(lines.map(\.user) == [UserID("a")], "\(field)")
            #expect(lines.map(\.kind) == [.stale])
            #expect(lines.map(\.fields) == [[field]])
            #expect(report.exitCode == 1)
            try shop.fill("a")
        }
    }

    @Test("is verified by the command with settings that name the server, the query and the topic, and nothing else")
    func command() throws {
        let shop = try ForeignShop()
        #expect(try shop.verifyByCommand() == 0)
        try shop.connection.execute("DELETE FROM users WHERE id = 'a'")
        #expect(try shop.verifyByCommand() == 1)
    }

    @Test("is held to ids as bytes, whatever the column's collation says")
    func idsAreBytes() throws {
        let shop = try ForeignShop(collation: "utf8mb4_general_ci", users: ["a", "Bob"])
        try shop.produce([("A", ForeignShop.value(of: "A")), ("bob", nil)])
        let (_, lines) = try shop.verify()
        #expect(lines.map { "\($0.user) \($0.kind.rawValue)" }.sorted() == ["A extra"])
    }
}

/// A table, and a topic with the same users in other words.
private final class ForeignShop {
    let database: TestDatabase
    let connection: Connection
    private let broker: MockBroker
    private let reports = ReportsDirectory()
    private static let topic = "people"

    /// Ids that are equal but for case, or for a space that most collations ignore.
    init(collation: String = "utf8mb4_nopad_bin", users: [String] = ["a", "A", "a ", "ü"]) throws {
        database = try TestDatabase()
        connection = try database.connect()
        try connection.execute(
            """
            CREATE TABLE users (
                id VARCHAR(20) CHARACTER SET utf8mb4 COLLATE \(collation) PRIMARY KEY, signed BIGINT, counter BIGINT UNSIGNED,
                price DECIMAL(20,4), ratio FLOAT, share DOUBLE, flag TINYINT(1), truth BOOLEAN, born DATE, seen DATETIME(6),
                made TIMESTAMP(3) NULL, slot TIME(2), size ENUM('s','é'), tags SET('x','y'), extra JSON, code BINARY(3), body BLOB,
                bit1 BIT(1), bits BIT(12), note VARCHAR(20), latin VARCHAR(20) CHARACTER SET latin1
            )
            """)
        broker = try MockBroker()
        try broker.createTopic(Self.topic, partitions: 3)
        for user in users { try fill(user) }
        try produce(users.map { ($0, Self.value(of: $0)) })
    }

    deinit { broker.close() }

    /// Writes a user's row, in a session whose clock is five hours ahead.
    func fill(_ user: String) throws {
        try connection.execute("SET SESSION time_zone = '+05:00'")
        try connection.execute(
            """
            REPLACE INTO users VALUES (
                '\(user)', -9223372036854775808, 18446744073709551615, 1234567890123456.5, 16777217.5, 0.1, 1, TRUE, '1969-12-31',
                '2026-11-22 13:37:05.000044', '2026-11-22 18:37:05.5', '-12:00:00.25', 'é', 'x,y',
                '{"b": [1, 2.50], "a": "\\\\u00e9"}', 'ab', X'FF00FEC3', b'1', b'100000010', NULL, 'é€'
            )
            """)
    }

    /// Each as something else that the row could hold, and no form of the producer means.
    static let otherValues: [(field: String, value: String)] = [
        ("signed", "-9223372036854775807"), ("counter", "18446744073709551614"), ("price", "1234567890123456.5001"),
        ("ratio", "16777220"), ("share", "0.1000000000000001"), ("flag", "0"), ("truth", "FALSE"), ("born", "'1970-01-01'"),
        ("seen", "'2026-11-22 13:37:05.000045'"), ("made", "'2026-11-22 18:37:05.501'"), ("slot", "'12:00:00.25'"),
        ("size", "'s'"), ("tags", "'x'"), ("extra", #"'{"b": [2.50, 1], "a": "é"}'"#), ("code", "'abc'"), ("body", "X'FF00FEC4'"),
        ("bit1", "b'0'"), ("bits", "b'100000011'"), ("note", "''"), ("latin", "'e€'"),
    ]

    /// The same user in the words of a producer that knows neither the order of the columns nor what a NULL is for.
    static func value(of user: String) -> String {
        #"""
        {
          "latin": "\u00e9€", "bits": "AgE=", "bit1": true, "body": "_wD-ww", "code": "YWIA",
          "extra": "{\"a\":\"é\",\"b\":[1.0,2.5]}", "tags": "x,y", "size": "é", "slot": -43200250, "made": "2026-11-22T14:37:05.500+01:00",
          "seen": 1795354625000044, "born": -1, "truth": "true", "flag": 1, "share": "0.1", "ratio": 16777218.0,
          "price": 1234567890123456.50, "counter": "18446744073709551615", "signed": -9223372036854775808,
          "id": "\#(user)", "__source": {"written_by": "somebody else"}
        }
        """#
    }

    func produce(_ records: [(user: String, value: String?)]) throws {
        let producer = try Producer(properties: ["bootstrap.servers": broker.bootstrap])
        defer { producer.close() }
        for (user, value) in records {
            _ = try producer.send(
                OutgoingRecord(topic: Self.topic, key: Array(user.utf8), value: value.map { Array($0.utf8) }))
        }
        for delivery in try producer.flush(timeoutMs: 10_000) { _ = try delivery.result.get() }
    }

    /// Calls the roll by the command, and returns its exit status.
    func verifyByCommand() throws -> Int32 {
        let connection = database.settings
        let yaml = """
            source:
              mysql:
                \(connection.socketPath.map { "socket: \($0)" } ?? "host: \(connection.host)")
                user: \(connection.user)
                database: \(database.name)
              query: SELECT u.* FROM users u WHERE :users
              key: u.id
              users_table: users
              columns: {truth: boolean}
            user_id: {type: string}
            kafka:
              bootstrap: \(broker.bootstrap)
              properties: {fetch.wait.max.ms: "20"}
              topics: {aggregate: \(Self.topic)}
            verify: {weak_fence_wait_seconds: 0}
            reports: {directory: \(reports.path)/command}
            """
        let file = reports.path + "/rollcall.yaml"
        try yaml.write(toFile: file, atomically: true, encoding: .utf8)
        let process = Process()
        process.executableURL = URL(fileURLWithPath: try RollcallBinary.locate())
        process.arguments = ["verify", "--stage", "aggregate", "--config", file, "--settle-timeout", "20"]
        process.environment = ["ROLLCALL_SOURCE_MYSQL_PASSWORD": connection.password, "PATH": "/usr/bin:/bin"]
        process.standardOutput = FileHandle.nullDevice
        process.standardError = FileHandle.standardError
        try process.run()
        process.waitUntilExit()
        return process.terminationStatus
    }

    /// Calls the roll, with settings that name nothing but the server, the query and the topic.
    func verify() throws -> (report: RunReport, lines: [FindingLine]) {
        let query = try AggregateQuery(sql: "SELECT u.* FROM users u WHERE :users", key: "u.id", kind: .string)
        let source = SourceSettings(
            connection: database.settings, query: query, keyField: "id", usersTable: "users", columnKinds: ["truth": .boolean])
        var settings = VerifySettings(
            userIDKind: .string, topics: .init(changes: [], signals: "", aggregate: Self.topic, god: ""),
            groups: .init(intake: "", aggregate: "", enrich: ""), hasConnector: false, encodingID: source.encodingID,
            configDigest: "test")
        settings.stages = [.aggregate]
        settings.keyField = "id"
        settings.weakFenceWaitMs = 0
        let ports = RealPorts(
            source: source, kafkaProperties: ["bootstrap.servers": broker.bootstrap, "fetch.wait.max.ms": "20"], connector: nil,
            ledgerPaths: [], parkedPaths: [])
        let outcome = try Verification(settings, ports: ports).run(
            reports: reports.path, history: reports.path + "/history.sqlite")
        var lines: [FindingLine] = []
        let reader = try ReportStore(directory: reports.path).load(.run(outcome.report.runID)).findings()
        while let line = try reader.next() { lines.append(line) }
        return (outcome.report, lines)
    }
}
