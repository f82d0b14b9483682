import Domain
import Report

/// Finds out whether what an interrupted scan left is still good, and says why not.
struct ScanResumption {
    /// The journal of this run; nil where none is kept.
    var journal: ScanJournal?
    /// What the reader of the report should know about it.
    var note: String?

    /// - Parameter standing: How topics and ledgers stand now.
    init(
        _ settings: VerifySettings, _ source: any SourcePort, standing: Standing, startedAtMs: Int64
    ) throws {
        guard let path = settings.journalPath else { return }
        let facts = try source.serverFacts()
        let heading = ScanJournal.Heading(
            question: settings.scanQuestion(try source.encodingID()), serverID: facts.serverID, startedAtMs: startedAtMs,
            standing: standing)
        if settings.resumes {
            if let left = ScanJournal(opening: path) {
                let obstacle = try Self.obstacle(left, heading, end: try source.binlogEnd())
                guard let obstacle else {
                    note =
                        "resumed the scan that began at \(UTCTime(millisecondsSince1970: left.heading.startedAtMs)): \(left.rangesKept) key ranges were "
                        + "not read again, and are proven as of when they were read"
                    journal = left
                    return
                }
                note = "nothing was resumed: \(obstacle)"
            } else {
                note = "nothing was resumed: no interrupted scan left anything in \(path)"
            }
        }
        journal = try ScanJournal(creating: path, heading)
    }

    private static func obstacle(
        _ left: ScanJournal, _ now: ScanJournal.Heading, end: SourcePosition?
    ) throws -> String? {
        guard left.rangesKept > 0 else { return "the interrupted scan had not finished a single key range" }
        guard left.heading.question == now.question else { return "query, encoding or the type of ids were changed since" }
        guard left.heading.serverID == now.serverID else { return "another server answers than the one that was scanned" }
        // Behind a log that was begun anew, the ranges' positions could not be compared with a fence.
        if let read = left.newestPosition, let end, !end.hasReached(read) {
            return "the binary log ends at \(end), before \(read), where a range was read"
        }
        for (name, then) in left.heading.standing.topics.sorted(by: { $0.key < $1.key }) {
            guard let bounds = now.standing.topics[name] else { return "topic `\(name)` is read no longer" }
            guard bounds.count == then.count else { return "topic `\(name)` got more partitions" }
            for (partition, before) in then.sorted(by: { $0.key < $1.key }) {
                guard let bound = bounds[partition], bound.end >= before.end else {
                    return "topic `\(name)` was recreated: partition \(partition) ends before offset \(before.end)"
                }
            }
        }
        return nil
    }
}

extension VerifySettings {
    /// A digest of what decides how a row becomes a digest.
    ///
    /// - Parameter present: The encoding's id as the source tells it, which knows the types of the result's columns.
    func scanQuestion(_ present: String?) -> String {
        Digest(of: Array([present ?? encodingID, userIDKind.rawValue].joined(separator: "\u{1F}").utf8)).description
    }
}
