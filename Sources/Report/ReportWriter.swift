import Domain

/// Writes the report of one run: findings one by one while the run goes, the rest at its end.
///
/// Everything is written under a temporary name and published by a rename, so a report is there as a whole or not at all. A
/// writer that goes without ``finish(_:)`` removes what it wrote. Memory does not grow with the number of findings.
///
/// ```swift
/// let writer = try ReportWriter(directory: "reports", runID: report.runID)
/// try writer.add(FindingLine(finding, run: report.runID, firstSeen: report.startedAt))
/// report.adopt(writer.tally)
/// report.conclude()
/// let path = try writer.finish(report)
/// ```
public final class ReportWriter {
    public let runID: RunID
    /// What has been written so far.
    public private(set) var tally: FindingTally
    private let directory: ReportDirectory
    private let commands: Commands
    /// Whether a report of this run is there, and is to be written anew.
    private let replaces: Bool
    private var work: Work?

    /// What exists only while the report is being written.
    private struct Work: ~Copyable {
        let temporary: TemporaryDirectory
        var lines: OutputFile
        var table: OutputFile
        var json = JSONWriter()
        var embedded: EmbeddedFindings
    }

    /// Begins a report.
    ///
    /// - Parameters:
    ///   - directory: The directory of all reports; created when it is missing.
    ///   - commands: How the suggested commands are spelled.
    ///   - pageBytes: What the page's own findings may take of memory, and of the page; it says how many are left out.
    /// - Throws: ``ReportError``.
    public convenience init(
        directory: String, runID: RunID, commands: Commands = Commands(), pageBytes: Int = .max
    ) throws(ReportError) {
        try self.init(directory: directory, runID: runID, commands: commands, replaces: false, pageBytes: pageBytes)
    }

    /// - Parameter replaces: Whether the report of this run is written anew, with fewer findings than it counts.
    init(
        directory: String, runID: RunID, commands: Commands, replaces: Bool, pageBytes: Int = .max
    ) throws(ReportError) {
        self.runID = runID
        self.replaces = replaces
        self.directory = ReportDirectory(path: directory)
        self.commands = commands
        tally = FindingTally(asOf: runID.startedAt ?? .now())
        try self.directory.create()
        if !replaces, ReportDirectory.isDirectory(self.directory.path(of: runID)) {
            throw ReportError(
                .alreadyExists, path: self.directory.path(of: runID), "this run has a report already; run again for a new run id")
        }
        let temporary = try TemporaryDirectory(in: self.directory, run: runID)
        var table = try OutputFile(creating: temporary.path + "/findings.csv")
        try table.write(CSV.header)
        work = Work(
            temporary: temporary, lines: try OutputFile(creating: temporary.path + "/findings.ndjson"), table: table,
            embedded: EmbeddedFindings(
                commands: commands, runID: runID, budgetBytes: min(pageBytes, EmbeddedFindings.budgetBytes)))
    }

    /// Where the report will lie once it is finished.
    public var path: String { directory.path(of: runID) }

    /// Appends a finding.
    ///
    /// - Throws: ``ReportError``; the report cannot be finished any more then.
    public func add(_ line: FindingLine) throws(ReportError) {
        guard var current = work.take() else { throw finishedAlready }
        current.json.removeAll()
        current.json.value(line.json)
        current.json.raw("\n")
        // When a write fails, `current` ends here, and takes the temporary directory with it.
        try current.lines.write(current.json.bytes)
        try current.table.write(CSV.row(line))
        current.embedded.add(line)
        work = consume current
        tally.add(line)
    }

    /// Writes the rest, publishes the report and lets `latest` point at it.
    ///
    /// - Returns: The report's directory.
    /// - Throws: ``ReportError``; with the code `contradiction` when the report counts other findings than were written.
    @discardableResult
    public func finish(_ report: RunReport) throws(ReportError) -> String {
        guard var current = work.take() else { throw finishedAlready }
        try check(report)
        let folder = current.temporary.path
        try current.lines.sync()
        try current.table.sync()
        var document = try OutputFile(creating: folder + "/report.json")
        try document.write(report.json.bytes)
        try document.write("\n")
        try document.sync()
        try write(MarkdownSummary(report, commands: commands).text, to: folder + "/summary.md")
        var page = try OutputFile(creating: folder + "/index.html")
        try RunPage(report, commands: commands, findings: current.embedded).write(to: &page)
        try page.sync()
        if replaces {
            try current.temporary.replaceFiles(of: path)
            return path
        }
        try current.temporary.publish(as: path)
        do throws(ReportError) {
            try directory.pointLatest(at: runID)
            try ReportStore(directory: directory.path).writeFrontPage()
        } catch {
            throw ReportError(error.code, path: error.path, "\(error.detail); the report itself is whole, and lies in \(path)")
        }
        return path
    }

    private func write(_ text: String, to path: String) throws(ReportError) {
        var file = try OutputFile(creating: path)
        try file.write(text)
        try file.sync()
    }

    /// Removes what has been written.
    public func abandon() { work = nil }

    private func check(_ report: RunReport) throws(ReportError) {
        guard report.runID == runID else {
            throw ReportError(.contradiction, path: path, "the report is of run \(report.runID), the findings of run \(runID)")
        }
        // Findings of a user who was forgotten are gone; the counts are those of the run.
        if replaces { return }
        guard report.causes == tally.causes, report.differences == tally.total else {
            throw ReportError(
                .contradiction, path: path,
                "the report counts \(PlainText.count(report.differences, "finding")), and "
                    + "\(PlainText.grouped(tally.total)) were written; adopt the writer's tally before the report is finished")
        }
    }

    private var finishedAlready: ReportError {
        ReportError(.contradiction, path: path, "the report was finished or given up before")
    }
}
