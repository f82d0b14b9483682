import Domain

/// The findings that a page carries with it: as many as fit, of every bucket, gathered while they pass by.
///
/// Once the budget is full, the largest bucket gives way for a finding of a smaller one and takes no more itself, so that every
/// bucket is there with as many as is fair. What is left out is counted.
struct EmbeddedFindings: Sendable {
    /// Bytes of rows. With style, script and first screen a page stays well below 5 MB, and a browser reads it in a blink.
    static let budgetBytes = 3_000_000
    /// A single finding with an id beyond this is not carried: an id can be as long as a key of a topic.
    static let rowBytesAtMost = 8_192

    /// Rows of one bucket, one after the other, in pieces: a single list would take twice its size or more whenever it grew.
    private struct Rows {
        struct Piece {
            var bytes: [UInt8] = []
            var ends: [Int32] = []
        }

        private(set) var pieces: [Piece] = []
        private(set) var byteCount = 0
        private(set) var count = 0
        var isClosed = false
        var total = 0

        private static let pieceBytes = 64 << 10

        mutating func append(_ row: [UInt8]) {
            if pieces.isEmpty || pieces[pieces.count - 1].bytes.count + row.count > Self.pieceBytes {
                var piece = Piece()
                // There may be many buckets of few findings, but few that fill one piece.
                if !pieces.isEmpty { piece.bytes.reserveCapacity(Self.pieceBytes) }
                pieces.append(piece)
            }
            let last = pieces.count - 1
            pieces[last].bytes += row
            pieces[last].ends.append(Int32(truncatingIfNeeded: pieces[last].bytes.count))
            byteCount += row.count
            count += 1
        }

        /// Drops the last row, and returns how many bytes it had; nil without one.
        mutating func dropLast() -> Int? {
            guard let last = pieces.indices.last, pieces[last].ends.popLast() != nil else { return nil }
            let freed = pieces[last].bytes.count - Int(pieces[last].ends.last ?? 0)
            pieces[last].bytes.removeLast(freed)
            if pieces[last].ends.isEmpty { pieces.removeLast() }
            byteCount -= freed
            count -= 1
            return freed
        }
    }

    private var rowsOf: [Bucket: Rows] = [:]
    private var usedBytes = 0
    private let budgetBytes: Int
    private let commands: Commands
    private let runID: RunID
    private var writer = JSONWriter()

    init(commands: Commands, runID: RunID, budgetBytes: Int = Self.budgetBytes) {
        self.commands = commands
        self.runID = runID
        self.budgetBytes = budgetBytes
    }

    /// Findings that were added, and those of them that are carried.
    var total: Int { rowsOf.values.reduce(0) { $0 + $1.total } }
    var carried: Int { rowsOf.values.reduce(0) { $0 + $1.count } }

    mutating func add(_ line: FindingLine) {
        let bucket = line.bucket
        rowsOf[bucket, default: Rows()].total += 1
        guard rowsOf[bucket]?.isClosed == false else { return }
        writer.removeAll()
        writer.value(row(line))
        guard writer.bytes.count <= Self.rowBytesAtMost else { return }
        rowsOf[bucket]?.append(writer.bytes)
        usedBytes += writer.bytes.count
        while usedBytes > budgetBytes { trimLargest() }
    }

    private mutating func trimLargest() {
        guard
            let largest = rowsOf.max(by: { ($0.value.byteCount, $1.key) < ($1.value.byteCount, $0.key) })?.key,
            var rows = rowsOf.removeValue(forKey: largest), let freed = rows.dropLast()
        else { return }
        usedBytes -= freed
        rows.isClosed = true
        rowsOf[largest] = rows
    }

    /// Writes the data of the script, as JSON for the inside of a `script` element.
    func write(to file: inout OutputFile, startedAt: UTCTime) throws(ReportError) {
        try write(
            [
                "id": .string(runID.text), "startedAtMs": .number(startedAt.millisecondsSince1970), "total": .number(total),
                "carried": .number(carried), "repair": .string(repairPrefix), "explain": .string(explainPrefix),
            ], behind: "{\"run\":", to: &file)
        var opening = ",\"buckets\":["
        for (bucket, rows) in rowsOf.sorted(by: { $0.key < $1.key }) {
            try write(
                [
                    "stage": .string(bucket.stage.rawValue), "kind": .string(bucket.kind.rawValue),
                    "cause": .string(bucket.causeCode), "why": .string(bucket.explanation), "total": .number(rows.total),
                ], behind: opening + "{\"bucket\":", to: &file)
            try file.write(",\"rows\":[")
            var separator = ""
            for piece in rows.pieces {
                var start = 0
                for end in piece.ends.map(Int.init) {
                    try file.write(separator)
                    try file.write(Markup.json(Array(piece.bytes[start..<end])).html)
                    separator = ","
                    start = end
                }
            }
            try file.write("]}")
            opening = ","
        }
        try file.write(rowsOf.isEmpty ? opening + "]}" : "]}")
    }

    private func write(_ value: JSONValue, behind text: String, to file: inout OutputFile) throws(ReportError) {
        try file.write(text)
        try file.write(Markup.json(value.bytes).html)
    }

    // MARK: - Rows

    /// What every command begins with; nearly all of them differ in the user only.
    private var repairPrefix: String { String(commands.repair(UserID("0"), run: runID).dropLast()) }
    private var explainPrefix: String { String((commands.explain(UserID("0")) ?? "").dropLast()) }

    /// A finding as a list, in the order that the script reads it in. Times are milliseconds since 1970.
    private func row(_ line: FindingLine) -> JSONValue {
        let explain = commands.explain(line.user)
        return .array([
            .string(line.user.text), .array(line.fields.map { .string($0) }), .number(line.partition),
            .number(line.firstSeen.millisecondsSince1970),
            line.source.map { [.string($0.digest.description), .string($0.position?.description)] } ?? .null,
            line.topic.map(record) ?? .null, line.ledger.map(entry) ?? .null, line.god.map(record) ?? .null,
            .array(Hop.allCases.compactMap { hop in line.parked[hop].map { .string("\(hop.rawValue): \($0.explanation)") } }),
            line.repair == repairPrefix + line.user.text ? .null : .string(line.repair),
            explain == explainPrefix + line.user.text ? .null : .string(explain ?? ""),
            // Only where somebody asked to see values.
            line.values.map { .array($0.map { .string($0.text) }) } ?? .null,
            line.tables.isEmpty ? .null : .array(line.tables.map { .string($0) }),
        ])
    }

    private func record(_ record: FindingLine.TopicRecord) -> JSONValue {
        [
            .number(record.address.partition), .number(record.address.offset),
            .number(record.writtenAt?.millisecondsSince1970), .string(record.digest.description),
        ]
    }

    private func entry(_ entry: FindingLine.LedgerEntry) -> JSONValue {
        [
            .number(entry.god.partition), .number(entry.god.offset), .string(entry.godDigest?.description),
            .number(entry.aggregate.partition), .number(entry.aggregate.offset), .string(entry.aggregateDigest?.description),
            .number(entry.producedAt.millisecondsSince1970),
        ]
    }
}
