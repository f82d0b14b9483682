import Domain
import Kafka

/// The productions of all ledgers, parted by user.
struct SpilledLedger: Sendable {
    var spill: Spill
    private(set) var position = LedgerPosition()
    private(set) var productions = 0
    private let kind: UserIDKind
    private let godPartitions: Int
    /// Whose productions are kept; nil for everyone's.
    private let filter: DueFilter?

    /// Reads everything that the ledgers hold now.
    ///
    /// - Parameter godPartitions: How many partitions the God topic has, which says where productions are at home.
    init(_ port: any LedgerPort, kind: UserIDKind, godPartitions: Int, shape: Spill.Shape, only filter: DueFilter? = nil)
        throws
    {
        self.kind = kind
        self.godPartitions = godPartitions
        self.filter = filter
        spill = Spill(shape)
        try advance(port)
    }

    /// Reads what was appended since.
    mutating func advance(_ port: any LedgerPort) throws {
        var payload = PayloadWriter()
        position = try port.read(after: position) { production in
            productions += 1
            let text = production.user.keyBytes
            let key = kind.key(text.span.bytes)
            if let filter, !filter.covers(key) { return }
            let home = Partitioner.murmur2(key: text, partitionCount: godPartitions)
            payload.removeAll()
            // First, so that the comparison finds it without reading the rest.
            payload.add(production.aggregateDigest)
            payload.add(production)
            try spill.append(
                SpillEntry(
                    key: key, digest: production.godDigest, address: production.god,
                    isStray: production.god.partition != home, payloadBytes: payload.bytes.count),
                payload: payload.bytes)
        }
    }

    /// The digest of the aggregate that a production was made from, out of its payload.
    static func aggregateDigest(in payload: UnsafeRawBufferPointer) -> Digest? {
        guard payload.count >= 9, payload[0] == 1 else { return nil }
        return Digest(rawValue: UInt64(littleEndian: payload.loadUnaligned(fromByteOffset: 1, as: UInt64.self)))
    }

    /// The production that an entry stands for.
    static func production(in payload: [UInt8]) throws -> Production {
        var reader = PayloadReader(payload)
        _ = try reader.digest()
        return try reader.production()
    }
}
