import Testing

@testable import rollcall

@Suite("Flags come before environment, environment before file, file before default")
struct SettingsPrecedenceTests {
    private let keys = EffectiveSettings.keys

    @Test("Each layer wins over those below it, and the winner is remembered")
    func layers() throws {
        let directory = try TemporaryDirectory()
        let yaml = completeYAML.replacing("    database: shop", with: "    database: shop\n    port: 1")
        let port = keys.source.mysql.port

        let byDefault = try directory.load(completeYAML)
        #expect(try byDefault.value(port) == 3306)
        #expect(byDefault.origin(port.path) == .builtIn)

        let byFile = try directory.load(yaml)
        #expect(try byFile.value(port) == 1)
        #expect(byFile.origin(port.path) == .file(path: directory.path + "/rollcall.yaml", line: 5, column: 5))

        let environment = ["ROLLCALL_SOURCE_MYSQL_PORT": "2"]
        let byEnvironment = try directory.load(yaml, environment: environment)
        #expect(try byEnvironment.value(port) == 2)
        #expect(byEnvironment.origin(port.path) == .environment("ROLLCALL_SOURCE_MYSQL_PORT"))

        let byFlag = try directory.load(yaml, environment: environment, set: [(port.path, "3")])
        #expect(try byFlag.value(port) == 3)
        #expect(byFlag.origin(port.path) == .flag("--set"))
    }

    @Test("Members of a mapping are layered one by one")
    func members() throws {
        let settings = try TemporaryDirectory().load(
            completeYAML.replacing(
                "  bootstrap: 127.0.0.1:9092",
                with: "  bootstrap: 127.0.0.1:9092\n  properties: {linger.ms: 5, client.id: file}"),
            environment: ["ROLLCALL_KAFKA_PROPERTIES_CLIENT_ID": "environment", "ROLLCALL_KAFKA_PROPERTIES_SASL_PASSWORD": "s"],
            set: [("kafka.properties.debug", "broker")])
        #expect(
            try settings.value(keys.kafka.properties).dictionary
                == ["linger.ms": "5", "client.id": "environment", "sasl.password": "s", "debug": "broker"])
    }

    @Test("A wrong value is reported where it was given")
    func problemsNameTheirLayer() throws {
        let found = try TemporaryDirectory().problems(
            completeYAML,
            environment: ["ROLLCALL_SOURCE_MYSQL_PORT": "x"],
            set: [("verify.chunk_rows", "0"), ("source.qery", "SELECT 1"), ("source.mysql.password", "s"), ("changes", "[]")])
        #expect(
            found == [
                "ROLLCALL_SOURCE_MYSQL_PORT: source.mysql.port: has to be an integer from 1 to 65535, not `x`",
                "--set: source.qery: unknown key; did you mean source.query?",
                "--set: source.mysql.password: a secret given inline; write it to a file that only Rollcall's user can read and "
                    + "set source.mysql.password_file, or set ROLLCALL_SOURCE_MYSQL_PASSWORD",
                "--set: changes: can only be set in the file",
                "--set: verify.chunk_rows: has to be an integer from 1 to 10000000, not `0`",
            ])
    }

    @Test("A misspelled variable is pointed out; one that merely begins alike is nobody's business")
    func variables() throws {
        let settings = try TemporaryDirectory().load(
            completeYAML,
            environment: [
                "ROLLCALL_SOURCE_MYSQL_PROT": "1", "ROLLCALL_SERVICE_HOST": "10.0.0.1", "ROLLCALL_KAFKA_BOOTSTRAP": "",
                "ROLLCALL_CHANGES": "[]",
            ])
        #expect(
            settings.warnings == [
                "ROLLCALL_CHANGES: can only be set in the file",
                "ROLLCALL_SOURCE_MYSQL_PROT: no such setting; did you mean ROLLCALL_SOURCE_MYSQL_PORT?",
            ])
        #expect(try settings.value(keys.kafka.bootstrap) == "127.0.0.1:9092")
    }

    @Test("A command does not ask for areas that it has no use for")
    func needs() throws {
        let settings = try TemporaryDirectory().load("ledger: {path: other.sqlite}", needs: [.ledger])
        #expect(try settings.value(keys.ledger.file).hasSuffix("/other.sqlite"))
        #expect(throws: SettingsError.self) { try settings.value(keys.kafka.bootstrap) }
    }

    @Test("Relative paths of the file count from the file's directory, those of flags from the working directory")
    func paths() throws {
        let directory = try TemporaryDirectory()
        let yaml = completeYAML + "ledger: {path: ./data/ledger.sqlite}\nreports: {directory: /var/reports}\n"
        let settings = try directory.load(yaml)
        #expect(try settings.value(keys.ledger.file) == directory.path + "/data/ledger.sqlite")
        #expect(try settings.value(keys.reports.directory) == "/var/reports")
        let flagged = try directory.load(yaml, set: [("ledger.path", "here.sqlite")])
        #expect(try flagged.value(keys.ledger.file) == "here.sqlite")
    }

    @Test(
        "Sizes are read in decimal and binary units", arguments: zip(["64MB", "16 MiB", "4096"], [64_000_000, 16 << 20, 4096]))
    func sizes(text: String, bytes: Int) throws {
        let settings = try TemporaryDirectory().load(completeYAML, set: [("mapping.max_response_size", text)])
        #expect(try settings.value(keys.mapping.maximumBody) == bytes)
    }
}
