import Domain

/// What is wrong: causes, what their findings have in common, and for how long.
extension RunPage {
    var causes: Markup {
        let buckets = screen.buckets
        guard !buckets.isEmpty else { return "" }
        let total = max(1, report.differences)
        let items = buckets.map { entry -> Markup in
            let bucket = entry.bucket
            let link: Markup =
                "#stage=\(percentEncoded(bucket.stage.rawValue))&amp;kind=\(percentEncoded(bucket.kind.rawValue))&amp;cause=\(percentEncoded(bucket.causeCode))"
            return """
                <li><div class="amount"><span class="big">\(PlainText.grouped(entry.findings))</span><svg viewBox="0 0 100 4" preserveAspectRatio="none" aria-hidden="true">\
                <rect class="track" width="100" height="4"/><rect class="fill" width="\(Double(entry.findings) * 100 / Double(total))" height="4"/></svg></div>
                <div class="what"><h3>\(bucket.title) <code>\(bucket.causeCode)</code></h3><p>\(bucket.explanation.firstUppercased). <a href="\(link)">Show \(PlainText.count(entry.findings, "finding"))</a></p>
                \(entry.command.map(Self.command) ?? "<p class=\"quiet\">No command can mend it; look at one of them with <code>rollcall explain</code>.</p>")</div></li>
                """
        }
        return "<section aria-labelledby=\"causes\"><h2 id=\"causes\">Causes</h2><ul class=\"buckets\">\(items)</ul></section>"
    }

    var clusters: Markup {
        let sentences = screen.clusters.map { group -> Markup in
            let texts = group.clusters.map { cluster -> Markup in "<li>\(cluster.text.firstUppercased)</li>" }
            return
                "<li><strong>\(group.bucket.title)</strong> <code>\(group.bucket.causeCode)</code><ul>\(texts)</ul></li>"
        }
        let charts = report.distributions.compactMap { distribution -> Markup? in
            switch distribution.property {
            case .partition: Charts.scale(distribution, name: "partition of the \(distribution.stage?.rawValue ?? "") topic")
            case .userID where distribution.bars.contains { $0.label.hasSuffix("…") }:
                Charts.list(distribution, name: "beginning of the user id")
            case .userID: Charts.scale(distribution, name: "user id")
            case .lastChange: Charts.scale(distribution, name: "time of the last change (UTC)")
            case .field: Charts.list(distribution, name: "differing field")
            case .table: Charts.list(distribution, name: "table that differing fields come from")
            case .staleness: nil
            }
        }
        guard !sentences.isEmpty || !charts.isEmpty else { return "" }
        let list: Markup =
            sentences.isEmpty
            ? "<p class=\"quiet\">Nothing that they strikingly have in common.</p>" : "<ul class=\"common\">\(sentences)</ul>"
        return """
            <section aria-labelledby="clusters"><h2 id="clusters">Where they cluster</h2>\(list)<div class="charts">\(charts)</div></section>
            """
    }

    var staleness: Markup {
        guard let staleness = screen.staleness else { return "" }
        return """
            <section aria-labelledby="staleness"><h2 id="staleness">How long they have been stale</h2>
            \(Charts.list(staleness, name: "age of the stale value"))
            \(screen.oldest.map { text -> Markup in "<p>\(text.firstUppercased).</p>" }.orNothing)</section>
            """
    }
}
