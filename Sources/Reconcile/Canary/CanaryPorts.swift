import Domain
import Kafka

/// The ports of a run, with the twins among what they show.
///
/// Only what is judged is read through these. Whom a smaller plan is about, how far the hops have come and what they signalled is
/// asked for without them.
struct CanaryPorts: ReconcilePorts {
    private let ports: any ReconcilePorts
    private let topics: VerifySettings.Topics
    let canaries: Canaries

    init(_ ports: any ReconcilePorts, _ topics: VerifySettings.Topics, _ canaries: Canaries) {
        self.ports = ports
        self.topics = topics
        self.canaries = canaries
    }

    func source() throws -> any SourcePort { CanarySource(try ports.source(), canaries) }

    func topic(_ name: String) throws -> any TopicPort {
        let stage: Stage
        switch name {
        case topics.aggregate: stage = .aggregate
        case topics.god: stage = .god
        default: return try ports.topic(name)
        }
        return CanaryTopic(try ports.topic(name), stage, canaries)
    }

    func ledger() throws -> any LedgerPort { CanaryLedger(try ports.ledger(), topics, canaries) }

    var clock: any ReconcileClock { ports.clock }
    func replicas() throws -> [NamedSource] { try ports.replicas() }
    func progress() throws -> any ProgressPort { try ports.progress() }
    func parked() throws -> any ParkedPort { try ports.parked() }
    func mappings() throws -> any MappingPort { try ports.mappings() }
    func replays() throws -> any ReplayPort { try ports.replays() }
    func cleanupPolicy(ofTopic name: String) throws -> String? { try ports.cleanupPolicy(ofTopic: name) }
    func concurrently(_ tasks: [@Sendable () throws -> Void]) throws { try ports.concurrently(tasks) }
}

/// Where a twin's record lies: in the partition of its own key, since it would be a stray elsewhere, and at an offset that no
/// partition reaches, which says where the original's record is.
enum CanaryAddress {
    private static let mark: Int64 = 1 << 62
    private static let offsetBits: Int64 = 42

    /// - Returns: Nil where the address is too large to be told in this way.
    static func of(_ original: RecordAddress, in partition: Int32) -> RecordAddress? {
        guard original.offset >> offsetBits == 0, original.partition < 1 << 19 else { return nil }
        return RecordAddress(partition: partition, offset: mark | Int64(original.partition) << offsetBits | original.offset)
    }

    /// The original's address; nil for an address that is no twin's.
    static func original(of address: RecordAddress) -> RecordAddress? {
        guard address.offset & mark != 0 else { return nil }
        let rest = address.offset & ~mark
        return RecordAddress(partition: Int32(rest >> offsetBits), offset: rest & ((1 << offsetBits) - 1))
    }
}

/// The ledgers, with the productions of twins.
private struct CanaryLedger: LedgerPort {
    private let port: any LedgerPort
    private let topics: VerifySettings.Topics
    private let canaries: Canaries

    init(_ port: any LedgerPort, _ topics: VerifySettings.Topics, _ canaries: Canaries) {
        self.port = port
        self.topics = topics
        self.canaries = canaries
    }

    func read(after position: LedgerPosition, _ body: (Production) throws -> Void) throws -> LedgerPosition {
        try port.read(after: position) { production in
            try body(production)
            guard let (twin, hash) = canaries.twin(of: production.user) else { return }
            canaries.sawProduction(of: hash)
            guard twin.alteration.showsProductions, let shown = shown(production, twin) else { return }
            canaries.countProduction()
            try body(shown)
        }
    }

    private func shown(_ production: Production, _ twin: Canaries.Twin) -> Production? {
        guard let god = address(production.god, twin, topics.god) else { return nil }
        var shown = production
        shown.user = twin.user
        shown.god = god
        shown.aggregate = address(production.aggregate, twin, topics.aggregate) ?? production.aggregate
        if twin.alteration == .changeGod, let digest = production.aggregateDigest {
            shown.aggregateDigest = Digest(rawValue: ~digest.rawValue)
        }
        return shown
    }

    private func address(_ original: RecordAddress, _ twin: Canaries.Twin, _ topic: String) -> RecordAddress? {
        guard let partitions = canaries.partitions(of: topic) else { return nil }
        return CanaryAddress.of(original, in: Partitioner.murmur2(key: twin.key, partitionCount: partitions))
    }

    func highestGodOffsets() throws -> [Int32: Int64] { try port.highestGodOffsets() }
    func marks() throws -> [LedgerMark] { try port.marks() }
}
