import Domain
import Report

/// What the webhook was last told: `notified.json` in the reports' directory. It names nobody.
struct NotifiedState: Equatable {
    var verdict: Verdict
    var fingerprint: String
    var differences: Int
    var toldAt: UTCTime

    private static let schema = "rollcall.notified/1"

    /// - Parameter told: What was told before. A run without a verdict says nothing of who differs, so that stays.
    init(_ standing: Standing, after told: NotifiedState?) {
        let keeps = standing.verdict == .error || standing.verdict == .incomplete
        verdict = standing.verdict
        fingerprint = keeps ? told?.fingerprint ?? standing.fingerprint : standing.fingerprint
        differences = keeps ? told?.differences ?? 0 : standing.differences
        toldAt = standing.at
    }

    private static func path(in directory: String) -> String { "\(directory)/notified.json" }

    /// Nil where nobody was told yet, or the file cannot be read: then it is told once more, which is the lesser evil.
    static func load(from directory: String) -> NotifiedState? {
        guard case .success(let bytes) = readFile(path(in: directory)), let json = try? JSONValue(parsing: bytes) else {
            return nil
        }
        return NotifiedState(json)
    }

    private init?(_ json: JSONValue) {
        guard json["schema"]?.text == Self.schema, let verdict = json["verdict"]?.text.flatMap(Verdict.init(rawValue:)),
            let fingerprint = json["fingerprint"]?.text, let toldAt = json["told_at"]?.text.flatMap({ UTCTime($0) }),
            let differences = json["differences"]?.integer
        else { return nil }
        self.verdict = verdict
        self.fingerprint = fingerprint
        self.toldAt = toldAt
        self.differences = Int(differences)
    }

    /// - Throws: ``CommandError``.
    func save(to directory: String) throws(CommandError) {
        let json: JSONValue = [
            "schema": .string(Self.schema), "verdict": .string(verdict.rawValue), "fingerprint": .string(fingerprint),
            "differences": .number(differences), "told_at": .string(toldAt.description),
        ]
        try AtomicFile.write(json.bytes + [0x0A], to: Self.path(in: directory))
    }
}
