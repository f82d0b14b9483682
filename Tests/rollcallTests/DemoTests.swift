import Domain
import Foundation
import Sandbox
import Testing

@testable import rollcall

/// The demo as a user runs it: the binary, on a stack of its own.
@Suite("rollcall demo", .serialized, .timeLimit(.minutes(15)))
struct DemoTests {
    @Test("tells the whole story: every act comes out as planted, and nothing is left running")
    func story() throws {
        let directory = try TemporaryDirectory()
        let stack = directory.path + "/stack"
        let result = try Binary.run(
            ["demo", "--users", "150", "--directory", stack, "--json"], in: directory.path,
            environment: ["TMPDIR": directory.path])
        #expect(result.status == 0, "\(result.errors)")
        let document = try JSONValue(parsing: Array(result.output.utf8))
        #expect(document["ok"] == true)
        #expect(document["users"]?.integer == 150)
        guard case .array(let acts) = document["acts"] else {
            Issue.record("there are no acts")
            return
        }
        #expect(
            acts.map { $0["name"]?.text } == [
                "load", "stream", "verify while the shop is open", "break", "verify what was broken", "repair", "verify again",
            ])
        #expect(acts.map { $0["verdict"]?.text } == [nil, nil, "clean", nil, "differences", nil, "clean"])
        #expect(acts.map { $0["exit_code"]?.integer } == [0, 0, 0, 0, 1, 0, 0])
        #expect(acts.allSatisfy { $0["seconds"] != nil })
        for act in acts { #expect(act["planted"] == act["found"] || act["name"] == "break") }
        #expect(
            acts[4]["found"]?.members?.map(\.name).sorted() == [
                "aggregate/extra/no_change_event_seen", "aggregate/missing/no_change_event_seen",
                "aggregate/stale/no_change_event_seen", "god/missing/produced_then_absent",
            ])
        #expect(RunningProcesses.naming(directory.path).isEmpty)
        try SampleReport.check(againstDemoIn: directory.path)
    }

    @Test("leaves nothing running when it is killed in the middle")
    func killed() throws {
        let directory = try TemporaryDirectory()
        let stack = directory.path + "/stack"
        let log = try directory.write("log", "")
        let process = try Binary.start(
            ["demo", "--users", "100", "--directory", stack], in: directory.path, output: log, errors: log)
        // `rollcall stream` is the last part to come.
        let isUp = RunningProcesses.wait { RunningProcesses.naming(stack).contains { $0.contains("stream") } }
        let said = try String(contentsOfFile: log, encoding: .utf8)
        #expect(isUp, "\(said)")
        kill(process.processIdentifier, SIGKILL)
        process.waitUntilExit()
        #expect(process.terminationReason == .uncaughtSignal)
        #expect(RunningProcesses.wait { RunningProcesses.naming(stack).isEmpty })
    }
}

/// What runs on this machine, as the kernel tells it.
enum RunningProcesses {
    /// The command lines in which a path appears.
    static func naming(_ path: String) -> [String] {
        let names = (try? FileManager.default.contentsOfDirectory(atPath: "/proc")) ?? []
        return names.filter { Int($0) != nil }.compactMap { pid in
            guard let bytes = FileManager.default.contents(atPath: "/proc/\(pid)/cmdline") else { return nil }
            let line = String(decoding: bytes.map { $0 == 0 ? UInt8(ascii: " ") : $0 }, as: UTF8.self)
            return line.contains(path) ? line : nil
        }
    }

    /// Waits up to two minutes until `condition` holds.
    static func wait(until condition: () -> Bool) -> Bool {
        for _ in 0..<2_400 {
            if condition() { return true }
            usleep(50_000)
        }
        return condition()
    }
}
