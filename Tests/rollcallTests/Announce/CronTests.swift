import Domain
import Foundation
import Kafka
import Sandbox
import Synchronization
import Testing

@testable import rollcall

/// What cron gives a job: no environment, no terminal, a directory that is not its own.
@Suite("The nightly run needs nothing of its surroundings", .serialized, .timeLimit(.minutes(15)))
struct CronTests {
    /// Runs the binary through `env -i` with an empty PATH, in the root directory.
    private func runBare(_ arguments: [String], scratch: TemporaryDirectory) throws -> Binary.Result {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
        process.arguments = ["-i", "PATH=", try RollcallBinary.locate()] + arguments
        process.currentDirectoryURL = URL(fileURLWithPath: "/")
        process.standardInput = FileHandle.nullDevice
        let (output, errors) = (try scratch.write("out", ""), try scratch.write("err", ""))
        process.standardOutput = FileHandle(forWritingAtPath: output)
        process.standardError = FileHandle(forWritingAtPath: errors)
        try process.run()
        process.waitUntilExit()
        return Binary.Result(
            status: process.terminationStatus, output: try String(contentsOfFile: output, encoding: .utf8),
            errors: try String(contentsOfFile: errors, encoding: .utf8))
    }

    @Test(
        "A run that cannot reach its servers reports, tells the webhook by the address in a file, and exits 2 whatever that says")
    func unreachable() throws {
        let directory = try TemporaryDirectory()
        let bodies = Mutex<[[UInt8]]>([])
        let server = try LoopbackHTTP { request in
            bodies.withLock { $0.append(request.body) }
            return .init(status: 400, body: [])
        }
        defer { server.stop() }
        try directory.write("hook", server.url + "/hidden\n")
        try directory.write(
            "rollcall.yaml",
            completeYAML.replacingOccurrences(of: "user: rollcall", with: "user: rollcall\n    port: 1") + """
                notify: {url_file: hook}
                reports: {textfile: run.prom, directory: reports}
                """)
        let result = try runBare(
            ["verify", "--stage", "aggregate", "--quiet", "--config", directory.path + "/rollcall.yaml"], scratch: directory)
        #expect(result.status == 2, "\(result.errors)")
        #expect(result.output.contains("No verdict"))
        #expect(result.errors.contains("warning: the webhook was not told: \(server.url): answered 400"))
        #expect(!result.errors.contains("hidden"))
        let told = try #require(bodies.withLock { $0 }.first)
        #expect(try JSONValue(parsing: told)["rollcall"]?["verdict"] == "error")
        #expect(try String(contentsOfFile: directory.path + "/run.prom", encoding: .utf8).contains("rollcall_run_exit_code 2\n"))
        #expect(FileManager.default.fileExists(atPath: directory.path + "/reports/latest/report.json"))
    }

    @Test("A clean run under --quiet says nothing at all; one with differences says one screen")
    func quiet() throws {
        let shop = try ShopFixture(users: 20, hasConnector: true)
        try shop.publish(Array(1...20))
        // A connector that is ahead of everything: the fence is strong, and nobody has to wait for what it may still deliver.
        let producer = try Producer(properties: ["bootstrap.servers": try shop.stack.requireBootstrap()])
        defer { producer.close() }
        _ = try producer.send(
            OutgoingRecord(
                topic: shop.stack.topics.offsets,
                key: Array(#"["\#(shop.stack.connectorName)",{"server":"\#(shop.stack.connectorServer)"}]"#.utf8),
                value: Array(#"{"file":"binlog.999999","pos":4}"#.utf8)))
        for delivery in try producer.flush(timeoutMs: 30_000) { _ = try delivery.result.get() }
        let stream = try Binary.start(["stream"], in: shop.directory.path)
        defer {
            kill(stream.processIdentifier, SIGTERM)
            stream.waitUntilExit()
        }
        let arguments = [
            "verify", "--stage", "aggregate", "--quiet", "--config", shop.directory.path + "/rollcall.yaml",
            // The working directory is the root, and not the place for what a run leaves.
            "--set", "reports.directory=" + shop.directory.path + "/reports",
        ]
        // Each run waits for the pipeline by itself; the first may come before the pipeline has begun.
        var clean = try runBare(arguments, scratch: shop.directory)
        for _ in 0..<20 where clean.status != 0 { clean = try runBare(arguments, scratch: shop.directory) }
        #expect(clean == Binary.Result(status: 0, output: "", errors: ""))

        try shop.stack.execute(
            "UPDATE users SET email = 'nobody@example.com' WHERE user_id = 7")
        let differing = try runBare(arguments, scratch: shop.directory)
        #expect(differing.status == 1, "\(differing.errors)")
        #expect(differing.errors == "")
        #expect(differing.output.split(separator: "\n", omittingEmptySubsequences: false).count <= 60)
        #expect(!differing.output.contains("\u{1B}"), "no colours in a mail")
        #expect(!differing.output.contains("nobody@example.com"))
        try checkReveal(shop, arguments.filter { $0 != "--quiet" })
    }

    /// Values are shown to who asks for them, and that is on record.
    private func checkReveal(_ shop: ShopFixture, _ arguments: [String]) throws {
        let reports = shop.directory.path + "/reports"
        func run(_ arguments: String...) throws -> String { try Binary.run(arguments, in: shop.directory.path).output }
        func record(_ name: String) throws -> [JSONValue] {
            try String(contentsOfFile: "\(reports)/\(name)", encoding: .utf8).split(separator: "\n")
                .map { try JSONValue(parsing: Array($0.utf8)) }
        }
        #expect(try !run("report", "show", "--reveal").contains("nobody@example.com"), "the run was made without --reveal")
        #expect(try !run("explain", "7").contains("nobody@example.com"))

        let revealed = try Binary.run(arguments + ["--reveal"], in: shop.directory.path)
        #expect(revealed.status == 1, "\(revealed.errors)")
        #expect(
            revealed.output.contains(#"email: "nobody@example.com" in MySQL, "user7@example.com" on the topic"#),
            "\(revealed.output)")
        #expect(revealed.output.contains("asked with --reveal"))
        let account = try #require(try record("latest/report.json").first?["revealed_by"]?.text)
        #expect(try record("latest/findings.ndjson").description.contains("nobody@example.com"))
        for format in ["text", "json", "markdown", "csv"] {
            #expect(try !run("report", "show", "--format", format).contains("nobody@example.com"), "\(format)")
        }
        #expect(try run("report", "show", "--reveal").contains("nobody@example.com"))
        #expect(try record("latest/reveals.ndjson").map { $0["by"]?.text } == [account])

        #expect(try run("explain", "7", "--reveal").contains("nobody@example.com"))
        let looks = try record("reveals.ndjson")
        #expect(looks.map { $0["user"]?.text } == ["7"])
        #expect(looks.first?["command"] == "explain")
    }
}
