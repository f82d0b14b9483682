import Domain

/// What goes on while a run judges: the topics and ledgers, from where the first reading came to.
final class Tails {
    let aggregate: TopicTail
    /// Nil when only the aggregate stage is judged, as is the ledger.
    let god: TopicTail?
    let ledger: (any LedgerPort)?
    let parked: any ParkedPort

    init(_ settings: VerifySettings, _ reading: Reading, _ ports: any ReconcilePorts) throws {
        parked = try ports.parked()
        aggregate = TopicTail(try ports.topic(settings.topics.aggregate), resuming: reading.aggregate.progress)
        god = try reading.god.map { TopicTail(try ports.topic(settings.topics.god), resuming: $0.progress) }
        ledger = reading.ledger == nil ? nil : try ports.ledger()
    }

    /// Adds to the reading what came since. The God topic is read before the ledger: a production is recorded only after it was
    /// acknowledged, so whatever the God topic shows now, the ledger is about to tell.
    ///
    /// - Throws: ``ReconcileError/topicRecreated(topic:partition:end:recorded:)`` when a ledger lists an offset that the God topic has
    ///   not reached: it is the ledger of an earlier life of the topic.
    func catchUp(_ reading: inout Reading, _ kind: UserIDKind) throws {
        try reading.aggregate.advance(aggregate, kind: kind)
        let recorded = try ledger?.highestGodOffsets() ?? [:]
        if let god {
            try reading.god?.advance(god, kind: kind)
            for (partition, offset) in recorded.sorted(by: { $0.key < $1.key }) {
                let end = reading.god?.progress.ends[partition] ?? 0
                guard offset >= end else { continue }
                throw ReconcileError.topicRecreated(topic: god.name, partition: partition, end: end, recorded: offset)
            }
        }
        if let ledger { try reading.ledger?.advance(ledger) }
        // Last, so that whoever was processed meanwhile is no longer open here.
        try reading.parked.read(parked, kind: kind)
    }

    func close() {
        aggregate.close()
        god?.close()
    }
}
