import Domain
import Foundation
import Report
import Testing
import Yams

@testable import rollcall

@Suite("The textfile tells Prometheus of the last run")
struct RunMetricsTests {
    private static let scripts = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent().deletingLastPathComponent().appendingPathComponent("scripts")

    private static func file(_ name: String) throws -> String {
        try String(contentsOf: scripts.appendingPathComponent(name), encoding: .utf8)
    }

    private let families = RunMetrics(verdict: .clean, finishedAt: UTCTime(millisecondsSince1970: 0)).families

    @Test("A night with differences, one without a verdict and a clean one: times, verdict and counts, readable for everybody")
    func nights() throws {
        let world = try NightlyWorld()
        func text() throws -> String { try String(contentsOfFile: world.textfile, encoding: .utf8) }
        func value(_ line: String) throws -> Double? {
            let found = try text().split(separator: "\n").first { $0.hasPrefix(line + " ") }
            return found.flatMap { Double($0.dropFirst(line.count + 1)) }
        }
        _ = try world.night(1, .found(["a", "b"]))
        #expect(try value(#"rollcall_run_findings{stage="aggregate",kind="missing"}"#) == 2)
        #expect(try value(#"rollcall_run_verdict{verdict="differences"}"#) == 1)
        #expect(try value("rollcall_run_coverage_ratio") == 1)
        #expect(try value("rollcall_run_last_clean_timestamp_seconds") == nil, "there was none")
        let complete = try #require(try value("rollcall_run_last_complete_timestamp_seconds"))
        _ = try world.night(2, .failed)
        #expect(try value("rollcall_run_last_complete_timestamp_seconds") == complete, "a void run is none")
        #expect(try value("rollcall_run_last_timestamp_seconds") == complete + 86_400)
        #expect(try value("rollcall_run_exit_code") == 2)
        _ = try world.night(3, .found([]))
        #expect(try value("rollcall_run_last_clean_timestamp_seconds") == complete + 2 * 86_400)
        #expect(try value("rollcall_run_duration_seconds") == 300)

        let attributes = try FileManager.default.attributesOfItem(atPath: world.textfile)
        #expect(attributes[.posixPermissions] as? Int == 0o644)
        let names = try FileManager.default.contentsOfDirectory(atPath: world.directory.path)
        #expect(names.filter { $0.contains(".tmp") } == [])
        for line in try text().split(separator: "\n") where !line.hasPrefix("#") {
            #expect(
                line.wholeMatch(of: #/[a-z_]+(\{[a-z]+="[a-z]+"(,[a-z]+="[a-z]+")*\})? -?[0-9.]+(e[+-]?[0-9]+)?/#) != nil,
                "\(line)")
        }
    }

    @Test("The documentation lists each metric as the program describes it")
    func documented() throws {
        let rows = families.map { "| `\($0.name)` | \($0.kind.rawValue) | \($0.help) |" }
        let documentation = try Self.file("systemd/README.md")
        #expect(documentation.split(separator: "\n").filter { $0.hasPrefix("| `rollcall_") }.map(String.init) == rows)
    }

    @Test("Each alert rule names metrics that exist, and says what to do")
    func rules() throws {
        let text = try Self.file("grafana/alerts-runs.yaml")
        let named = Set(text.matches(of: #/rollcall_[a-z_]+/#).map { String($0.output) })
        #expect(named.subtracting(families.map(\.name)) == [])
        let rules = try #require(try Yams.compose(yaml: text)?["groups"]?[0]?["rules"]?.sequence)
        #expect(rules.count >= 5)
        for rule in rules {
            #expect(rule["expr"]?.string != nil)
            #expect(rule["annotations"]?["action"]?.string != nil, "\(rule["alert"]?.string ?? "")")
        }
    }

    @Test("The commands of units and documentation are commands that this program knows")
    func unitsCallCommands() throws {
        let unit = try Self.file("systemd/rollcall-reconcile.service")
        let lines = unit.split(separator: "\n").filter { $0.hasPrefix("ExecStart=") }.map { $0.dropFirst("ExecStart=".count) }
        let pages = ["systemd/README.md", "../README.md", "../Sources/rollcall/Documentation.docc/RunningIt.md"]
        let cron = try pages.flatMap { try Self.file($0).split(separator: "\n").filter { $0.hasPrefix("15 3 * * *") } }
            .map { $0.dropFirst("15 3 * * *".count) }
        #expect(lines.count == 1 && cron.count == pages.count)
        for line in lines + cron {
            let words = line.split(separator: " ").map(String.init)
            #expect(words.first == "/usr/local/bin/rollcall")
            #expect(throws: Never.self) { try Rollcall.parseAsRoot(Array(words.dropFirst())) }
        }
    }
}
