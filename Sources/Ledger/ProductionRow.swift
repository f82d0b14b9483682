import Domain
import SQLite

/// Writes productions into rows, and reads them back.
enum ProductionRow {
    static let insert = """
        INSERT INTO productions (user, god_partition, god_offset, god_digest, aggregate_partition, aggregate_offset,
            aggregate_digest, version, mapping_digest, produced_at_ms, id) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
        """

    /// The id of the last production, also where it has been forgotten; 0 where there was never one.
    static let lastID = """
        SELECT coalesce(
            (SELECT max(id) FROM productions), (SELECT CAST(value AS INTEGER) FROM meta WHERE key = 'last_id'), 0)
        """

    /// The id that the next production must have because nothing is left of those before; no row where SQLite may choose it.
    static let idAfterNothingLeft = """
        SELECT CAST(value AS INTEGER) + 1 FROM meta WHERE key = 'last_id' AND NOT EXISTS (SELECT 1 FROM productions)
        """

    /// The columns that `Decoder` reads, in its order.
    static let columns = """
        id, user, god_partition, god_offset, god_digest, aggregate_partition, aggregate_offset, aggregate_digest, version,
        mapping_digest, produced_at_ms
        """

    /// - Parameter id: The row's id; nil for one more than the highest.
    static func insert(_ production: Production, id: Int64? = nil, with statement: Statement) throws {
        try statement.bind(utf8Blob: production.user.text, at: 0)
        try statement.bind(integer: Int64(production.god.partition), at: 1)
        try statement.bind(integer: production.god.offset, at: 2)
        try statement.bind(.bits(production.godDigest?.rawValue), at: 3)
        try statement.bind(integer: Int64(production.aggregate.partition), at: 4)
        try statement.bind(integer: production.aggregate.offset, at: 5)
        try statement.bind(.bits(production.aggregateDigest?.rawValue), at: 6)
        try statement.bind(.text(production.version?.description), at: 7)
        try statement.bind(.bits(production.mappingDigest?.rawValue), at: 8)
        try statement.bind(integer: production.producedAtMs, at: 9)
        try statement.bind(id.map { .integer($0) } ?? .null, at: 10)
        try statement.runBound()
    }

    /// Reads rows one after the other. Neighbours mostly share their version, because a batch of aggregates is read in one
    /// snapshot, so the last one is kept parsed.
    struct Decoder {
        let path: String
        private var lastVersionText: String?
        private var lastVersion: SourcePosition?

        init(path: String) {
            self.path = path
        }

        mutating func production(_ row: Row) throws -> Production {
            let id = row.int64(0) ?? 0
            return try Production(
                user: UserID(row.text(1) ?? ""),
                god: address(row, 2, id: id),
                godDigest: row.bits(4).map(Digest.init(rawValue:)),
                aggregate: address(row, 5, id: id),
                aggregateDigest: row.bits(7).map(Digest.init(rawValue:)),
                version: version(row.text(8), id: id),
                mappingDigest: row.bits(9).map(Digest.init(rawValue:)),
                producedAtMs: row.int64(10) ?? 0)
        }

        private func address(_ row: Row, _ column: Int, id: Int64) throws -> RecordAddress {
            guard let partition = Int32(exactly: row.int64(column) ?? -1) else {
                throw LedgerError(.damaged, path: path, "production \(id) has a partition that no topic has")
            }
            return RecordAddress(partition: partition, offset: row.int64(column + 1) ?? -1)
        }

        private mutating func version(_ text: String?, id: Int64) throws -> SourcePosition? {
            guard let text else { return nil }
            if text == lastVersionText { return lastVersion }
            guard let version = SourcePosition(text) else {
                throw LedgerError(.damaged, path: path, "production \(id) has a version that is no position: \(text.prefix(80))")
            }
            lastVersionText = text
            lastVersion = version
            return version
        }
    }
}
