import Glibc

/// How long reports are kept. A report goes only when every rule that is given lets it go.
public struct ReportRetention: Sendable, Equatable {
    /// So many of the newest stay; nil where their number does not matter.
    public var keep: Int?
    /// What finished later stays; nil where age does not matter.
    public var olderThan: UTCTime?

    public init(keep: Int? = nil, olderThan: UTCTime? = nil) {
        self.keep = keep
        self.olderThan = olderThan
    }

    /// Without any rule nothing ever goes.
    public var isUnlimited: Bool { keep == nil && olderThan == nil }
}

extension ReportStore {
    /// The runs whose reports may go, the oldest first.
    ///
    /// The run that `latest` points at stays, and so does the newest complete clean one, because it is the evidence that
    /// everybody was in order at that time.
    ///
    /// - Throws: ``ReportError`` when the directory cannot be read.
    public func expired(_ retention: ReportRetention) throws(ReportError) -> [RunID] {
        guard !retention.isUnlimited else { return [] }
        let entries = try list()
        var protected: Set<RunID> = []
        if let latest = try? load(.latest).report.runID { protected.insert(latest) }
        for case .run(let stored) in entries where stored.report.verdict == .clean && stored.report.complete {
            protected.insert(stored.report.runID)
            break
        }
        var expired: [RunID] = []
        for (index, entry) in entries.enumerated() {
            let (run, finished): (RunID, UTCTime?) =
                switch entry {
                case .run(let stored): (stored.report.runID, stored.report.finishedAt)
                case .unreadable(let run, _): (run, nil)
                }
            if protected.contains(run) { continue }
            if let keep = retention.keep, index < keep { continue }
            // A report that cannot be read tells no time; its name does.
            if let limit = retention.olderThan, finished.map({ $0 >= limit }) ?? (run.text >= limit.compact) { continue }
            expired.append(run)
        }
        return expired.reversed()
    }

    /// Removes a run's report. It vanishes in one step, before its files go one by one. The front page lists it until
    /// ``writeFrontPage()`` is called.
    ///
    /// - Throws: ``ReportError``.
    public func remove(_ run: RunID) throws(ReportError) {
        let place = directory.temporaryPath(of: run)
        try ReportDirectory.move(directory.path(of: run), to: place)
        ReportDirectory.remove(place)
        try ReportDirectory.sync(directory.path)
    }
}
