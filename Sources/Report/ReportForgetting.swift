import Domain

extension ReportStore {
    /// What became of the reports when a user was forgotten.
    public struct Forgetting: Sendable, Equatable {
        /// The runs whose reports were written anew.
        public var rewritten: [RunID] = []
        /// Findings that are gone from them.
        public var findings = 0
        /// Reports that could not be read, so that nobody knows what they hold.
        public var unreadable: [String] = []

        /// Nothing so far.
        public init() {}
    }

    /// Writes every report that names a user anew, without the user. Verdicts and counts stay as they were: they name nobody.
    ///
    /// Each report is replaced as a whole. An interrupted call leaves reports of both kinds, and the same call again goes on.
    ///
    /// - Parameter commands: How the suggested commands are spelled.
    /// - Throws: ``ReportError``.
    public func forget(_ user: UserID, commands: Commands = Commands()) throws(ReportError) -> Forgetting {
        var outcome = Forgetting()
        TemporaryDirectory.removeAbandoned(in: directory)
        _ = try RevealRecord.forget(user, in: directory.path)
        for entry in try list() {
            switch entry {
            case .unreadable(let run, _): outcome.unreadable.append(directory.path(of: run))
            case .run(let stored):
                do throws(ReportError) {
                    guard let gone = try rewrite(stored, without: user, commands: commands) else { continue }
                    outcome.rewritten.append(stored.report.runID)
                    outcome.findings += gone
                } catch {
                    guard [.notFound, .malformed, .notReadable].contains(error.code) else { throw error }
                    outcome.unreadable.append(stored.path)
                }
            }
        }
        // The front page quotes the reason of a run, and that can name a user.
        if !outcome.rewritten.isEmpty { try writeFrontPage() }
        return outcome
    }

    /// - Returns: How many findings of the user are gone; nil where the report does not name the user.
    private func rewrite(_ stored: StoredReport, without user: UserID, commands: Commands) throws(ReportError) -> Int? {
        var report = stored.report
        report.forget(user)
        var gone = 0
        let search = try stored.findings()
        while let line = try search.next() {
            if line.user == user { gone += 1 }
        }
        guard gone > 0 || report != stored.report else { return nil }
        if gone > 0 { report.forgetIDs() }
        report.notes.append("a user was removed from this report on \(UTCTime.now().day); its counts are those of the run")
        let writer = try ReportWriter(directory: directory.path, runID: report.runID, commands: commands, replaces: true)
        let findings = try stored.findings()
        while let line = try findings.next() {
            if line.user != user { try writer.add(line) }
        }
        try writer.finish(report)
        return gone
    }
}

extension RunReport {
    /// Takes out whatever names the user.
    fileprivate mutating func forget(_ user: UserID) {
        examples.removeAll { $0.user == user }
        if oldestStale?.user == user { oldestStale = nil }
        reason = reason.map { Self.text($0, without: user) }
        notes = notes.map { Self.text($0, without: user) }
    }

    /// Takes out ranges of ids: whoever knows how wide they are can read an id from their ends.
    fileprivate mutating func forgetIDs() {
        clusters.removeAll { $0.property == .userID }
        distributions.removeAll { $0.property == .userID }
    }

    /// Messages name a user as `user 42`.
    private static func text(_ text: String, without user: UserID) -> String {
        var result = ""
        var rest = text[...]
        while let place = rest.firstRange(of: "user \(user.text)") {
            let isWhole =
                place.upperBound == rest.endIndex || !(rest[place.upperBound].isLetter || rest[place.upperBound].isNumber)
            result += rest[..<place.lowerBound] + (isWhole ? "user (forgotten)" : String(rest[place]))
            rest = rest[place.upperBound...]
        }
        return result + rest
    }
}
