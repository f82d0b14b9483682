/// Reads `findings.ndjson` line by line, so that a million findings need the memory of one.
public final class FindingReader {
    private let file: InputFile
    private var buffer: [UInt8] = []
    private var consumed = 0
    private var lineNumber = 0

    private static let chunkBytes = 64 * 1024
    /// No line that Rollcall writes comes near: keys of a topic are at most a megabyte, and a line holds one three times.
    private static let lineBytesAtMost = 16 * 1024 * 1024

    init(path: String) throws(ReportError) {
        file = try InputFile(path)
    }

    /// The next finding; nil after the last one.
    ///
    /// - Throws: ``ReportError``, which names the line.
    public func next() throws(ReportError) -> FindingLine? {
        guard let line = try nextLine() else { return nil }
        lineNumber += 1
        let place = "\(file.path):\(lineNumber)"
        return try FindingLine(json: try JSONFields.parse(line, file: place), path: place)
    }

    private func nextLine() throws(ReportError) -> [UInt8]? {
        var searched = consumed
        while true {
            if let end = buffer[searched...].firstIndex(of: UInt8(ascii: "\n")) {
                defer { consumed = end + 1 }
                return Array(buffer[consumed..<end])
            }
            buffer.removeFirst(consumed)
            consumed = 0
            searched = buffer.count
            guard buffer.count < Self.lineBytesAtMost else {
                throw ReportError(.malformed, path: "\(file.path):\(lineNumber + 1)", "the line is longer than any finding")
            }
            guard try file.read(atMost: Self.chunkBytes, into: &buffer) else {
                if buffer.isEmpty { return nil }
                throw ReportError(.malformed, path: "\(file.path):\(lineNumber + 1)", "the file ends within a line")
            }
        }
    }
}
