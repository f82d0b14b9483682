import Domain
import Foundation
import Report
import Testing

@testable import Reconcile

extension World {
    static var settings: VerifySettings {
        var settings = VerifySettings(
            userIDKind: .integer,
            topics: .init(changes: [Topic.changes], signals: Topic.signals, aggregate: Topic.aggregate, god: Topic.god),
            groups: .init(intake: "intake", aggregate: "aggregator", enrich: "enricher"), hasConnector: true, encodingID: "e1",
            configDigest: "test")
        settings.chunkRows = 7
        return settings
    }

    /// Calls the roll, and returns the report together with its findings as `user stage kind cause`.
    func verify(
        _ settings: VerifySettings = World.settings, reach: PlanSettings = PlanSettings(),
        in directory: ReportsDirectory = ReportsDirectory()
    ) throws -> (report: RunReport, findings: [String]) {
        let outcome = try Verification(settings, reach: reach, ports: WorldPorts(world: self))
            .run(reports: directory.path, history: directory.path + "/history.sqlite")
        let stored = try ReportStore(directory: directory.path).load(.latest)
        #expect(stored.report.verdict == outcome.report.verdict)
        var findings: [String] = []
        let lines = try stored.findings()
        while let line = try lines.next() {
            findings.append("\(line.user) \(line.stage.rawValue) \(line.kind.rawValue) \(line.causeCode ?? "-")")
        }
        return (outcome.report, findings.sorted())
    }

    func stick(_ hop: String) { state.withLock { _ = $0.stuck.insert(hop) } }
}

/// A directory for reports that goes when the test does.
final class ReportsDirectory: Sendable {
    let path = NSTemporaryDirectory() + "rollcall-reports-" + UUID().uuidString

    init() {
        try? FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
    }

    deinit { try? FileManager.default.removeItem(atPath: path) }
}
