import Domain

extension RunPage {
    /// The findings to look through; the script fills the table.
    var table: Markup {
        guard findings.total > 0 else { return "" }
        return """
            <section id="findings" aria-labelledby="findings-title">
            <h2 id="findings-title">Findings</h2>
            \(omission.orNothing)
            <noscript><p class="warn">The list needs scripts. All findings are in <a href="findings.csv">findings.csv</a> and <a href="findings.ndjson">findings.ndjson</a>.</p></noscript>
            <form id="filter" class="filter" hidden>
            <label>User, field or table <input type="search" id="q" autocomplete="off" spellcheck="false" placeholder="id, or part of it"></label>
            <label>Stage <select id="f-stage"><option value="">all</option></select></label>
            <label>Kind <select id="f-kind"><option value="">all</option></select></label>
            <label>Cause <select id="f-cause"><option value="">all</option></select></label>
            <label>Partition <input type="text" inputmode="numeric" id="f-partition" size="5" placeholder="all"></label>
            <label class="check"><input type="checkbox" id="f-new"> new only</label>
            <button type="reset">Clear</button>
            </form>
            <p id="shown" role="status" aria-live="polite"></p>
            <div class="scroll" id="list" hidden tabindex="0" role="region" aria-label="Table of findings"><table class="findings">
            <caption class="hidden">Findings. Each user opens into what is known.</caption>
            <thead><tr>\(Self.columns.map { key, title -> Markup in "<th scope=\"col\" data-key=\"\(key)\"><button type=\"button\">\(title)</button></th>" })</tr></thead>
            <tbody id="rows"></tbody></table></div>
            <nav class="pages" id="pages" aria-label="Pages of findings" hidden><button type="button" id="previous">Previous</button><span id="page"></span><button type="button" id="more">Next</button></nav>
            </section>
            """
    }

    private static let columns = [
        ("user", "user"), ("stage", "stage"), ("kind", "kind"), ("cause", "cause"), ("fields", "differing fields"),
        ("partition", "partition"), ("changed", "last change"), ("seen", "first seen"),
    ]

    private var omission: Markup? {
        let left = findings.total - findings.carried
        guard left > 0 else { return nil }
        return """
            <p class="warn" id="omission">This page carries \(PlainText.grouped(findings.carried)) of \(PlainText.grouped(findings.total)) findings, \
            some of every cause. The other \(PlainText.grouped(left)) are in <a href="findings.ndjson">findings.ndjson</a> and \
            <a href="findings.csv">findings.csv</a> beside it. Counts and charts above are of all of them.</p>
            """
    }

    /// What the run did, in figures, and where its files are.
    var record: Markup {
        let hops = report.fence.hops.map { hop -> Markup in
            """
            <tr><th scope="row">\(hop.hop)</th><td>\(hop.passed ? "passed" : "NOT passed")</td><td>\(PlainText.duration(milliseconds: hop.waitedMs))</td><td>\(hop.detail)</td></tr>
            """
        }
        let timings = report.timings.map { timing -> Markup in
            "<tr><th scope=\"row\">\(timing.phase)</th><td>\(PlainText.duration(milliseconds: timing.milliseconds))</td></tr>"
        }
        let fence: Markup =
            hops.isEmpty
            ? ""
            : """
            <div class="scroll" tabindex="0" role="region" aria-label="Fence"><table class="plain"><caption>Fence</caption><thead><tr><th scope="col">hop</th><th scope="col">outcome</th><th scope="col">waited</th><th scope="col">remark</th></tr></thead><tbody>\(hops)</tbody></table></div>
            """
        let phases: Markup =
            timings.isEmpty
            ? ""
            : "<table class=\"plain\"><caption>Time</caption><thead><tr><th scope=\"col\">phase</th><th scope=\"col\">took</th></tr></thead><tbody>\(timings)</tbody></table>"
        return """
            <section class="record" aria-labelledby="record"><h2 id="record">The run itself</h2>
            <div class="tables">\(fence)\(phases)</div>
            <p class="quiet">Settings <code>\(report.configDigest)</code>. Files: <a href="report.json">report.json</a>, \
            <a href="findings.ndjson">findings.ndjson</a>, <a href="findings.csv">findings.csv</a>, <a href="summary.md">summary.md</a>. \
            Digests and positions stand for values; nothing on this page was loaded from anywhere.</p></section>
            """
    }
}
