import Domain

/// The difference of two runs as one screen.
public struct RunDiffText: Sendable {
    /// Findings that each list shows; the rest is counted.
    private static let shownAtMost = 20

    private let diff: RunDiff
    private var shown: [RunDiff.Change: [String]] = [:]

    public init(_ diff: RunDiff) {
        self.diff = diff
    }

    /// Takes a finding for its list.
    public mutating func add(_ entry: RunDiff.Entry) {
        guard shown[entry.change, default: []].count < Self.shownAtMost else { return }
        shown[entry.change, default: []].append(line(entry))
    }

    /// The screen, every line ended by a line feed.
    public func text(_ counts: RunDiff.Counts) -> String {
        var blocks = [[headline(counts)], table(counts)]
        if !diff.isSameQuestion {
            blocks.append(["The two runs did not ask the same question: their settings differ."])
        }
        for (run, when) in [(diff.earlier.report, "earlier"), (diff.later.report, "later")] where !run.complete {
            blocks.append(["The \(when) run was not complete: what it did not find may be there all the same."])
        }
        let numbers: [(RunDiff.Change, Int)] = [(.new, counts.new), (.changed, counts.changed), (.healed, counts.healed)]
        for (change, count) in numbers where count > 0 {
            let lines = shown[change, default: []]
            let rest = count - lines.count
            let more = rest > 0 ? ["  … and \(PlainText.grouped(rest)) more; --json names all of them"] : []
            blocks.append([change.rawValue.firstUppercased] + lines + more)
        }
        return blocks.map { $0.joined(separator: "\n") }.joined(separator: "\n\n") + "\n"
    }

    private func headline(_ counts: RunDiff.Counts) -> String {
        if counts.areSame {
            return counts.persisting == 0
                ? "Neither run found a difference" : "The same \(PlainText.count(counts.persisting, "finding")) in both runs"
        }
        return "\(PlainText.grouped(counts.new)) new, \(PlainText.grouped(counts.changed)) changed, "
            + "\(PlainText.grouped(counts.healed)) healed, \(PlainText.grouped(counts.persisting)) the same"
    }

    private func table(_ counts: RunDiff.Counts) -> [String] {
        let runs = [("earlier", diff.earlier.report), ("later", diff.later.report)]
        let numbers = runs.map { PlainText.grouped($0.1.differences) }
        let width = numbers.map(PlainText.width).max() ?? 0
        return zip(runs, numbers).map { run, number in
            "  \(PlainText.padded(run.0, to: 9))\(run.1.runID)  \(PlainText.rightAligned(number, to: width)) "
                + "\(run.1.differences == 1 ? "finding" : "findings"), \(run.1.verdict.rawValue)"
        }
    }

    private func line(_ entry: RunDiff.Entry) -> String {
        let line = entry.line
        let kind = PlainText.padded("\(line.stage.rawValue) \(line.kind.rawValue)", to: "aggregate missing".count)
        var text = "  \(kind)  \(PlainText.visible(line.user.text))  "
        text += (entry.earlierCause.map { "\(PlainText.visible($0)) → " } ?? "") + PlainText.visible(line.bucket.causeCode)
        let fields = line.fields.joined(separator: ", ")
        if let earlier = entry.earlierFields {
            text += PlainText.visible("  (\(earlier.joined(separator: ", ")) → \(fields))")
        } else if !fields.isEmpty {
            text += PlainText.visible("  (\(fields))")
        }
        if entry.change == .healed { text += "  first seen \(line.firstSeen.readable)" }
        return text
    }
}
