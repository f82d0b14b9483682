import Glibc

/// The reports of past runs.
public struct ReportStore: Sendable {
    let directory: ReportDirectory

    public init(directory: String) {
        self.directory = ReportDirectory(path: directory)
    }

    /// Which run is meant.
    public enum Selection: Sendable, Equatable {
        case latest
        case run(RunID)

        /// Parses `latest` or a run id.
        ///
        /// - Throws: ``ReportError`` with the code `invalid_run_id`.
        public init(parsing text: String) throws(ReportError) {
            self = text == ReportDirectory.latestName ? .latest : .run(try RunID(parsing: text))
        }
    }

    /// One entry of the list.
    public enum Entry: Sendable {
        case run(StoredReport)
        /// A run whose report cannot be read, and why.
        case unreadable(RunID, ReportError)
    }

    /// All runs, the newest first. A report that cannot be read is named, and hides no other. A directory that is not there
    /// holds no runs.
    ///
    /// - Throws: ``ReportError`` when the directory itself cannot be read.
    public func list() throws(ReportError) -> [Entry] {
        try runIDs().map(entry)
    }

    /// Makes the page that lists the runs, `index.html`, anew. To be called whenever a run was added or removed.
    ///
    /// - Throws: ``ReportError``.
    public func writeFrontPage() throws(ReportError) {
        let runs = try runIDs()
        let page = FrontPage(entries: runs.prefix(FrontPage.runsAtMost).map(entry), total: runs.count)
        let temporary = "\(directory.path)/.index-\(RunID().text).html"
        do throws(ReportError) {
            var file = try OutputFile(creating: temporary)
            try file.write(page.document.html)
            try file.sync()
            try ReportDirectory.move(temporary, to: directory.frontPagePath)
            try ReportDirectory.sync(directory.path)
        } catch {
            unlink(temporary)
            throw error
        }
    }

    /// The page that lists the runs.
    public var frontPagePath: String { directory.frontPagePath }

    /// The newest first.
    private func runIDs() throws(ReportError) -> [RunID] {
        do throws(ReportError) {
            return try ReportDirectory.names(in: directory.path).compactMap { try? RunID(parsing: $0) }.sorted(by: >)
        } catch {
            if error.code == .notFound { return [] }
            throw error
        }
    }

    private func entry(_ run: RunID) -> Entry {
        do throws(ReportError) {
            return .run(try load(.run(run)))
        } catch {
            return .unreadable(run, error)
        }
    }

    /// Reads a run's `report.json`. Its findings stay in their file.
    ///
    /// - Throws: ``ReportError``.
    public func load(_ selection: Selection) throws(ReportError) -> StoredReport {
        let run: RunID
        switch selection {
        case .run(let named): run = named
        case .latest: run = try latest()
        }
        let path = directory.path(of: run)
        guard ReportDirectory.isDirectory(path) else {
            throw ReportError(.notFound, path: path, "there is no such run; `rollcall report list` names those that are there")
        }
        return try StoredReport(path: path, run: run)
    }

    /// The run that `latest` points at.
    private func latest() throws(ReportError) -> RunID {
        var target = [CChar](repeating: 0, count: 256)
        let count = readlink(directory.latestPath, &target, target.count)
        guard count >= 0 else {
            guard errno == ENOENT else { throw .system(reading: directory.latestPath) }
            throw ReportError(
                .notFound, path: directory.latestPath, "no run has been reported here yet; `rollcall verify` does one")
        }
        let name = String(decoding: target.prefix(count).map { UInt8(bitPattern: $0) }, as: UTF8.self)
        guard let run = try? RunID(parsing: name) else {
            throw ReportError(
                .malformed, path: directory.latestPath,
                "it points at `\(PlainText.visible(name))`, which is no run; delete it, and the next run makes it anew")
        }
        return run
    }
}

/// A report on disk: the run is in memory, its findings are read as they are asked for.
public struct StoredReport: Sendable {
    /// The report's directory.
    public let path: String
    public internal(set) var report: RunReport

    init(path: String, run: RunID) throws(ReportError) {
        self.path = path
        let file = path + "/report.json"
        report = try RunReport(json: try JSONFields.parse(try InputFile.contents(of: file), file: file), path: file)
        guard report.runID == run else {
            throw ReportError(.malformed, path: file, "it is the report of run \(report.runID); the directory was renamed")
        }
    }

    /// The findings, one after the other.
    ///
    /// - Throws: ``ReportError`` when the file cannot be opened.
    public func findings() throws(ReportError) -> FindingReader {
        try FindingReader(path: path + "/findings.ndjson")
    }
}
