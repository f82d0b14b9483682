import Domain
import Foundation
import HTTP
import Pipeline
import Sandbox
import TestSupport
import Testing
import Yams

@testable import rollcall

@Suite("A running pipeline can be watched", .timeLimit(.minutes(15)), .serialized)
struct AdminTests {
    private static let grafana = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent().appendingPathComponent("scripts/grafana")

    private static func file(_ name: String) throws -> String {
        try String(contentsOf: grafana.appendingPathComponent(name), encoding: .utf8)
    }

    /// The metrics that a text names; the parts of a histogram stand for the histogram.
    private static func metrics(in text: String) -> Set<String> {
        Set(
            text.matches(of: #/rollcall_[a-z_]+/#).map { match in
                String(match.output.replacing(#/_(bucket|sum|count)$/#, with: ""))
            })
    }

    private func get(_ url: String) throws -> (status: Int, text: String) {
        let response = try Client(HTTP.Configuration()).perform(Request(url: url))
        return (response.status, String(decoding: response.body, as: UTF8.self))
    }

    @Test(
        "The real /metrics, the dashboard and the alert rules name the same metrics; a stall turns /readyz red, and is said once")
    func watched() throws {
        let shop = try ShopFixture(users: 20, settings: "admin: {listen: 127.0.0.1:0, stall_seconds: 1}")
        try shop.publish(Array(1...20))
        let errors = try shop.directory.write("err", "")
        let process = try Binary.start(["stream"], in: shop.directory.path, errors: errors)
        defer {
            kill(process.processIdentifier, SIGTERM)
            process.waitUntilExit()
        }
        func log() throws -> String { try String(contentsOfFile: errors, encoding: .utf8) }
        try eventually("it listens") { try log().contains("serves /metrics") || !process.isRunning }
        let address = try #require(try log().firstMatch(of: #/http://127\.0\.0\.1:[0-9]+/#)).output
        try eventually("everybody arrived") {
            try get("\(address)/metrics").text.contains("rollcall_ledger_productions_total 20\n")
        }
        try eventually("nothing is left") {
            let lags = try get("\(address)/metrics").text.split(separator: "\n").filter { $0.hasPrefix("rollcall_lag_records{") }
            return !lags.isEmpty && lags.allSatisfy { $0.hasSuffix(" 0") }
        }
        try checkNames(try get("\(address)/metrics").text, changeTopic: shop.stack.topics.users)

        #expect(try get("\(address)/healthz").status == 200)
        try eventually("green at first") { try get("\(address)/readyz").status == 200 }
        #expect(try get("\(address)/else").status == 404)
        let second = try Binary.run(
            [
                "stream", "--only", "intake", "--set", "admin.listen=\(address.dropFirst("http://".count))", "--set",
                "ledger.parked_path=other.sqlite",
            ], in: shop.directory.path)
        #expect(second.status == 2)
        #expect(second.errors.contains("rollcall: admin.listen: cannot listen on 127.0.0.1"), "\(second.errors)")

        let stallsBefore = try log().components(separatedBy: "the pipeline stands still").count
        try shop.stack.requireMapping().setFaults(MappingFaults(failure: .disconnect, errorRate: 1))
        try shop.publish([1])
        try eventually("red") { try get("\(address)/readyz").status == 503 }
        #expect(try get("\(address)/readyz").text.contains("enricher"))
        #expect(try get("\(address)/healthz").status == 200, "it lives, and waits")
        try shop.stack.requireMapping().clearFaults()
        try eventually("green again") { try get("\(address)/readyz").status == 200 }
        #expect(try log().components(separatedBy: "the pipeline stands still").count == stallsBefore + 1)
        try eventually("the end is said") { try log().contains("the pipeline moves on again") }
    }

    private func checkNames(_ text: String, changeTopic: String) throws {
        let names = Set(text.matches(of: #/# TYPE (rollcall_[a-z_]+) /#).map { String($0.output.1) })
        for family in StreamMetrics(sample: StreamSample()).families {
            let value = try Regex("(?m)^\(family.name)(_count)?[{ ]")
            #expect(text.firstMatch(of: value) != nil, "\(family.name) has no value although users went through")
        }
        #expect(text.contains("rollcall_end_to_end_seconds_count 20\n"))
        #expect(text.contains(#"rollcall_last_event_age_seconds{topic="\#(changeTopic)"}"#))
        let dashboard = try Self.metrics(in: Self.file("rollcall.json"))
        let rules = try Self.metrics(in: Self.file("alerts.yaml"))
        #expect(dashboard.subtracting(names) == [])
        #expect(rules.subtracting(names) == [])
        #expect(names.subtracting(dashboard) == [], "each metric has a place on the dashboard")
    }

    @Test("The documentation lists each metric as the program describes it")
    func documented() throws {
        let rows = StreamMetrics(sample: StreamSample()).families.map { "| `\($0.name)` | \($0.kind.rawValue) | \($0.help) |" }
        let documentation = try Self.file("README.md")
        #expect(documentation.split(separator: "\n").filter { $0.hasPrefix("| `rollcall_") }.map(String.init) == rows)
    }

    @Test("Each alert rule has an expression, and says what to do")
    func rules() throws {
        let rules = try #require(try Yams.compose(yaml: Self.file("alerts.yaml"))?["groups"]?[0]?["rules"]?.sequence)
        for rule in rules {
            #expect(rule["expr"]?.string != nil)
            #expect(rule["annotations"]?["action"]?.string != nil, "\(rule["alert"]?.string ?? "")")
        }
    }

    @Test(
        "A port alone is one of the loopback interface",
        arguments: [("9464", "127.0.0.1:9464"), ("0.0.0.0:9464", "0.0.0.0:9464"), ("localhost:1", nil), ("1.2.3.4", nil)])
    func listen(text: String, expected: String?) throws {
        let directory = try TemporaryDirectory()
        let settings = try? directory.load(completeYAML, set: [("admin.listen", text)])
        #expect(try settings?.value(EffectiveSettings.keys.admin.listen) == expected)
    }
}

@Suite("The status line of a stream")
struct StreamPaceTests {
    private func sample(events: Int, gods: Int, lag: Int64?, parked: Int = 0) -> StreamSample {
        var sample = StreamSample()
        var intake = HopCounts()
        intake.recordsIn = events
        var enricher = HopCounts()
        enricher.recordsOut = gods
        sample.counts = [.intake: intake, .enricher: enricher]
        sample.lag = lag.map { [.intake: [.init("t", 0): .init(records: $0, committed: 0)]] }
        sample.parked = parked > 0 ? [.notJSON: parked] : [:]
        return sample
    }

    @Test("shows rates, lag, what is parked, and when nothing will be left")
    func pace() {
        var pace = StreamPace()
        pace.add(sample(events: 0, gods: 0, lag: 20_000), atMs: 1_000)
        pace.add(sample(events: 6_000, gods: 3_000, lag: 15_000, parked: 3), atMs: 6_000)
        #expect(pace.text == "1,200 events/s  600 God objects/s  lag 15,000  3 parked  ETA 15.0 s")
    }

    @Test("promises no end while the lag grows, or is not known")
    func noETA() {
        var pace = StreamPace()
        pace.add(sample(events: 0, gods: 0, lag: 10), atMs: 0)
        pace.add(sample(events: 0, gods: 0, lag: 20), atMs: 1_000)
        #expect(pace.text == "0 events/s  0 God objects/s  lag 20  0 parked")
        pace.add(sample(events: 0, gods: 0, lag: nil), atMs: 2_000)
        #expect(pace.text == "0 events/s  0 God objects/s  lag unknown  0 parked")
    }
}
