import Domain

extension Delta {
    /// `2 new, 17 persisting, 4 healed`.
    var text: String {
        "\(PlainText.grouped(new)) new, \(PlainText.grouped(persisting)) persisting, \(PlainText.grouped(healed)) healed"
    }
}

extension RunReport {
    /// How many runs up to this one found exactly the same, this one included; 1 where this one brought a change.
    var unchangedRuns: Int {
        guard differences > 0 else { return 1 }
        // The run that found them first brought a change, and belongs to those that found the same all the same.
        return min(trend.count, trend.reversed().prefix { $0.verdict == .differences && $0.new == 0 && $0.healed == 0 }.count + 1)
    }

    /// `the same 14 findings as in the last 2 runs`: a reader who saw them yesterday need not read on.
    var standingText: String? {
        let before = unchangedRuns - 1
        guard before >= 1 else { return nil }
        let since = trend[trend.count - 1 - before].startedAt.readable.prefix(10)
        let runs = before == 1 ? "the last run" : "the last \(PlainText.grouped(before)) runs"
        return "the same \(PlainText.count(differences, "finding")) as in \(runs), since \(since)"
    }

    /// `▁▁▃█▅ 19 findings now; most 42, in 30 runs since 2026-10-24`: one column per run, the oldest first.
    ///
    /// A run without a verdict found nothing because it looked at nothing, so it says that and no number.
    var trendText: String? {
        guard trend.count > 1, let first = trend.first, let last = trend.last else { return nil }
        let most = trend.map(\.findings).max() ?? 0
        let columns = trend.map { Self.column($0, most: most) }.joined()
        let now = last.verdict == .error ? "no verdict now" : "\(PlainText.count(last.findings, "finding")) now"
        let legend = [
            trend.contains { $0.findings == 0 && $0.verdict != .error } ? "· none" : nil,
            trend.contains { $0.verdict == .error } ? "× no verdict" : nil,
        ].compactMap { $0 }
        return "\(columns) \(now); most \(PlainText.grouped(most)), in "
            + "\(PlainText.count(trend.count, "run")) since \(first.startedAt.readable.prefix(10))"
            + (legend.isEmpty ? "" : " (\(legend.joined(separator: ", ")))")
    }

    /// Eighths of a line, by the height of the highest.
    private static func column(_ point: TrendPoint, most: Int) -> String {
        if point.verdict == .error { return "×" }
        guard point.findings > 0, most > 0 else { return "·" }
        let blocks = ["▁", "▂", "▃", "▄", "▅", "▆", "▇", "█"]
        return blocks[min(7, (point.findings * 8 - 1) / most)]
    }
}
