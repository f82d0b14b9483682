import Domain

/// `reports/index.html`: the runs, the newest first, with the trend.
struct FrontPage {
    /// Runs that the page lists: more than a year of nights. Older ones are counted.
    static let runsAtMost = 400

    /// The newest runs, the newest first.
    let entries: [ReportStore.Entry]
    /// Runs that are there in all.
    let total: Int

    var document: Markup {
        let runs = entries.compactMap { entry -> RunReport? in if case .run(let stored) = entry { stored.report } else { nil } }
        let body: Markup
        let tone: String
        if let newest = runs.first {
            tone = newest.verdict.rawValue
            body = """
                <section class="hero" aria-labelledby="verdict"><p class="pill">\(newest.verdict.word)</p>
                <h1 id="verdict">\(newest.headline)</h1>
                <p class="lead">The newest run, <a href="\(newest.runID.text)/index.html">\(newest.runID.text)</a> · \(newest.startedAt.readable)</p></section>
                \(trend(newest, runs))
                \(list)
                """
        } else {
            tone = "none"
            body = "<section class=\"hero\"><h1>No run has been reported here yet</h1></section>\(list)"
        }
        return Page.document(title: "Rollcall: \(PlainText.count(total, "run"))", tone: tone, home: nil, body: body)
    }

    private func trend(_ newest: RunReport, _ runs: [RunReport]) -> Markup {
        guard newest.trend.count > 1 else { return "" }
        return """
            <section aria-labelledby="trend"><h2 id="trend">The last \(newest.trend.count) runs</h2>
            \(Charts.trend(newest.trend, linked: Set(runs.map(\.runID.text))))
            <ul class="legend" aria-hidden="true"><li class="is-new">new</li><li class="is-persisting">persisting</li><li class="is-healed">healed</li>\
            \(newest.trend.contains { $0.verdict == .error } ? "<li class=\"is-void\">no verdict</li>" : "" as Markup)</ul></section>
            """
    }

    private var list: Markup {
        guard !entries.isEmpty else { return "" }
        let header = ["run", "verdict", "scanned", "users", "missing", "stale", "extra", "unresolved", "new", "healed"]
        let omitted: Markup =
            total > entries.count
            ? "<p class=\"quiet\">\(PlainText.count(total - entries.count, "older run")) not listed here; <code>rollcall report list</code> names all.</p>"
            : ""
        return """
            <section aria-labelledby="runs"><h2 id="runs">Runs</h2>
            <div class="scroll" tabindex="0" role="region" aria-label="Table of runs"><table class="runs"><caption class="hidden">Runs, the newest first</caption>
            <thead><tr>\(header.map { title -> Markup in "<th scope=\"col\">\(title)</th>" })</tr></thead><tbody>\(entries.map(row))</tbody></table></div>\(omitted)</section>
            """
    }

    private func row(_ entry: ReportStore.Entry) -> Markup {
        switch entry {
        case .unreadable(let run, let error):
            return """
                <tr><th scope="row">\(run.text)</th><td colspan="9" class="quiet">cannot be read: \(error.detail)</td></tr>
                """
        case .run(let stored):
            let report = stored.report
            // What a run without a verdict did not look at is not zero.
            func cell(_ number: Int?, isBad: Bool = true) -> Markup {
                guard let number, report.verdict != .error else { return "<td>–</td>" }
                return "<td\(isBad && number > 0 ? " class=\"bad\"" : "" as Markup)>\(PlainText.grouped(number))</td>"
            }
            return """
                <tr><th scope="row"><a href="\(report.runID.text)/index.html">\(report.startedAt.readable.prefix(16))</a></th>\
                <td><span class="dot" data-tone="\(report.verdict.rawValue)">\(report.verdict.word)\(report.complete || report.verdict == .error || report.verdict == .incomplete ? "" : ", incomplete")</span></td>\
                <td>\(report.verdict == .error ? "–" : report.coverage.percentText)</td>\(cell(report.users, isBad: false))\(cell(report.total(\.missing)))\(cell(report.total(\.stale)))\
                \(cell(report.total(\.extra)))\(cell(report.unresolved))\
                \(cell(report.delta?.new))\(cell(report.delta?.healed, isBad: false))</tr>
                """
        }
    }
}
