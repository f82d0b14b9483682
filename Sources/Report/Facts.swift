import Domain

/// A line of the first screen that is not about findings: a label, and what is to be said.
struct Fact: Equatable {
    let label: String
    let text: String

    /// The label where the title above says "as of" already.
    var labelUnderTitle: String { label == "as of" ? "source" : label }
}

extension RunReport {
    /// How much of what there is the verdict speaks of.
    var coverageFacts: [Fact] {
        facts { add in
            // In the two other cases the headline says it.
            add("incomplete", verdict == .differences && !complete ? reason : nil)
            add("coverage", coverageText)
        }
    }

    /// The positions that the verdict is as of, and what makes it believable.
    var asOfFacts: [Fact] {
        facts { add in
            add("as of", sourceText)
            add("topic", aggregateTopic.map(topicText))
            add(
                "ledger",
                ledger.map { "\(PlainText.count($0.productions, "production")) of \(PlainText.count($0.users, "user"))" })
            add("topic", godTopic.map(topicText))
            add("fence", fenceText)
            add("self-test", canaryText)
            add("run", "\(runID), \(mode.rawValue), started \(startedAt.readable), took \(tookText)")
        }
    }

    /// What became of the findings since the last run, and over the last month of runs.
    var changeFacts: [Fact] {
        facts { add in
            add("since last", delta.map(\.text))
            add("standing", standingText)
            add("trend", trendText)
        }
    }

    var tookText: String {
        PlainText.duration(milliseconds: finishedAt.millisecondsSince1970 - startedAt.millisecondsSince1970)
    }

    private func facts(_ collect: (_ add: (String, String?) -> Void) -> Void) -> [Fact] {
        var facts: [Fact] = []
        collect { label, text in
            if let text { facts.append(Fact(label: label, text: text)) }
        }
        return facts
    }

    private var coverageText: String? {
        guard coverage.planned > 0 || coverage.plan == .slice || !coverage.gaps.isEmpty else { return nil }
        let gaps = coverage.gaps.isEmpty ? "" : "; \(coverage.gaps.joined(separator: "; "))"
        let because = coverage.because.map { "; everyone, because \($0)" } ?? ""
        return "\(PlainText.grouped(coverage.scanned)) of \(PlainText.grouped(coverage.planned)) \(coverage.unit), "
            + "\(coverage.percentText)\(because)\(planText)\(gaps)"
    }

    private var planText: String {
        guard coverage.plan == .slice else { return "" }
        guard let basis = coverage.basis else { return ", of what changed since the last run and a slice of the rest" }
        let since = basis.since.map { " (verified through \($0))" } ?? ""
        let through = basis.through.map { " and before \($0)" } ?? ""
        let persisting = basis.persisting > 0 ? ", \(PlainText.grouped(basis.persisting)) of them with earlier findings" : ""
        return
            " of the plan: \(PlainText.grouped(basis.due)) due since run \(basis.run)\(since)\(through)\(persisting), and a slice of "
            + "\(PlainText.grouped(basis.sliceUsers)); the last full run, \(basis.fullRun), met \(PlainText.grouped(basis.everyone))"
    }

    private var sourceText: String? {
        guard source.position != nil || source.rows > 0 || verdict != .error else { return nil }
        let server = source.server.map { " of \($0)" } ?? ""
        return (source.position?.description ?? "an unknown position") + server + ", \(PlainText.count(source.rows, "row"))"
    }

    private func topicText(_ topic: TopicSummary) -> String {
        "\(topic.name): \(PlainText.count(topic.records, "record")) in \(PlainText.count(topic.partitions.count, "partition")), "
            + "\(PlainText.grouped(topic.live)) live, \(PlainText.count(topic.tombstones, "tombstone"))"
    }

    private var fenceText: String? {
        // A run that failed did not come as far as the fence; its reason says so.
        guard !fence.hops.isEmpty else { return verdict == .error ? nil : "none was set" }
        let position = fence.position.map { " at \($0)" } ?? ""
        let parts = [(true, "passed by"), (false, "NOT passed by")].compactMap { passed, word -> String? in
            let hops = fence.hops.filter { $0.passed == passed }.map(hopText)
            return hops.isEmpty ? nil : "\(word) \(hops.joined(separator: ", "))"
        }
        return "\(fence.strength.rawValue)\(position), \(parts.joined(separator: "; "))"
    }

    private func hopText(_ hop: FenceSummary.Hop) -> String {
        // Below a second a wait tells nothing, and neither does how a hop came to be behind the fence, where that was proven.
        let waited = hop.waitedMs >= 1_000 ? ["waited \(PlainText.duration(milliseconds: hop.waitedMs))"] : []
        let isTelling = !hop.detail.isEmpty && (!hop.passed || fence.strength == .weak)
        let remarks = (isTelling ? [hop.detail] : []) + waited
        return hop.hop + (remarks.isEmpty ? "" : " (\(remarks.joined(separator: ", ")))")
    }

    private var canaryText: String? {
        guard canary.planted > 0 || canary.caught > 0 else { return nil }
        let second =
            crossCheck.compared > 0
            ? "; \(PlainText.grouped(crossCheck.agreed)) of \(PlainText.count(crossCheck.compared, "user")) read a second way agree"
            : ""
        return "\(PlainText.grouped(canary.caught)) of \(PlainText.count(canary.planted, "planted difference")) seen\(second)"
    }

    /// The notes of the run, and those that follow from its counts.
    var allNotes: [String] {
        var all = notes
        if let revealedBy {
            all.append("this report shows values of rows, as \(revealedBy) asked with --reveal; treat it accordingly")
        }
        let hot = total(\.versionOnly)
        if hot > 0 {
            all.append(
                "\(PlainText.count(hot, "user")) changed too often for the values to be compared; only "
                    + "\(hot == 1 ? "its version was" : "their versions were") checked")
        }
        return all
    }
}
