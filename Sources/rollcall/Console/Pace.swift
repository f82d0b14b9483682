import Report

/// How far counted work has come, how fast it goes, and how long it will take: `replay 1,200 of 5,000 (24 %)  300/s  ETA 12 s`.
enum Pace {
    /// - Parameters:
    ///   - what: What goes on, such as `replay`.
    ///   - unit: What is counted, where that does not go without saying.
    ///   - first: What was done already when the clock began.
    ///   - elapsedMs: How long it has gone on.
    static func text(
        _ what: String, _ done: Int64, of total: Int64, unit: String = "", since first: Int64 = 0, elapsedMs: Int64
    ) -> String {
        let percent = total > 0 ? done * 100 / total : 100
        let counted = unit.isEmpty ? "" : " \(unit)"
        var text = "\(what) \(PlainText.grouped(Int(done))) of \(PlainText.grouped(Int(total)))\(counted) (\(percent) %)"
        let perSecond = (done - first) * 1_000 / max(1, elapsedMs)
        guard perSecond > 0 else { return "\(text)  \(PlainText.duration(milliseconds: elapsedMs))" }
        let restMs = (total - done) * 1_000 / perSecond
        text += "  \(PlainText.grouped(Int(perSecond)))/s  ETA \(PlainText.duration(milliseconds: restMs))"
        return text
    }
}
