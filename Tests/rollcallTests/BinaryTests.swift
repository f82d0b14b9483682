import Domain
import Foundation
import Ledger
import Sandbox
import Testing

@testable import rollcall

@Suite("The binary keeps the contract of streams and exit codes")
struct BinaryTests {
    private let directory: TemporaryDirectory

    init() throws {
        directory = try TemporaryDirectory()
    }

    private func rollcall(_ arguments: String..., environment: [String: String] = [:]) throws -> Binary.Result {
        try Binary.run(arguments, in: directory.path, environment: environment)
    }

    @Test("--version names Rollcall and the C libraries, on standard output")
    func version() throws {
        let result = try rollcall("--version")
        #expect(result.status == 0)
        #expect(result.errors == "")
        let names = result.output.split(separator: "\n").map { $0.prefix(while: { $0 != " " }) }
        #expect(names == ["rollcall", "librdkafka", "libmariadb", "sqlite", "libcurl"])
    }

    @Test(
        "A wrong call exits 64 and leaves standard output alone",
        arguments: [
            ["nonsense"], ["ledger", "nonsense"], ["report", "show", "--format", "pdf"], ["parked", "list", "--limit", "0"],
            ["parked", "list", "--limit", "many"], ["config", "check", "--set", "novalue"], ["repair"], ["explain"],
            ["verify", "--stage", "god"], ["gate", "--max-age", "-1h"], ["report", "prune", "--keep", "-1"],
        ])
    func usage(arguments: [String]) throws {
        let result = try Binary.run(arguments, in: directory.path)
        #expect(result.status == 64)
        #expect(result.output == "")
        #expect(result.errors.hasPrefix("Error: "))
    }

    @Test("config check says ok and exits 0, or lists all problems and exits 64")
    func configCheck() throws {
        try directory.write("rollcall.yaml", completeYAML)
        #expect(try rollcall("config", "check") == .init(status: 0, output: "rollcall.yaml: ok\n", errors: ""))

        try directory.write("rollcall.yaml", completeYAML.replacing("database:", with: "databse:"))
        let problems = """
            rollcall.yaml:2:3: source.mysql.database: required, and not set
            rollcall.yaml:4:5: source.mysql.databse: unknown key; did you mean source.mysql.database?

            """
        #expect(try rollcall("config", "check") == .init(status: 64, output: "", errors: problems))
        let json = try rollcall("config", "check", "--json")
        #expect(json.status == 64)
        #expect(try JSONValue(parsing: Array(json.output.utf8))["ok"] == false)
        #expect(json.errors == "")
    }

    @Test("Without a settings file, the message says how to get one")
    func noSettings() throws {
        let expected = """
            rollcall.yaml: no such file; `rollcall config example > rollcall.yaml` writes one to start from, --config names \
            another

            """
        #expect(try rollcall("config", "check") == .init(status: 64, output: "", errors: expected))
        #expect(try rollcall("verify") == .init(status: 64, output: "", errors: expected))
    }

    @Test("config example, saved, is a settings file that config check accepts")
    func example() throws {
        let example = try rollcall("config", "example")
        #expect(example.status == 0)
        try directory.write("mine.yaml", example.output)
        #expect(try rollcall("config", "check", "--config", "mine.yaml").output == "mine.yaml: ok\n")
        #expect(try rollcall("config", "check", environment: ["ROLLCALL_CONFIG": "mine.yaml"]).output == "mine.yaml: ok\n")
    }

    @Test("config show prints values with their origins, as text and as JSON, and no secret")
    func show() throws {
        try directory.write("rollcall.yaml", completeYAML)
        let environment = ["ROLLCALL_SOURCE_MYSQL_PASSWORD": "hunter2"]
        let text = try rollcall("config", "show", "--set", "verify.chunk_rows=5", environment: environment)
        #expect(text.status == 0)
        #expect(text.output.contains("ROLLCALL_SOURCE_MYSQL_PASSWORD"))
        #expect(!text.output.contains("hunter2"))
        let json = try rollcall("config", "show", "--json", "--set", "verify.chunk_rows=5", environment: environment)
        guard case .array(let rows)? = try JSONValue(parsing: Array(json.output.utf8))["settings"] else {
            Issue.record("no settings in \(json.output)")
            return
        }
        func row(_ key: String) -> JSONValue? { rows.first { $0["key"]?.text == key } }
        #expect(row("verify.chunk_rows") == ["key": "verify.chunk_rows", "value": 5, "origin": "--set"])
        #expect(row("source.mysql.user")?["origin"] == "rollcall.yaml:3:5")
        #expect(row("source.mysql.password")?["value"] == "(redacted)")
    }

    @Test("A ledger that is not there, or is no ledger, is named, and exits 2")
    func badLedger() throws {
        let missing = try rollcall("ledger", "stat")
        #expect(missing.status == 2)
        #expect(missing.errors.hasPrefix("rollcall: ledger.sqlite: "))
        try directory.write("text", "no database")
        let foreign = try rollcall("ledger", "check", "--ledger", "text")
        #expect(foreign.status == 2)
        #expect(foreign.output == "")
        #expect(foreign.errors.hasPrefix("rollcall: text: "))
    }

    @Test("ledger stat and check describe a real ledger")
    func ledger() throws {
        let writer = try LedgerWriter(path: directory.path + "/ledger.sqlite", godTopic: "god")
        try writer.append([
            Production(
                user: UserID("42"), god: RecordAddress(partition: 0, offset: 7), godDigest: Digest(of: [1]),
                aggregate: RecordAddress(partition: 0, offset: 3), aggregateDigest: Digest(of: [2]), version: nil,
                mappingDigest: nil, producedAtMs: 1_000)
        ])
        writer.close()
        let statistics = try rollcall("ledger", "stat", "--json")
        let json = try JSONValue(parsing: Array(statistics.output.utf8))
        #expect(json["productions"] == 1)
        #expect(json["live"] == 1)
        #expect(json["last_produced_at"] == "1970-01-01T00:00:01Z")
        #expect(json["highest_god_offsets"] == ["0": 7])
        #expect(try rollcall("ledger", "check") == .init(status: 0, output: "ledger.sqlite: ok\n", errors: ""))
        #expect(try rollcall("--json", "ledger", "check").output.contains("\"ok\":true"))
    }

    @Test("parked list shows what is parked, and drop ends it")
    func parked() throws {
        #expect(try rollcall("parked", "list") == .init(status: 0, output: "", errors: "nothing is parked\n"))
        let store = try ParkedStore(path: directory.path + "/parked.sqlite")
        try store.park([
            ParkedRecord(
                hop: .intake, topic: "shop.users", address: RecordAddress(partition: 2, offset: 9), timestampMs: -1, key: nil,
                value: [0x7B], user: nil, reason: .notJSON, message: "the end comes\u{1B}[2J too early")
        ])
        store.close()
        let text = try rollcall("parked", "list").output
        #expect(text.contains("shop.users 2:9"))
        #expect(text.contains("the end comes\\u{1b}[2J too early"))
        let line = try JSONValue(parsing: Array(try rollcall("parked", "list", "--json").output.utf8.dropLast()))
        #expect(line["reason"] == "not_json")
        #expect(line["user"] == .null)

        #expect(try rollcall("parked", "drop", "1").errors == "dropped 1 record\n")
        #expect(try rollcall("parked", "list", "--quiet") == .init(status: 0, output: "", errors: ""))
        #expect(try rollcall("parked", "list", "--all").output.contains("not_json (dropped)"))
        #expect(try rollcall("parked", "drop", "7").status == 2)
    }

    @Test("report list and show say that there is none yet")
    func noReports() throws {
        let list = try rollcall("report", "list")
        #expect(list.status == 0)
        #expect(list.errors.contains("rollcall verify"))
        let show = try rollcall("report", "show")
        #expect(show.status == 2)
        #expect(show.errors.contains("no run has been reported here yet"))
        #expect(try rollcall("report", "show", "--run", "../etc").status == 64)
    }

    @Test("A reader that goes away is no error to talk about")
    func brokenPipe() throws {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: try RollcallBinary.locate())
        process.arguments = ["config", "example"]
        let output = Pipe()
        process.standardOutput = output
        process.standardError = FileHandle(forWritingAtPath: try directory.write("errors", ""))
        // The reader is gone before the first byte is written.
        try output.fileHandleForReading.close()
        try process.run()
        process.waitUntilExit()
        #expect(try String(contentsOfFile: directory.path + "/errors", encoding: .utf8) == "")
    }
}
