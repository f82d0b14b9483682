import Domain
import Report

/// How things stand after a run, as far as somebody would want to be told of a change.
struct Standing: Equatable {
    var verdict: Verdict
    var complete: Bool
    /// Who differs, and how: the same for the same findings in any order.
    var fingerprint: String
    /// Findings in all.
    var differences = 0
    /// Of them, those that nobody was told of yet.
    var untold = 0
    /// When the oldest of them was first seen.
    var oldest: UTCTime?
    /// When the run ended.
    var at: UTCTime

    /// A run that left no report.
    init(failedAt time: UTCTime) {
        verdict = .error
        complete = false
        fingerprint = FindingSum().text
        at = time
    }

    /// Reads the run's findings once, whatever their number, in the memory of one.
    ///
    /// - Parameter told: When somebody was last told; nil for never.
    /// - Throws: ``ReportError``.
    init(_ report: RunReport, _ store: ReportStore, since told: UTCTime?) throws(ReportError) {
        verdict = report.verdict
        complete = report.complete
        at = report.finishedAt
        var sum = FindingSum()
        let findings = try store.load(.run(report.runID)).findings()
        while let line = try findings.next() {
            sum.add(line)
            differences += 1
            if told.map({ line.firstSeen > $0 }) ?? true { untold += 1 }
            oldest = min(oldest ?? line.firstSeen, line.firstSeen)
        }
        fingerprint = sum.text
    }

    /// Whether somebody who was told of the other would learn something new.
    func isSame(as told: NotifiedState) -> Bool {
        // What an incomplete or void run found is a part of the truth, and no news if it is a smaller part.
        verdict == told.verdict && (verdict == .incomplete || verdict == .error || fingerprint == told.fingerprint)
    }

    /// Which day of trouble it is, the first one being 1; nil where nothing is found.
    var day: Int? {
        guard let oldest else { return nil }
        let dayMs: Int64 = 86_400_000
        return Int(at.millisecondsSince1970 / dayMs - oldest.millisecondsSince1970 / dayMs) + 1
    }
}

/// A digest of a set of findings: the sum, modulo 2^64 twice, of the digests of its members. A sum, and not an exclusive or, so
/// that two equal members do not cancel each other.
private struct FindingSum {
    private var first: UInt64 = 0
    private var second: UInt64 = 0

    mutating func add(_ line: FindingLine) {
        let bytes = Array("\(line.stage.rawValue)/\(line.kind.rawValue)/".utf8) + line.user.keyBytes
        first &+= Digest(of: bytes).rawValue
        second &+= Digest(of: [0] + bytes).rawValue
    }

    var text: String { "\(Digest(rawValue: first))\(Digest(rawValue: second))" }
}
