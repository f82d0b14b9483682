import Domain

/// The forms in which `report show` presents a run. All of them are rendered from the one stored result.
public enum ReportFormat: String, Sendable, CaseIterable {
    /// The first screen.
    case text
    /// `report.json`.
    case json
    /// `summary.md`.
    case markdown
    /// Every finding, one row each.
    case csv
}

extension StoredReport {
    /// Renders the run, piece by piece, so that a million findings pass through without being held.
    ///
    /// - Parameters:
    ///   - options: How the form `text` is laid out.
    ///   - write: Receives UTF-8 bytes in their order.
    /// - Throws: ``ReportError``, or what `write` throws.
    public func render(
        _ format: ReportFormat, commands: Commands = Commands(), options: TerminalSummary.Options = .init(),
        to write: ([UInt8]) throws -> Void
    ) throws {
        switch format {
        case .text:
            let summary = TerminalSummary(report, path: path, commands: commands, options: options)
            try write(Array(summary.text.utf8))
        case .json:
            try write(report.json.bytes)
            try write([UInt8(ascii: "\n")])
        case .markdown:
            try write(Array(MarkdownSummary(report, commands: commands).text.utf8))
        case .csv:
            try write(Array(CSV.header.utf8))
            let reader = try findings()
            while let line = try reader.next() { try write(Array(CSV.row(line).utf8)) }
        }
    }
}
