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
        let names: [String]
        do throws(ReportError) {
            names = try ReportDirectory.names(in: directory.path)
        } catch {
            if error.code == .notFound { return [] }
            throw error
        }
        return names.compactMap { try? RunID(parsing: $0) }.sorted(by: >).map { run in
            do throws(ReportError) {
                return .run(try load(.run(run)))
            } catch {
                return .unreadable(run, error)
            }
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
        return try RunID(parsing: String(decoding: target.prefix(count).map { UInt8(bitPattern: $0) }, as: UTF8.self))
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
