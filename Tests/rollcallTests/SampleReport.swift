import Domain
import Foundation
import Testing

/// `reports/sample`, which `scripts/sample-report` makes: what of it is the same in each demo.
struct SampleReport: Equatable {
    var files: [String]
    var members: [String]
    var findingMembers: [String]
    var verdict: String?
    var causes: JSONValue?
    /// Stage, kind, cause, user and fields of each finding.
    var findings: [String]

    static let directory = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent().appendingPathComponent("reports/sample").path

    init(_ directory: String) throws {
        func bytes(_ name: String) throws -> [UInt8] { Array(try Data(contentsOf: URL(fileURLWithPath: "\(directory)/\(name)"))) }
        let report = try JSONValue(parsing: bytes("report.json"))
        let lines = try bytes("findings.ndjson").split(separator: 0x0A).map { try JSONValue(parsing: Array($0)) }
        files = try FileManager.default.contentsOfDirectory(atPath: directory).sorted()
        members = report.members?.map(\.name).sorted() ?? []
        findingMembers = lines.first?.members?.map(\.name).sorted() ?? []
        verdict = report["verdict"]?.text
        causes = report["causes"]
        findings = lines.map { line in
            ["stage", "kind", "cause", "user", "fields"].map { line[$0]?.description ?? "" }.joined(separator: " ")
        }.sorted()
    }

    /// Compares the sample with the report of a demo that the caller has just run.
    ///
    /// - Parameter temporary: The demo's TMPDIR.
    static func check(againstDemoIn temporary: String) throws {
        let demo = try #require(
            try FileManager.default.contentsOfDirectory(atPath: temporary).first { $0.hasPrefix("rollcall-demo-") })
        let reports = "\(temporary)/\(demo)/reports"
        let runs = try FileManager.default.contentsOfDirectory(atPath: reports).filter { $0.hasPrefix("2") }
        let made = try #require(try runs.map { try SampleReport("\(reports)/\($0)") }.first { $0.verdict == "differences" })
        let sample = try SampleReport(directory)
        #expect(sample == made, "reports/sample is out of date; scripts/sample-report makes it anew")
        let size = try sample.files.map {
            try FileManager.default.attributesOfItem(atPath: "\(directory)/\($0)")[.size] as? Int ?? 0
        }.reduce(0, +)
        #expect(size < 400_000, "a sample is to be small")
    }
}
