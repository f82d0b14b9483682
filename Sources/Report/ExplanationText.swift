import Domain

extension Explanation {
    /// Columns of the labels at the left.
    private static let labelWidth = 14

    /// One screen for a terminal.
    ///
    /// - Parameter width: Its columns. What is longer goes on below itself; the command to run next is never broken, because it could not
    ///   be pasted.
    public func text(width: Int = .max) -> String {
        var lines: [String] = []
        lines += block("row", row) { row in
            ["digest \(row.digest)" + (row.position.map { ", read at \($0)" } ?? "")]
        }
        lines += block("changes", changes, Self.lines)
        lines += block("aggregate", aggregate, Self.lines)
        lines += block("ledger", productions, Self.lines)
        if case .found(let known) = productions, let newest = known.last {
            lines.append(Self.line("mapping", Self.mapping(newest)))
        }
        lines += block("God object", god, Self.lines)
        lines += block("parked", parked) { $0.isEmpty ? ["none"] : $0.map(Self.text) }
        lines += block("earlier", past) { $0.isEmpty ? ["no finding of an earlier run"] : $0.map(Self.text) }
        if case .differs(let findings) = conclusion {
            lines.append("")
            for finding in findings { lines.append(Self.text(finding)) }
        }
        lines = lines.flatMap { Self.wrapped($0, to: width) }
        let head = Self.head("User \(PlainText.visible(user.text)):", headline, width)
        let next = nextCommand.map { ["", "Next: \($0)"] } ?? []
        return (head + [""] + lines + next).joined(separator: "\n") + "\n"
    }

    /// The user's name in one piece, for its spaces are part of it, and then what there is to say.
    private static func head(_ name: String, _ headline: String, _ width: Int) -> [String] {
        let line = "\(name) \(headline)"
        return PlainText.width(line) <= width ? [line] : [name] + PlainText.wrapped(headline, to: width)
    }

    private static func wrapped(_ line: String, to width: Int) -> [String] {
        guard PlainText.width(line) > width, line.hasPrefix("  ") else { return [line] }
        let parts = PlainText.wrapped(String(line.dropFirst(labelWidth)), to: max(40, width - labelWidth))
        return parts.enumerated().map { index, part in
            (index == 0 ? String(line.prefix(labelWidth)) : String(repeating: " ", count: labelWidth)) + part
        }
    }

    private var headline: String {
        switch conclusion {
        case .consistent: row == .absent ? "exists nowhere, and nowhere is right" : "made it across"
        case .differs(let findings): "did NOT make it across (\(PlainText.count(findings.count, "difference")))"
        case .cannotTell(let reason): "cannot tell: \(PlainText.visible(reason))"
        }
    }

    private static func line(_ label: String, _ text: String) -> String {
        PlainText.padded("  " + label, to: labelWidth) + text
    }

    private func block<Value>(_ label: String, _ sighting: Sighting<Value>, _ show: (Value) -> [String]) -> [String] {
        switch sighting {
        case .absent: return [Self.line(label, "none")]
        case .unseen(let reason): return [Self.line(label, "could not be read: \(PlainText.visible(reason))")]
        case .found(let value):
            return show(value).enumerated().map { Self.line($0.offset == 0 ? label : "", $0.element) }
        }
    }

    private static func lines(_ record: TopicRecord) -> [String] {
        let what = record.digest.map { "digest \($0)" } ?? "tombstone"
        let time = record.writtenAt.map { ", written \($0)" } ?? ""
        return ["\(what), partition \(record.address.partition), offset \(record.address.offset)\(time)"]
            + record.provenance.map { "\($0.name) \(PlainText.visible($0.text))" }
    }

    /// The newest change events; what was not read, or is not shown, is counted.
    private static func lines(_ changes: Changes) -> [String] {
        let unread =
            changes.unread > 0
            ? ["\(PlainText.count(changes.unread, "older record")) of the change topics not looked through"] : []
        guard changes.count > 0 else { return ["no change event can be read any more"] + unread }
        let hidden = changes.count - changes.newest.count
        let rows = changes.newest.map { change in
            let time = change.at.map { "\($0) " } ?? ""
            let position = change.position.map { ", position \($0)" } ?? ""
            return "\(time)\(change.operation) in \(PlainText.visible(change.topic)) at \(change.address)\(position)"
        }
        return (hidden > 0 ? ["\(PlainText.count(hidden, "older change event")) not shown"] : []) + rows + unread
    }

    private static func mapping(_ production: Production) -> String {
        let time = UTCTime(millisecondsSince1970: production.producedAtMs)
        if let digest = production.mappingDigest { return "digest \(digest) when it was produced, \(time)" }
        return production.isLive ? "the service knew none when it was produced, \(time)" : "not asked for a tombstone"
    }

    private static func text(_ entry: ParkedEntry) -> String {
        "by the \(entry.hop.rawValue)\(entry.parkedAt.map { ", \($0)" } ?? ""): \(entry.reason.explanation)"
    }

    /// The newest few productions; older ones are counted.
    private static func lines(_ productions: [Production]) -> [String] {
        guard !productions.isEmpty else { return ["no production"] }
        let shown = productions.suffix(5)
        let hidden = productions.count - shown.count
        let rows = shown.map { production in
            let what = production.godDigest.map { "God object \($0)" } ?? "tombstone"
            return "\(UTCTime(millisecondsSince1970: production.producedAtMs)) \(what) at \(production.god), from aggregate "
                + "\(production.aggregate)"
        }
        return (hidden > 0 ? ["\(PlainText.count(hidden, "older production")) not shown"] : []) + rows
    }

    private static func text(_ finding: PastFinding) -> String {
        let end = finding.healed.map { "healed \($0)" } ?? "last seen \(finding.lastSeen)"
        return "\(finding.kind.rawValue) at stage \(finding.stage.rawValue) since \(finding.firstSeen), \(end)"
    }

    private static func text(_ finding: Finding) -> String {
        let cause = finding.cause?.explanation ?? "the cause cannot be known"
        if let values = finding.values, !values.isEmpty {
            let lines = values.map { "\n    " + PlainText.visible($0.text) }.joined()
            return "\(finding.kind.rawValue.uppercased()) at stage \(finding.stage.rawValue): \(cause)\(lines)"
        }
        let fields =
            finding.fields.isEmpty ? "" : "; differing fields: " + finding.fields.map(PlainText.visible).joined(separator: ", ")
        return "\(finding.kind.rawValue.uppercased()) at stage \(finding.stage.rawValue): \(cause)\(fields)"
    }
}
