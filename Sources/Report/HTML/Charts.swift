import Domain

/// Pictures as inline SVG. Each says in words what it shows, for whoever cannot look.
enum Charts {
    // MARK: - The trend

    /// One column per run: findings that persist, new ones on top of them, healed ones below the line.
    ///
    /// - Parameter linked: Runs that have a page to go to.
    static func trend(_ points: [TrendPoint], linked: Set<String> = []) -> Markup {
        guard let first = points.first, let last = points.last else { return "" }
        let slots = max(points.count, 12)
        let step = 600.0 / Double(slots)
        let most = Double(max(1, points.map(\.findings).max() ?? 0))
        let mostHealed = Double(points.map(\.healed).max() ?? 0)
        // One scale for both directions; below the line lies at most half of the picture.
        let unit = 96.0 / max(most, mostHealed * 2)
        let depth = mostHealed * unit
        let base = 104.0
        let columns = points.enumerated().map { index, point in
            column(point, x: Double(slots - points.count + index) * step, width: step, base: base, unit: unit, linked: linked)
        }
        let label =
            "Findings per run, \(PlainText.count(points.count, "run")) from \(day(first)) to \(day(last)): \(last.findings) in the last one, "
            + "at most \(Int(most))."
        let caption: Markup = """
            <p class="note">Findings per run, most \(PlainText.grouped(points.map(\.findings).max() ?? 0))\(mostHealed > 0 ? "; healed below the line" : "")</p>
            """
        return """
            \(caption)<svg class="trend" viewBox="0 0 600 \(base + depth + 8.0)" role="\(linked.isEmpty ? "img" : "group")" aria-label="\(label)" preserveAspectRatio="none">
            <line class="axis" x1="0" x2="600" y1="\(base)" y2="\(base)"/>
            \(columns)
            </svg>
            <div class="ends" aria-hidden="true"><span>\(day(first))</span><span>\(day(last))</span></div>
            """
    }

    private static func column(
        _ point: TrendPoint, x: Double, width: Double, base: Double, unit: Double, linked: Set<String>
    ) -> Markup {
        let inner = width - min(3, width * 0.25)
        func bar(_ name: String, _ y: Double, _ height: Double) -> Markup {
            height <= 0 ? "" : "<rect class=\"\(name)\" x=\"\(x)\" y=\"\(y)\" width=\"\(inner)\" height=\"\(height)\"/>"
        }
        let persisting = point.persisting == 0 ? 0 : max(2, Double(point.persisting) * unit)
        let new = point.new == 0 ? 0 : max(2, Double(point.new) * unit)
        let healed = point.healed == 0 ? 0 : max(2, Double(point.healed) * unit)
        let isVoid = point.verdict == .error
        let mark: Markup =
            isVoid
            ? bar("void", base - 8, 8)
            : point.findings == 0 ? bar(point.complete ? "none" : "partial", base - 3, 3) : ""
        let title =
            "\(day(point)): "
            + (isVoid
                ? "no verdict"
                : "\(point.new) new, \(point.persisting) persisting, \(point.healed) healed\(point.complete ? "" : ", incomplete")")
        let drawn: Markup = """
            <g><title>\(title)</title><rect class="hit" x="\(x)" y="0" width="\(width)" height="\(base)"/>\
            \(bar("persisting", base - persisting, persisting))\(bar("new", base - persisting - new, new))\
            \(bar("healed", base + 1, healed))\(mark)</g>
            """
        return linked.contains(point.runID) ? "<a href=\"\(point.runID)/index.html\" aria-label=\"\(title)\">\(drawn)</a>" : drawn
    }

    static func day(_ point: TrendPoint) -> Substring { point.startedAt.readable.prefix(10) }

    // MARK: - Distributions

    /// Upright bars along a scale, such as partitions or ids.
    static func scale(_ distribution: Distribution, name: String) -> Markup {
        guard let first = distribution.bars.first, let last = distribution.bars.last,
            let highest = distribution.bars.max(by: { $0.findings < $1.findings })
        else { return "" }
        let step = 300.0 / Double(max(distribution.bars.count, 8))
        let gap = min(2, step * 0.2)
        let columns = distribution.bars.enumerated().map { index, bar -> Markup in
            let height = bar.findings == 0 ? 0 : max(2, Double(bar.findings) * 60 / Double(max(1, highest.findings)))
            let x = Double(index) * step
            let title = "\(bar.label): \(PlainText.count(bar.findings, "finding"))"
            return """
                <g><title>\(title)</title><rect class="hit" x="\(x)" y="0" width="\(step)" height="62"/>\
                <rect class="\(bar == highest ? "peak" : "plain")" x="\(x)" y="\(62 - height)" width="\(step - gap)" height="\(height)"/></g>
                """
        }
        let label =
            "Findings by \(name), \(first.label) to \(last.label); most in \(highest.label): \(highest.findings) of \(distribution.of)."
        return """
            <figure class="chart"><figcaption>By \(name) <span class="note">most in \(highest.label): \(PlainText.grouped(highest.findings)) of \
            \(PlainText.grouped(distribution.of))</span></figcaption>
            <svg viewBox="0 0 300 63" role="img" aria-label="\(label)" preserveAspectRatio="none"><line class="axis" x1="0" x2="300" y1="62.5" y2="62.5"/>\(columns)</svg>
            <div class="ends" aria-hidden="true"><span>\(first.label)</span><span>\(distribution.bars.count > 1 ? last.label : "")</span></div></figure>
            """
    }

    /// Lying bars with their names, such as fields or ages.
    static func list(_ distribution: Distribution, name: String) -> Markup {
        let highest = max(1, distribution.bars.map(\.findings).max() ?? 1)
        let rows = distribution.bars.map { bar -> Markup in
            let share = Double(bar.findings) * 100 / Double(highest)
            return """
                <li><span class="name">\(bar.label)</span><svg viewBox="0 0 100 10" preserveAspectRatio="none" aria-hidden="true">\
                <rect class="plain" x="0" y="0" width="\(max(0.6, share))" height="10"/></svg><span class="number">\
                \(PlainText.grouped(bar.findings))</span></li>
                """
        }
        return """
            <figure class="chart list"><figcaption>By \(name) <span class="note">\(PlainText.count(distribution.of, "finding"))</span></figcaption>
            <ul>\(rows)</ul></figure>
            """
    }
}
