import Domain
import Foundation
import Kafka
import Ledger
import MySQL
import Report
import Sandbox
import Synchronization
import Testing

@testable import Reconcile
@testable import rollcall

extension EndToEnd {
    @Suite("A run that proves nothing says so")
    struct UnprovenRunTests {
        @Test("of a source without rows")
        func emptySource() throws {
            let live = try LivePipeline.current()
            let query = LiveSettings.query.replacing("FROM users u", with: "FROM nobody u")
            let file = try LiveSettings.write(
                live.stack, reports: live.reports, named: "empty.yaml", query: query, usersTable: "nobody")
            let roll = try live.verify(SettingsLoader(file: file, environment: [:]).load())
            #expect(roll.report.verdict == .error)
            #expect(roll.report.exitCode == 2)
            #expect(roll.findings.isEmpty)
            #expect(roll.report.reason?.contains("--allow-empty") == true, "\(roll.report.reason ?? "")")
        }

        @Test("of a topic that does not exist")
        func missingTopic() throws {
            let live = try LivePipeline.current()
            let file = try LiveSettings.write(live.stack, reports: live.reports, named: "missing.yaml", god: "rollcall.absent")
            let roll = try live.verify(SettingsLoader(file: file, environment: [:]).load())
            #expect(roll.report.verdict == .error)
            #expect(roll.findings.isEmpty)
            #expect(roll.report.reason?.contains("rollcall.absent") == true)
        }

        @Test("of topics that were made anew since the last run")
        func recreatedTopics() throws {
            let live = try LivePipeline.current()
            try live.expectClean("so that the history knows how far the topics went")
            let anew = try NewBroker(live)
            let roll = try live.verify(anew.settings)
            #expect(roll.report.verdict == .error)
            #expect(roll.findings.isEmpty)
            #expect(roll.report.reason?.contains("was recreated") == true)
            try live.expectClean("on the broker that has the topics")
        }

        @Test("of a God topic that ends before what the ledger lists, though no earlier run is known")
        func recreatedTopicsWithoutHistory() throws {
            let live = try LivePipeline.current()
            let anew = try NewBroker(live)
            let elsewhere = ReportsDirectory()
            let roll = try live.verify(anew.settings, reports: elsewhere.path, adjust: { $0.fenceTimeoutMs = 200 })
            #expect(roll.report.verdict == .error)
            #expect(roll.findings.isEmpty)
            #expect(roll.report.reason?.contains("was recreated") == true)
        }

        @Test("of a source that another server took over from")
        func failover() throws {
            let live = try LivePipeline.current()
            let connector = try live.stack.requireConnector()
            connector.pause()
            defer { connector.resume() }
            try live.produce(
                OutgoingRecord(
                    topic: live.topics.offsets, key: Array(#"["shop",{"server":"\#(live.stack.connectorServer)"}]"#.utf8),
                    value: Array(#"{"ts_sec":1,"file":"binlog.000001","pos":4,"server_id":99}"#.utf8)))
            let roll = try live.verify(adjust: { $0.fenceTimeoutMs = 1_000 })
            #expect(roll.report.verdict == .error)
            #expect(roll.findings.isEmpty)
            #expect(roll.report.reason?.contains("cannot be compared") == true)
            connector.resume()
            try live.change("INSERT INTO users (user_id, email) VALUES (4101, 'moves the log')")
            try live.wait(until: "the connector commits an offset of its own again") {
                var newest: [UInt8]?
                try live.read(live.topics.offsets) { newest = $0.value }
                return newest.flatMap { ConnectorOffset(value: $0) }?.position.server != 99
            }
            try live.expectClean("once the connector reads from this server again")
        }

        @Test("while another run is under way, and leaves that one alone")
        func secondRun() throws {
            let live = try LivePipeline.current()
            let second = Mutex<Result<Void, any Error>?>(nil)
            let roll = try live.verify(onPhase: { phase in
                guard phase == "fence" else { return }
                let result = Result { _ = try live.verify() }
                second.withLock { $0 = result }
            })
            #expect(throws: LedgerError.self) { try second.withLock { $0 }?.get() }
            if case .failure(let error as LedgerError) = second.withLock({ $0 }) { #expect(error.code == .locked) }
            #expect(roll.report.verdict == .clean)
        }

        @Test("when it is terminated: no half report, and the code of the signal")
        func terminated() throws {
            let live = try LivePipeline.current()
            let connector = try live.stack.requireConnector()
            let before = try reportsOnDisk(live)
            let nonce = try live.nonce()
            connector.pause()
            defer { connector.resume() }
            let process = Process()
            process.executableURL = URL(fileURLWithPath: try RollcallBinary.locate())
            process.arguments = ["verify", "--config", live.settingsFile]
            process.standardOutput = FileHandle.nullDevice
            process.standardError = FileHandle.nullDevice
            try process.run()
            try live.wait(until: "the run waits at its fence") { try live.nonce() != nonce }
            process.terminate()
            process.waitUntilExit()
            connector.resume()
            #expect(process.terminationReason == .exit)
            #expect(process.terminationStatus == 143)
            #expect(try reportsOnDisk(live) == before)
            try live.expectClean("the next run finds no lock in its way")
        }

        private func reportsOnDisk(_ live: LivePipeline) throws -> Set<String> {
            // What an interrupted scan had read is kept for a run with --resume.
            Set(
                try FileManager.default.contentsOfDirectory(atPath: live.reports).filter {
                    !$0.hasPrefix("history.sqlite") && $0 != "scan.journal"
                })
        }
    }
}

/// Another broker, with empty topics of the same names, and settings that lead to it.
private struct NewBroker {
    let settings: EffectiveSettings
    private let broker: SandboxBroker
    private let directory = ReportsDirectory()

    init(_ live: LivePipeline) throws {
        let names = live.topics
        let wide = [names.users, names.preferences, names.signals, names.aggregate, names.god]
        let topics = wide.map { SandboxTopic($0, partitions: live.stack.partitions) }
        broker = try SandboxBroker(topics: topics + [SandboxTopic(names.offsets, partitions: 1)], directory: directory.path)
        let file = try LiveSettings.write(
            live.stack, reports: live.reports, named: "new-broker.yaml", bootstrap: broker.bootstrap)
        settings = try SettingsLoader(file: file, environment: [:]).load()
    }
}

extension LivePipeline {
    /// What a fence wrote last.
    fileprivate func nonce() throws -> String? {
        let connection = try Connection(stack.connectionSettings())
        defer { connection.close() }
        let result = try connection.query("SELECT nonce FROM rollcall_fence WHERE id = 1")
        return result.rowCount > 0 ? result.text(0, 0) : nil
    }
}
