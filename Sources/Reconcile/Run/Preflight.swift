import Domain
import Source

/// What is looked at before anything is read, so that a run which cannot prove anything ends at once, and one that proves less says so.
struct Preflight {
    private let settings: VerifySettings
    private let ports: any ReconcilePorts

    init(_ settings: VerifySettings, _ ports: any ReconcilePorts) {
        self.settings = settings
        self.ports = ports
    }

    /// - Returns: What a reader of the report should know.
    /// - Throws: ``ReconcileError/topicRecreated(topic:partition:end:recorded:)`` when a ledger lists an offset that the God topic has
    ///   not reached.
    func check(_ source: any SourcePort) throws -> [String] {
        try checkGodTopic()
        return try policyNotes() + binlogNotes(try source.serverFacts())
    }

    /// The ledgers are read before the topic's ends are taken: whatever they list by then, the topic has.
    private func checkGodTopic() throws {
        guard settings.stages.contains(.god) else { return }
        let recorded = try ports.ledger().highestGodOffsets()
        let god = try ports.topic(settings.topics.god)
        defer { god.close() }
        let bounds = try god.bounds()
        for (partition, offset) in recorded.sorted(by: { $0.key < $1.key }) {
            let end = bounds[partition]?.end ?? 0
            guard offset >= end else { continue }
            throw ReconcileError.topicRecreated(topic: god.name, partition: partition, end: end, recorded: offset)
        }
    }

    private func policyNotes() throws -> [String] {
        let topics = [settings.topics.aggregate] + (settings.stages.contains(.god) ? [settings.topics.god] : [])
        return try topics.compactMap { topic in
            guard let policy = try ports.cleanupPolicy(ofTopic: topic) else { return nil }
            let words = policy.split(separator: ",").map { String($0.trimmingPrefix { $0.isWhitespace }) }
            guard words != ["compact"] else { return nil }
            return "topic \(topic) is not compacted (cleanup.policy is \(policy)): users who do not change will vanish from it"
        }
    }

    private func binlogNotes(_ facts: SourceFacts) -> [String] {
        guard settings.hasConnector else { return [] }
        var notes: [String] = []
        if let format = facts.binlogFormat, format.uppercased() != "ROW" {
            notes.append("the source logs \(format), not ROW (binlog_format): statements would reach no change event")
        }
        if let image = facts.rowImage, image.uppercased() != "FULL" {
            notes.append("the source logs \(image) rows, not FULL ones (binlog_row_image): a change event may lack its user")
        }
        return notes
    }
}
