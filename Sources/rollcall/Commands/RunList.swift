import Report

/// The runs as a table. On a terminal that is too narrow for all of it, whole columns are left out, and named.
struct RunList {
    private static let columns = [
        "RUN", "FINISHED", "VERDICT", "USERS", "MISSING", "STALE", "EXTRA", "UNRESOLVED", "NEW", "HEALED",
    ]
    /// In this order: the run's id tells when it began, and the others say least about what is wrong.
    private static let dispensable = ["FINISHED", "USERS", "HEALED", "UNRESOLVED"]

    /// Lines, each ended by a line feed.
    let text: String
    /// What was left out; nil where nothing was.
    let omission: String?

    /// - Parameter width: Columns of the terminal; nil where it is none.
    init(_ entries: [ReportStore.Entry], width: Int?) {
        var omitted: [String] = []
        var text = Self.table(entries, without: omitted)
        for column in Self.dispensable {
            guard let width, Self.width(text) > width else { break }
            omitted.append(column)
            text = Self.table(entries, without: omitted)
        }
        self.text = text
        omission = omitted.isEmpty ? nil : "for want of room without \(omitted.joined(separator: ", ")); --json tells all"
    }

    private static func width(_ text: String) -> Int {
        text.split(separator: "\n").map { PlainText.width(String($0)) }.max() ?? 0
    }

    private static func table(_ entries: [ReportStore.Entry], without omitted: [String]) -> String {
        func kept(_ cells: [String]) -> [String] { zip(columns, cells).filter { !omitted.contains($0.0) }.map(\.1) }
        var table = TextTable(header: kept(columns))
        for entry in entries { table.add(kept(cells(entry))) }
        return table.text
    }

    private static func cells(_ entry: ReportStore.Entry) -> [String] {
        switch entry {
        case .unreadable(let run, _):
            return [run.text, "-", "unreadable"] + [String](repeating: "-", count: columns.count - 3)
        case .run(let stored):
            let report = stored.report
            // What a run without a verdict did not look at is not zero.
            func cell(_ number: Int?) -> String {
                report.verdict == .error ? "-" : number.map { PlainText.grouped($0) } ?? "-"
            }
            return [
                report.runID.text, report.finishedAt.description, report.verdict.rawValue, cell(report.users),
                cell(report.total(\.missing)), cell(report.total(\.stale)), cell(report.total(\.extra)), cell(report.unresolved),
                cell(report.delta?.new), cell(report.delta?.healed),
            ]
        }
    }
}
