import Foundation
import Testing

@testable import rollcall

@Suite("Secrets come from files and the environment, and never show")
struct SettingsSecretTests {
    private let keys = EffectiveSettings.keys
    private let passwordLine = completeYAML.replacing(
        "    database: shop", with: "    database: shop\n    password_file: password")

    @Test("A secret file's text is the secret, without its last line break", arguments: ["hunter2", "hunter2\n", "hunter2\r\n"])
    func readsFiles(text: String) throws {
        let directory = try TemporaryDirectory()
        try directory.write("password", text)
        let settings = try directory.load(passwordLine)
        #expect(try settings.value(keys.source.mysql.password) == "hunter2")
    }

    @Test("A file that every user can read or write is refused", arguments: [0o644, 0o604, 0o602])
    func refusesOpenFiles(mode: Int) throws {
        let directory = try TemporaryDirectory()
        try directory.write("password", "hunter2", mode: mode)
        #expect(
            try directory.problems(passwordLine) == [
                "rollcall.yaml:5:5: source.mysql.password_file: password: every user of this machine can read or write it "
                    + "(mode 0\(String(mode, radix: 8))); `chmod 600 password`"
            ])
    }

    @Test("A file that holds no secret, or more than one line, is refused", arguments: ["", "\n", "one\ntwo\n"])
    func refusesOtherContents(text: String) throws {
        let directory = try TemporaryDirectory()
        try directory.write("password", text)
        #expect(
            try directory.problems(passwordLine) == [
                "rollcall.yaml:5:5: source.mysql.password_file: password: has to hold the secret on one line, and nothing else"
            ])
    }

    @Test("The environment's secret comes before the file's")
    func environmentWins() throws {
        let directory = try TemporaryDirectory()
        try directory.write("password", "from the file")
        let settings = try directory.load(passwordLine, environment: ["ROLLCALL_SOURCE_MYSQL_PASSWORD": "from outside"])
        #expect(try settings.value(keys.source.mysql.password) == "from outside")
    }

    @Test("A `_file` member of the Kafka properties and of the headers is read too")
    func members() throws {
        let directory = try TemporaryDirectory()
        try directory.write("kafka", "k\n")
        try directory.write("key", "m\n")
        let settings = try directory.load(
            completeYAML
                .replacing("9092\n", with: "9092\n  properties: {sasl.password_file: kafka, sasl.username: me}\n")
                .replacing("{user_id}\n", with: "{user_id}\n  headers: {X-Api-Key_file: key}\n"))
        #expect(try settings.value(keys.kafka.properties).dictionary == ["sasl.password": "k", "sasl.username": "me"])
        #expect(try settings.value(keys.mapping.headers).dictionary == ["X-Api-Key": "m"])
    }

    @Test("No listing and no digest lets a secret out")
    func redacts() throws {
        let directory = try TemporaryDirectory()
        try directory.write("password", "hunter2")
        try directory.write("key", "hunter2")
        let settings = try directory.load(
            passwordLine.replacing("{user_id}\n", with: "{user_id}\n  headers: {X-Api-Key_file: key}\n"),
            environment: ["ROLLCALL_MAPPING_BEARER_TOKEN": "hunter2", "ROLLCALL_KAFKA_PROPERTIES_SASL_PASSWORD": "hunter2"])
        let listing = SettingsListing(settings)
        #expect(!listing.text.contains("hunter2"))
        #expect(!listing.json.description.contains("hunter2"))
        let hidden = listing.rows.filter { $0.value == "(redacted)" }.map(\.key)
        #expect(
            hidden == [
                "source.mysql.password", "kafka.properties.sasl.password", "mapping.headers.X-Api-Key", "mapping.bearer_token",
            ])
    }
}
