import Domain
import Glibc

/// What a scan of everyone has read so far, in a file that outlives it, so that an interrupted scan need not begin anew.
///
/// Each finished range keeps the position of its own snapshot. The topics are not in it: a later run folds them anew, behind a fence
/// that lies after every range's position, so an old range proves what a new one does, only as of its own position. Whoever
/// changed since then looks different from the topic, and is looked at again like every suspect.
final class ScanJournal {
    /// What has to be the same for the ranges to be of use.
    struct Heading: Equatable {
        /// See `VerifySettings.scanQuestion(_:)`.
        var question: String
        var serverID: UInt64?
        var startedAtMs: Int64
        /// How the topics and ledgers stood before the first range was read. A later run goes on from here, and not from where a
        /// resumed one began: a change that came in between may be missing from a range and from the topic alike.
        var standing: Standing
    }

    private enum Kind: UInt8 {
        case heading = 1
        /// Rows whose keys are integers: key and digest.
        case rows = 2
        /// Rows whose ids are texts, which follow.
        case textRows = 3
        case rangeEnd = 4
    }

    /// How far an earlier scan had come.
    struct Restored {
        /// The last id of its last range; nil when it had come to the end.
        var through: UserID?
    }

    let heading: Heading
    /// Complete ranges of an earlier scan.
    private(set) var rangesKept = 0
    /// The highest position at which any of them was read.
    private(set) var newestPosition: SourcePosition?
    private let file: FrameFile
    /// Integer rows that are not in the file yet.
    private var rows = [UInt8](repeating: 0, count: frameBytes)
    private var rowsBytes = 0
    private var textRows = PayloadWriter()
    private var firstRange = 0

    private static let frameBytes = 64 << 10
    private static let rowBytes = 16

    /// Begins a new file.
    init(creating path: String, _ heading: Heading) throws {
        self.heading = heading
        file = try FrameFile(creating: path)
        try append(.heading, heading.payload)
    }

    /// Opens what an interrupted run left; nil where there is nothing that can be read.
    init?(opening path: String) {
        guard let file = FrameFile(opening: path), let first = file.frame(at: 0), first.kind == Kind.heading.rawValue,
            let heading = try? Heading(reading: first.content)
        else { return nil }
        self.file = file
        self.heading = heading
        firstRange = first.next
        // Looks how far the file can be trusted: rows count only once their range has come to its end.
        var good = first.next
        var place = first.next
        while let frame = file.frame(at: place) {
            place = frame.next
            guard frame.kind == Kind.rangeEnd.rawValue else { continue }
            var reader = PayloadReader(frame.content)
            guard let range = try? RangeEnd(&reader) else { break }
            good = frame.next
            rangesKept += 1
            newestPosition = Self.later(newestPosition, range.position)
        }
        file.rewind(to: good)
    }

    private static func later(_ known: SourcePosition?, _ seen: SourcePosition?) -> SourcePosition? {
        guard let known, let seen else { return known ?? seen }
        return seen.hasReached(known) ? seen : known
    }

    static func remove(_ path: String) { unlink(path) }

    // MARK: - Writing

    func append(_ entry: SpillEntry, payload: UnsafeRawBufferPointer) throws {
        guard entry.key.isWide else {
            rows.withUnsafeMutableBytes { bytes in
                bytes.storeBytes(of: entry.key.low.littleEndian, toByteOffset: rowsBytes, as: UInt64.self)
                bytes.storeBytes(of: entry.digest.littleEndian, toByteOffset: rowsBytes + 8, as: UInt64.self)
            }
            rowsBytes += Self.rowBytes
            if rowsBytes + Self.rowBytes > rows.count { try flush() }
            return
        }
        textRows.add(entry.key.low)
        textRows.add(entry.key.high)
        textRows.add(entry.digest)
        textRows.add(Array(payload))
        if textRows.bytes.count >= Self.frameBytes { try flush() }
    }

    func endRange(through: UserID?, position: SourcePosition?, rowBytes: Int) throws {
        try flush()
        var payload = PayloadWriter()
        RangeEnd(through: through, position: position, rowBytes: rowBytes).write(to: &payload)
        try append(.rangeEnd, payload)
    }

    private func flush() throws {
        if rowsBytes > 0 {
            try rows.withUnsafeBytes { bytes in
                try file.append(Kind.rows.rawValue, UnsafeRawBufferPointer(rebasing: bytes[..<rowsBytes]))
            }
            rowsBytes = 0
        }
        if !textRows.bytes.isEmpty {
            try append(.textRows, textRows)
            textRows.removeAll()
        }
    }

    private func append(_ kind: Kind, _ payload: PayloadWriter) throws {
        try payload.bytes.withUnsafeBytes { bytes in try file.append(kind.rawValue, bytes) }
    }

    // MARK: - Reading

    /// Puts the rows of all complete ranges into a scan.
    ///
    /// - Returns: Nil when there is none.
    func restore(into scan: inout SourceScan) throws -> Restored? {
        guard rangesKept > 0 else { return nil }
        var place = firstRange
        var through: UserID?
        while place < file.end, let frame = file.frame(at: place) {
            place = frame.next
            var reader = PayloadReader(frame.content)
            switch Kind(rawValue: frame.kind) {
            case .rows: while !reader.isAtEnd { try restoreRow(&reader, &scan) }
            case .textRows: while !reader.isAtEnd { try restoreTextRow(&reader, &scan) }
            case .rangeEnd:
                let range = try RangeEnd(&reader)
                through = range.through
                try scan.endRange(range.position, restoredBytes: range.rowBytes)
            case .heading, nil: break
            }
        }
        return Restored(through: through)
    }

    private func restoreRow(_ reader: inout PayloadReader, _ scan: inout SourceScan) throws {
        let key = UserKey(exactly: try reader.number())
        let entry = SpillEntry(key: key, digest: Digest(rawValue: try reader.number()))
        try scan.restore(entry, payload: UnsafeRawBufferPointer(start: nil, count: 0))
    }

    private func restoreTextRow(_ reader: inout PayloadReader, _ scan: inout SourceScan) throws {
        var key = UserKey(exactly: try reader.number())
        key.high = try reader.number()
        let digest = Digest(rawValue: try reader.number())
        let text = try reader.content()
        let entry = SpillEntry(key: key, digest: digest, payloadBytes: text.count)
        try text.withUnsafeBytes { try scan.restore(entry, payload: $0) }
    }
}

/// A range that was read to its end.
private struct RangeEnd {
    var through: UserID?
    var position: SourcePosition?
    /// The size of its rows.
    var rowBytes: Int

    init(through: UserID?, position: SourcePosition?, rowBytes: Int) {
        self.through = through
        self.position = position
        self.rowBytes = rowBytes
    }

    init(_ reader: inout PayloadReader) throws(ReconcileError) {
        through = try reader.optional { reader throws(ReconcileError) in try reader.text() }.map { UserID($0) }
        position = try reader.optional { reader throws(ReconcileError) in try reader.text() }.flatMap { SourcePosition($0) }
        rowBytes = Int(try reader.integer())
    }

    func write(to payload: inout PayloadWriter) {
        payload.add(through) { $0.add($1.text) }
        payload.add(position) { $0.add($1.description) }
        payload.add(rowBytes)
    }
}

extension ScanJournal.Heading {
    private static let version = "rollcall.scan/1"

    fileprivate var payload: PayloadWriter {
        let json: JSONValue = [
            "version": .string(Self.version), "question": .string(question), "server_id": .number(serverID),
            "started_at_ms": .number(startedAtMs), "standing": standing.json,
        ]
        var payload = PayloadWriter()
        payload.add(json.description)
        return payload
    }

    fileprivate init?(reading content: [UInt8]) throws {
        var reader = PayloadReader(content)
        let json = try JSONValue(parsing: try reader.text())
        guard json["version"]?.text == Self.version, let question = json["question"]?.text,
            let startedAtMs = json["started_at_ms"]?.integer, let standing = json["standing"].flatMap({ Standing($0) })
        else { return nil }
        self.init(
            question: question, serverID: json["server_id"]?.unsignedInteger, startedAtMs: startedAtMs, standing: standing)
    }
}
