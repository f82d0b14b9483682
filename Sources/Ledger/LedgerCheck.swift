import Domain
import SQLite

/// Something about a ledger that is not as it should be.
public struct LedgerProblem: Sendable, Hashable, CustomStringConvertible {
    /// The kinds of problems. The raw values are codes for JSON output: a contract.
    public enum Code: String, Sendable, CaseIterable {
        /// SQLite finds the file damaged.
        case damaged
        /// A table or trigger is missing, or a strange one is there.
        case schema
        /// A row holds what no writer writes.
        case badRow = "bad_row"
        /// Two rows describe one God record in different ways.
        case contradiction
        /// The highest offsets that the ledger keeps apart are not those of its rows.
        case wrongHighestOffset = "wrong_highest_offset"
        /// A row has a lower God offset than an earlier row of its partition. Harmless: a worker that lost its partition
        /// recorded late, or the ledger was rebuilt.
        case outOfOrder = "out_of_order"
    }

    /// What kind of problem it is.
    public var code: Code
    /// What was found, in words.
    public var message: String

    /// Whether the ledger must not be trusted because of it.
    public var isSerious: Bool { code != .outOfOrder }

    /// The message with its code.
    public var description: String { "\(code.rawValue): \(message)" }
}

extension LedgerReader {
    /// Examines the file and every production in it. Reads the ledger several times, and sorts it in a temporary file.
    ///
    /// Application id, schema version and readability were checked when the ledger was opened.
    ///
    /// - Returns: At most a few hundred problems; empty where all is well.
    /// - Throws: ``LedgerError`` where the check itself could not run to its end.
    public func check() throws -> [LedgerProblem] {
        try snapshot {
            let damage = try database.integrityCheck().map { LedgerProblem(code: .damaged, message: $0) }
            guard damage.isEmpty else { return damage }
            let schema = try schemaProblems()
            guard schema.isEmpty else { return schema }
            return try rowProblems() + contradictions() + highestOffsetProblems() + orderProblems()
        }
    }

    private func schemaProblems() throws -> [LedgerProblem] {
        let expected: Set = ["meta", "productions", "god_partitions", "productions_are_append_only"]
        var found: Set<String> = []
        // SQLite's own tables begin with "sqlite_"; ANALYZE, say, adds one.
        try database.prepare("SELECT name FROM sqlite_schema WHERE name NOT GLOB 'sqlite_*'").forEach { row in
            found.insert(row.text(0) ?? "")
        }
        return expected.subtracting(found).sorted().map { LedgerProblem(code: .schema, message: "\($0) is missing") }
            + found.subtracting(expected).sorted().map { LedgerProblem(code: .schema, message: "\($0) is none of ours") }
    }

    private func rowProblems() throws -> [LedgerProblem] {
        var problems: [LedgerProblem] = []
        let select = """
            SELECT id FROM productions
            WHERE length(user) = 0 OR god_offset < 0 OR aggregate_offset < 0
               OR god_partition NOT BETWEEN 0 AND 2147483647 OR aggregate_partition NOT BETWEEN 0 AND 2147483647
            ORDER BY id LIMIT 100
            """
        try database.prepare(select).forEach { row in
            problems.append(
                LedgerProblem(
                    code: .badRow, message: "production \(row.int64(0) ?? 0) has no user, or an address that no record has"))
        }
        let versions = "SELECT version, min(id) FROM productions WHERE version IS NOT NULL GROUP BY version"
        try database.prepare(versions).forEach { row in
            guard let text = row.text(0), SourcePosition(text) == nil, problems.count < 200 else { return }
            problems.append(
                LedgerProblem(
                    code: .badRow,
                    message: "production \(row.int64(1) ?? 0) has a version that is no position: \(text.prefix(80))"))
        }
        return problems
    }

    private func contradictions() throws -> [LedgerProblem] {
        // NULL counts in no aggregate, so a column differs where it has two values, or one value and a NULL.
        let differs = [
            "user", "god_digest", "aggregate_partition", "aggregate_offset", "aggregate_digest", "version", "mapping_digest",
        ]
        .map { "min(\($0)) IS NOT max(\($0)) OR count(\($0)) NOT IN (0, count(*))" }
        .joined(separator: " OR ")
        let select = """
            SELECT god_partition, god_offset, count(*), min(id), max(id) FROM productions
            GROUP BY god_partition, god_offset HAVING count(*) > 1 AND (\(differs)) LIMIT 100
            """
        var problems: [LedgerProblem] = []
        try database.prepare(select).forEach { row in
            let address = "\(row.int64(0) ?? 0):\(row.int64(1) ?? 0)"
            problems.append(
                LedgerProblem(
                    code: .contradiction,
                    message: "\(row.int64(2) ?? 0) productions describe the God record \(address) differently "
                        + "(ids \(row.int64(3) ?? 0) to \(row.int64(4) ?? 0))"))
        }
        return problems
    }

    private func highestOffsetProblems() throws -> [LedgerProblem] {
        var actual: [Int32: Int64] = [:]
        try database.prepare("SELECT god_partition, max(god_offset) FROM productions GROUP BY god_partition").forEach { row in
            guard let partition = row.int64(0).flatMap(Int32.init(exactly:)) else { return }
            actual[partition] = row.int64(1)
        }
        let noted = try LedgerConnection.readHighestGodOffsets(database)
        // Where a user was forgotten, the highest production of a partition may have been theirs.
        let mayBeHigher = try database.prepare("SELECT 1 FROM meta WHERE key = 'forgot_at_ms'").first { _ in true } ?? false
        func isWrong(_ partition: Int32) -> Bool {
            actual[partition] != noted[partition]
                && !(mayBeHigher && noted[partition] ?? -1 > actual[partition] ?? -1)
        }
        return Set(actual.keys).union(noted.keys).sorted().filter(isWrong).prefix(100).map { partition in
            let (noted, actual) = (noted[partition].map(String.init) ?? "none", actual[partition].map(String.init) ?? "none")
            return LedgerProblem(
                code: .wrongHighestOffset,
                message: "the highest offset of partition \(partition) is \(actual), but noted as \(noted)")
        }
    }

    private func orderProblems() throws -> [LedgerProblem] {
        var highest: [Int64: Int64] = [:]
        var lower: [Int64: (count: Int, firstID: Int64)] = [:]
        try database.prepare("SELECT id, god_partition, god_offset FROM productions ORDER BY id").forEach { row in
            let (partition, offset) = (row.int64(1) ?? 0, row.int64(2) ?? 0)
            if offset < highest[partition] ?? -1 {
                lower[partition, default: (0, row.int64(0) ?? 0)].count += 1
            } else {
                highest[partition] = offset
            }
        }
        return lower.sorted { $0.key < $1.key }.prefix(100).map { partition, found in
            LedgerProblem(
                code: .outOfOrder,
                message: "\(found.count) productions of partition \(partition) were recorded after a later record, "
                    + "the first with id \(found.firstID)")
        }
    }
}
