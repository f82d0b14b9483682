import Domain
import Ledger
import Report

/// What a run over everyone will probably read, from statistics and offsets alone: nothing is scanned for it.
public struct Forecast: Sendable, Equatable {
    /// Rows of the users table, as the server's statistics guess; nil where they say nothing.
    public var rows: Int?
    /// Bytes of that table, as guessed.
    public var tableBytes: Int?
    /// Offsets between the beginnings and the ends of the topics that are folded: records at most.
    public var records: Int
    /// Productions that the ledgers list, at most; nil when none is read.
    public var productions: Int?
    /// Milliseconds that reading will probably take; nil where nobody knows how many rows there are.
    public var milliseconds: Int64?
    /// The rows per second that this rests on.
    public var rowsPerSecond: Int
    /// Whether an earlier run was that fast; otherwise it is a guess, or the limit of the settings.
    public var isMeasured: Bool

    /// What a single connection to a server nearby shows, with room for slower ones.
    private static let guessedRowsPerSecond = 200_000

    /// - Parameters:
    ///   - standing: How the topics and ledgers stand now.
    ///   - rowsPerSecond: How fast an earlier run over everyone was.
    init(_ settings: VerifySettings, _ ports: any ReconcilePorts, _ standing: Standing, rowsPerSecond: Int?) throws {
        let source = try ports.source()
        defer { source.close() }
        let estimate = try source.estimate()
        rows = estimate.rows
        tableBytes = estimate.bytes
        let folded = [settings.topics.aggregate] + (settings.stages.contains(.god) ? [settings.topics.god] : [])
        records = folded.reduce(0) { sum, topic in
            (standing.topics[topic] ?? [:]).values.reduce(sum) { $0 + Int(max(0, $1.end - $1.low)) }
        }
        productions =
            settings.stages.contains(.god) ? standing.ledgers.reduce(0) { $0 + Int(clamping: $1.lastID) } : nil
        let speed = rowsPerSecond ?? Self.guessedRowsPerSecond
        self.rowsPerSecond = max(1, min(speed, settings.maxRowsPerSecond ?? .max))
        isMeasured = rowsPerSecond == self.rowsPerSecond
        milliseconds = rows.map { Int64($0) * 1_000 / Int64(self.rowsPerSecond) }
    }

    /// What a run with these settings will probably read.
    ///
    /// - Parameter historyPath: Where earlier runs are remembered, which tell how fast they were; it may be missing.
    /// - Throws: What the source, the brokers and the ledgers throw.
    public init(_ settings: VerifySettings, ports: any ReconcilePorts, historyPath: String) throws {
        let earlier = (try? History(path: historyPath, access: .readOnly)).flatMap { try? $0.baselines() } ?? []
        try self.init(settings, ports, try Standing(settings, ports), rowsPerSecond: Self.speed(of: earlier))
    }

    /// How fast the newest run was that met everyone.
    static func speed(of runs: [HistoryRun]) -> Int? {
        runs.lazy.compactMap { $0.baselineJSON.flatMap { Baseline($0) }?.rowsPerSecond }.first
    }

    /// One line: `about 5,000,000 rows (1.2 GB), 5,100,000 records, 5,000,000 productions: about 25 s at 200,000 rows/s`.
    public var text: String {
        var parts: [String] = []
        if let rows {
            let bytes = tableBytes.map { " (\(PlainText.size(bytes: Int64($0))))" } ?? ""
            parts.append("\(PlainText.count(rows, "row"))\(bytes)")
        } else {
            parts.append("an unknown number of rows")
        }
        parts.append(PlainText.count(records, "record"))
        if let productions { parts.append(PlainText.count(productions, "production")) }
        let speed = "\(PlainText.grouped(rowsPerSecond)) rows/s, \(isMeasured ? "as measured last" : "which is a guess")"
        let time = milliseconds.map { "about \(PlainText.duration(milliseconds: $0)) at \(speed)" } ?? "no time can be told"
        return "about \(parts.joined(separator: ", ")): \(time)"
    }

    public var json: JSONValue {
        [
            "rows": .number(rows), "table_bytes": .number(tableBytes), "records": .number(records),
            "productions": .number(productions), "milliseconds": .number(milliseconds),
            "rows_per_second": .number(rowsPerSecond), "measured": .bool(isMeasured),
        ]
    }
}
