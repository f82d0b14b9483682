import Domain

/// From where a later run may look at what changed alone: how things stood when a complete run began.
///
/// All offsets are taken before anything is read, so whatever came after them is looked at again. A baseline is left by complete
/// runs only: what an incomplete one had seen was not settled.
struct Baseline: Sendable, Equatable {
    /// A digest of everything that decides what is compared; under another one, nothing of the past holds.
    var question: String
    /// How topics and ledgers stood when the run began.
    var standing: Standing
    /// When that was, in milliseconds since 1970.
    var startedAtMs: Int64
    /// The source position through which everyone had been looked at when this was written.
    var position: SourcePosition?
    /// The newest run that looked at everyone.
    var fullRun: String
    /// Users that it met.
    var fullRows: Int
    /// How many runs there have been since, each of which looked at what changed alone.
    var runsSinceFull = 0
    /// How fast the run read, when it met everyone.
    var rowsPerSecond: Int?
    /// Where the next slice of the keys begins; nil at the beginning.
    var sliceAfter: UserID?

    var json: JSONValue {
        [
            "question": .string(question), "standing": standing.json, "started_at_ms": .number(startedAtMs),
            "position": .string(position?.description), "full_run": .string(fullRun), "full_rows": .number(fullRows),
            "runs_since_full": .number(runsSinceFull), "rows_per_second": .number(rowsPerSecond),
            "slice_after": .string(sliceAfter?.text),
        ]
    }
}

extension Baseline {
    /// Reads what ``json`` wrote; nil for anything else.
    init?(_ text: String) {
        guard let json = try? JSONValue(parsing: text), let question = json["question"]?.text,
            let standing = json["standing"].flatMap({ Standing($0) }), let startedAtMs = json["started_at_ms"]?.integer,
            let fullRun = json["full_run"]?.text, let fullRows = json["full_rows"]?.integer,
            let runsSinceFull = json["runs_since_full"]?.integer
        else { return nil }
        self.init(
            question: question, standing: standing, startedAtMs: startedAtMs,
            position: json["position"]?.text.flatMap { SourcePosition($0) }, fullRun: fullRun, fullRows: Int(fullRows),
            runsSinceFull: Int(runsSinceFull), rowsPerSecond: json["rows_per_second"]?.integer.map { Int($0) },
            sliceAfter: json["slice_after"]?.text.map { UserID($0) })
    }
}

extension VerifySettings {
    /// A digest of what decides whom a run compares with what. Under another one, a user who did not change may have to be judged
    /// differently all the same.
    var question: String {
        let users = changeDecoders.sorted { $0.key < $1.key }.map { "\($0.key):\($0.value.userField)" }
        let parts =
            [encodingID, userIDKind.rawValue, topics.signals, topics.aggregate, topics.god, "\(hasConnector)"]
            + topics.changes.sorted() + users + stages.map(\.rawValue).sorted()
        return Digest(of: Array(parts.joined(separator: "\u{1F}").utf8)).description
    }

    /// The topics that a run of these stages reads.
    var topicNames: [String] {
        topics.changes + (isForeign ? [] : [topics.signals]) + [topics.aggregate] + (stages.contains(.god) ? [topics.god] : [])
    }
}
