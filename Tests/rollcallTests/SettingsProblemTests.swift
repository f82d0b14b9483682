import Foundation
import Testing

@testable import rollcall

/// One mistake in a file that is fine otherwise, and what has to be said about it.
struct SettingsMistake: Sendable, CustomTestStringConvertible {
    /// A line of the complete file, or nothing to append at its end.
    var line = ""
    /// What stands there instead.
    var written: String
    var expected: [String]

    var testDescription: String { expected.first ?? written }

    var yaml: String {
        line.isEmpty ? completeYAML + written + "\n" : completeYAML.replacingOccurrences(of: line, with: written)
    }

    static let all: [SettingsMistake] =
        unknownKeys + wrongTypes + missing + duplicates + queries + secrets + contradictions + kafkaProperties + otherShapes
}

extension SettingsMistake {
    static let unknownKeys: [SettingsMistake] = [
        .init(
            line: "  query: |", written: "  qery: |",
            expected: [
                "rollcall.yaml:1:1: source.query: required, and not set",
                "rollcall.yaml:5:3: source.qery: unknown key; did you mean source.query?",
            ]),
        .init(
            line: "    database: shop", written: "    database: shop\n    prot: 3307",
            expected: ["rollcall.yaml:5:5: source.mysql.prot: unknown key; did you mean source.mysql.port?"]),
        .init(written: "kafak: {}", expected: ["rollcall.yaml:17:1: kafak: unknown key; did you mean kafka?"]),
        .init(
            line: "  bootstrap: 127.0.0.1:9092", written: "  bootstrap: 127.0.0.1:9092\n  replicas: 3",
            expected: [
                "rollcall.yaml:15:3: kafka.replicas: unknown key; known are bootstrap, groups, properties, topics"
            ]),
        .init(
            written: "database: shop",
            expected: ["rollcall.yaml:17:1: database: unknown key; did you mean source.mysql.database?"]),
        .init(
            line: "user_id: user_id}", written: "userid: user_id}",
            expected: [
                "rollcall.yaml:11:5: changes[0].user_id: required, and not set",
                "rollcall.yaml:11:25: changes[0].userid: unknown key; did you mean changes[0].user_id?",
            ]),
    ]

    static let wrongTypes: [SettingsMistake] = [
        .init(
            line: "    database: shop", written: "    database: shop\n    port: mysql",
            expected: ["rollcall.yaml:5:5: source.mysql.port: has to be an integer from 1 to 65535, not `mysql`"]),
        .init(
            line: "    database: shop", written: "    database: shop\n    port: 65536",
            expected: ["rollcall.yaml:5:5: source.mysql.port: has to be an integer from 1 to 65535, not `65536`"]),
        .init(
            line: "    database: shop", written: "    database: [shop]",
            expected: ["rollcall.yaml:4:5: source.mysql.database: has to be text, not a list"]),
        .init(
            line: "    database: shop", written: "    database: shop\n    tls: {enabled: maybe}",
            expected: ["rollcall.yaml:5:11: source.mysql.tls.enabled: has to be true or false, not `maybe`"]),
        .init(
            line: "user_id: {type: integer}", written: "user_id: {type: bigint}",
            expected: ["rollcall.yaml:9:11: user_id.type: has to be integer, unsigned or string, not `bigint`"]),
        .init(
            line: "user_id: {type: integer}", written: "user_id: integer",
            expected: [
                "rollcall.yaml:9:1: user_id.type: required, and not set",
                "rollcall.yaml:9:10: user_id: has to be a mapping of settings, not `integer`",
            ]),
        .init(
            line: "  key: u.user_id", written: "  key: u.user_id\n  columns: {dark_mode: bool}",
            expected: [
                "rollcall.yaml:8:13: source.columns.dark_mode: has to be integer, unsigned, decimal, float, double, boolean, "
                    + "string, bytes, date, time, datetime, timestamp, json or bit, not `bool`"
            ]),
        .init(
            written: "verify: {fence_timeout_seconds: -1}",
            expected: [
                "rollcall.yaml:17:10: verify.fence_timeout_seconds: has to be a number of seconds from 0 to 86400, not `-1`"
            ]),
        .init(
            written: "verify: {fence_timeout_seconds: nan}",
            expected: [
                "rollcall.yaml:17:10: verify.fence_timeout_seconds: has to be a number of seconds from 0 to 86400, not `nan`"
            ]),
        .init(
            line: "http://127.0.0.1:8080/{user_id}", written: "ftp://127.0.0.1/",
            expected: ["rollcall.yaml:16:3: mapping.url: has to be an http:// or https:// address, not `ftp://127.0.0.1/`"]),
        .init(
            line: "/{user_id}", written: "/mappings",
            expected: ["rollcall.yaml:16:3: mapping.url: exactly one of {user_id} and {user_ids} must appear, once"]),
        .init(
            line: "{user_id}\n", written: "{user_id}\n  proxy: squid\n",
            expected: [
                "rollcall.yaml:17:3: mapping.proxy: has to be none, environment or an address such as http://proxy:3128, not `squid`"
            ]),
        .init(
            line: "shop.users", written: "shop users",
            expected: [
                "rollcall.yaml:11:6: changes[0].topic: has to be a topic name (letters, digits, `.`, `_` and `-`, at most 249), "
                    + "not `shop users`"
            ]),
    ]

    static let missing: [SettingsMistake] = [
        .init(
            line: "    user: rollcall\n", written: "",
            expected: ["rollcall.yaml:2:3: source.mysql.user: required, and not set"]),
        .init(
            line: "  bootstrap: 127.0.0.1:9092", written: "  bootstrap:",
            expected: ["rollcall.yaml:13:1: kafka.bootstrap: required, and not set"]),
        .init(
            line: "kafka:\n  bootstrap: 127.0.0.1:9092\n", written: "",
            expected: ["rollcall.yaml:1:1: kafka.bootstrap: required, and not set"]),
        .init(
            line: "\n  - {topic: shop.users, user_id: user_id}", written: " []",
            expected: ["rollcall.yaml:10:1: changes: names no topic; list each captured table's topic"]),
        .init(
            line: "{topic: shop.users, user_id: user_id}", written: "shop.users",
            expected: ["rollcall.yaml:11:5: changes[0]: has to be {topic: …, user_id: …}, not `shop.users`"]),
    ]

    static let duplicates: [SettingsMistake] = [
        .init(
            line: "    database: shop", written: "    database: shop\n    user: root",
            expected: ["rollcall.yaml:5:5: source.mysql.user: given twice, first in line 3; keep one of the two"]),
        .init(
            line: "    database: shop", written: "    database: shop\n    \"user\": root\n    prot: 1",
            expected: [
                "rollcall.yaml:5:5: source.mysql.user: given twice, first in line 3; keep one of the two",
                "rollcall.yaml:6:5: source.mysql.prot: unknown key; did you mean source.mysql.port?",
            ]),
        .init(
            written: "kafka: {bootstrap: other:9092}\nkafka: {bootstrap: third:9092}",
            expected: [
                "rollcall.yaml:17:1: kafka: given twice, first in line 13; keep one of the two",
                "rollcall.yaml:18:1: kafka: given twice, first in line 13; keep one of the two",
            ]),
    ]

    static let queries: [SettingsMistake] = [
        .init(
            line: "WHERE :users", written: "WHERE 1 = 1",
            expected: [
                "rollcall.yaml:5:3: source.query: the query has no :users; write it where a predicate on the key column belongs, "
                    + "as in WHERE :users"
            ]),
        .init(
            line: "WHERE :users", written: "WHERE ':users' = '' -- :users",
            expected: [
                "rollcall.yaml:5:3: source.query: the query has no :users; write it where a predicate on the key column belongs, "
                    + "as in WHERE :users"
            ]),
        .init(
            line: "WHERE :users", written: "WHERE :users OR :users",
            expected: ["rollcall.yaml:5:3: source.query: the query has :users 2 times; it must stand exactly once"]),
        .init(
            line: "WHERE :users", written: "WHERE :users; DROP TABLE users",
            expected: [
                "rollcall.yaml:5:3: source.query: the query holds more than one statement; remove what follows the semicolon"
            ]),
        .init(
            line: "SELECT u.user_id, u.email FROM users u", written: "DELETE FROM users",
            expected: ["rollcall.yaml:5:3: source.query: the query begins with `DELETE`; it must be a SELECT"]),
        .init(
            line: "WHERE :users", written: "WHERE :users AND email = 'x",
            expected: ["rollcall.yaml:5:3: source.query: the query has a quote or a comment that is not closed"]),
        .init(
            line: "  key: u.user_id", written: "  key: u.user_id + 1",
            expected: ["rollcall.yaml:7:3: source.key: `u.user_id + 1` is not a column name, such as u.user_id"]),
    ]

    static let secrets: [SettingsMistake] = [
        .init(
            line: "    database: shop", written: "    database: shop\n    password: hunter2",
            expected: [
                "rollcall.yaml:5:5: source.mysql.password: a secret given inline; write it to a file that only Rollcall's user can "
                    + "read and set source.mysql.password_file, or set ROLLCALL_SOURCE_MYSQL_PASSWORD"
            ]),
        .init(
            line: "  bootstrap: 127.0.0.1:9092",
            written: "  bootstrap: 127.0.0.1:9092\n  properties:\n    sasl.password: hunter2",
            expected: [
                "rollcall.yaml:16:5: kafka.properties.sasl.password: a secret given inline; write it to a file that only "
                    + "Rollcall's user can read, and name the file as kafka.properties.sasl.password_file"
            ]),
        .init(
            line: "{user_id}\n", written: "{user_id}\n  headers: {X-Api-Key: hunter2}\n",
            expected: [
                "rollcall.yaml:17:13: mapping.headers.X-Api-Key: a secret given inline; write it to a file that only "
                    + "Rollcall's user can read, and name the file as mapping.headers.X-Api-Key_file"
            ]),
        .init(
            line: "http://127.0.0.1:8080/", written: "http://me:hunter2@127.0.0.1:8080/",
            expected: [
                "rollcall.yaml:16:3: mapping.url: holds a user name or password, which is a secret given inline; use "
                    + "mapping.bearer_token_file or a `_file` member of mapping.headers"
            ]),
        .init(
            line: "    database: shop", written: "    database: shop\n    password_file: absent",
            expected: [
                "rollcall.yaml:5:5: source.mysql.password_file: absent: No such file or directory; write the secret there"
            ]),
    ]

    static let contradictions: [SettingsMistake] = [
        .init(
            line: "    database: shop", written: "    database: shop\n    host: db\n    socket: /run/mysqld.sock",
            expected: [
                "rollcall.yaml:6:5: source.mysql.socket: cannot be set together with source.mysql.host; keep one of the two"
            ]),
        .init(
            line: "    database: shop", written: "    database: shop\n    tls: {enabled: true, cert_file: /a.pem}",
            expected: ["rollcall.yaml:5:26: source.mysql.tls.cert_file: needs source.mysql.tls.key_file as well"]),
        .init(
            line: "    database: shop", written: "    database: shop\n    tls: {ca_file: /a.pem}",
            expected: [
                "rollcall.yaml:5:11: source.mysql.tls.ca_file: has no effect while source.mysql.tls.enabled is false; set that to true"
            ]),
        .init(
            line: "  bootstrap: 127.0.0.1:9092", written: "  bootstrap: 127.0.0.1:9092\n  topics: {god: rollcall.signals}",
            expected: [
                "rollcall.yaml:15:12: kafka.topics.god: is the topic rollcall.signals, which kafka.topics.signals names already; "
                    + "each needs a topic of its own"
            ]),
        .init(
            line: "  bootstrap: 127.0.0.1:9092", written: "  bootstrap: 127.0.0.1:9092\n  groups: {enrich: rollcall.intake}",
            expected: [
                "rollcall.yaml:15:12: kafka.groups.enrich: is the group rollcall.intake, which kafka.groups.intake names already; "
                    + "each hop needs a group of its own"
            ]),
        .init(
            line: "  bootstrap: 127.0.0.1:9092",
            written: "  bootstrap: 127.0.0.1:9092\n  properties: {bootstrap.servers: b, acks: 1}",
            expected: [
                "rollcall.yaml:15:16: kafka.properties.bootstrap.servers: belongs to Rollcall; set kafka.bootstrap instead",
                "rollcall.yaml:15:38: kafka.properties.acks: belongs to Rollcall, which waits for all replicas; remove it",
            ]),
    ]

    static let kafkaProperties: [SettingsMistake] = [
        .init(
            line: "  bootstrap: 127.0.0.1:9092",
            written: "  bootstrap: 127.0.0.1:9092\n  properties:\n    lingr.ms: 5\n    socket.timeout.ms: soon",
            expected: [
                "rollcall.yaml:16:5: kafka.properties.lingr.ms: No such configuration property: \"lingr.ms\"",
                "rollcall.yaml:17:5: kafka.properties.socket.timeout.ms: Invalid value for configuration property "
                    + "\"socket.timeout.ms\"",
            ])
    ]

    static let otherShapes: [SettingsMistake] = [
        .init(
            written: "verify: [", expected: ["rollcall.yaml:18:1: not valid YAML: did not find expected node content"]),
        .init(
            line: completeYAML, written: "- a\n- b",
            expected: ["rollcall.yaml:1:1: has to be a mapping of settings, not a list"]),
    ]
}

@Suite("Everything wrong with a settings file is said, with line, column and key")
struct SettingsProblemTests {
    @Test("One mistake, one message", arguments: SettingsMistake.all)
    func names(mistake: SettingsMistake) throws {
        let directory = try TemporaryDirectory()
        let found = try directory.problems(mistake.yaml)
        if mistake.yaml.contains("\nchanges:") {
            #expect(found == mistake.expected)
        } else {
            // A file of another shape also lacks every key.
            #expect(found.contains(mistake.expected[0]))
        }
    }

    @Test("The complete file has no problem, so that each mistake above is the only one")
    func completeFileIsFine() throws {
        #expect(try TemporaryDirectory().problems(completeYAML) == [])
    }

    @Test("Problems of all kinds are listed at once, in the order of the file")
    func listsAll() throws {
        let found = try TemporaryDirectory().problems(
            """
            source:
              mysql: {user: rollcall, port: none}
              qery: SELECT 1
            user_id: {type: integer}
            user_id: {type: string}
            """)
        #expect(
            found == [
                "rollcall.yaml:1:1: source.query: required, and not set",
                "rollcall.yaml:1:1: source.key: required, and not set",
                "rollcall.yaml:1:1: source.users_table: required, and not set",
                "rollcall.yaml:1:1: changes: required, and not set",
                "rollcall.yaml:1:1: kafka.bootstrap: required, and not set",
                "rollcall.yaml:1:1: mapping.url: required, and not set",
                "rollcall.yaml:2:3: source.mysql.database: required, and not set",
                "rollcall.yaml:2:27: source.mysql.port: has to be an integer from 1 to 65535, not `none`",
                "rollcall.yaml:3:3: source.qery: unknown key; did you mean source.query?",
                "rollcall.yaml:5:1: user_id: given twice, first in line 4; keep one of the two",
            ])
    }

    @Test("A file that is not there, is a directory or is not UTF-8 is named with what to do")
    func unreadableFiles() throws {
        let directory = try TemporaryDirectory()
        func message(_ path: String) -> String {
            do {
                _ = try SettingsLoader(file: path).load()
                return ""
            } catch {
                return error.description.replacingOccurrences(of: directory.path, with: "DIR")
            }
        }
        #expect(
            message(directory.path + "/none.yaml")
                == "DIR/none.yaml: no such file; `rollcall config example > DIR/none.yaml` writes one to start from, "
                + "--config names another")
        #expect(message(directory.path) == "DIR: is a directory; --config has to name a file")
        let latin1 = directory.path + "/latin1.yaml"
        try Data([0x61, 0x3A, 0x0A, 0x62, 0x3A, 0x20, 0xE9, 0x0A]).write(to: URL(fileURLWithPath: latin1))
        #expect(message(latin1) == "DIR/latin1.yaml:2:1: not UTF-8; save the file as UTF-8")
    }

    @Test("Aliases that multiply without end, and nesting without end, are refused")
    func hostileYAML() throws {
        let nested = String(repeating: "[", count: 400) + String(repeating: "]", count: 400)
        #expect(try TemporaryDirectory().problems("source: \(nested)").first?.contains("nested too deeply") == true)
        var bomb = "a0: &a0 [x, x]\n"
        for level in 1...30 { bomb += "a\(level): &a\(level) [*a\(level - 1), *a\(level - 1)]\n" }
        #expect(try TemporaryDirectory().problems(bomb).isEmpty == false)
    }
}
