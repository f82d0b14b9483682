import Domain

/// Compares the findings of two runs, user by user.
///
/// The findings are read part by part, so that a million of them need the memory of a part.
public struct RunDiff: Sendable {
    /// What became of a finding.
    public enum Change: String, Sendable, CaseIterable {
        /// Only the later run made it.
        case new
        /// Both made it, and cause, fields or records differ.
        case changed
        /// Only the earlier run made it.
        case healed
    }

    /// One finding that is not the same in both runs.
    public struct Entry: Sendable {
        public var change: Change
        /// The finding of the later run; of the earlier one where it healed.
        public var line: FindingLine
        /// The cause's code in the earlier run, where it changed.
        public var earlierCause: String?
        /// Names of the differing fields in the earlier run, where they changed.
        public var earlierFields: [String]?

        public var json: JSONValue {
            .object([
                .init("change", .string(change.rawValue)), .init("finding", line.json),
                .init("earlier_cause", .string(earlierCause)),
                .init("earlier_fields", earlierFields.map { .array($0.map { .string($0) }) } ?? .null),
            ])
        }
    }

    public struct Counts: Sendable, Equatable {
        public var new = 0
        public var changed = 0
        public var healed = 0
        /// Found by both, and the same.
        public var persisting = 0

        /// Whether both runs found the same.
        public var areSame: Bool { new == 0 && changed == 0 && healed == 0 }
    }

    public let earlier: StoredReport
    public let later: StoredReport
    /// Findings that are held in memory at a time.
    private let partFindings: Int

    public init(earlier: StoredReport, later: StoredReport) {
        self.init(earlier: earlier, later: later, partFindings: 200_000)
    }

    init(earlier: StoredReport, later: StoredReport, partFindings: Int) {
        self.earlier = earlier
        self.later = later
        self.partFindings = max(1, partFindings)
    }

    /// Whether both runs asked the same question.
    public var isSameQuestion: Bool { earlier.report.configDigest == later.report.configDigest }

    /// Calls `body` with each finding that is not the same in both, and counts.
    ///
    /// - Throws: ``ReportError``, or what `body` throws.
    public func compare(_ body: (Entry) throws -> Void) throws -> Counts {
        let parts = earlier.report.differences / partFindings + 1
        var counts = Counts()
        for part in 0..<parts {
            try compare(&counts, body) { parts == 1 || Int($0.user.hashValue.magnitude % UInt(parts)) == part }
        }
        return counts
    }

    /// What identifies a finding over runs. Two stray records of one user are two findings of one name.
    private struct Name: Hashable {
        var user: UserID
        var stage: Stage
        var kind: Kind

        init(_ line: FindingLine) {
            user = line.user
            stage = line.stage
            kind = line.kind
        }
    }

    /// What may change about it.
    private struct State: Equatable {
        var cause: String?
        var fields: [String]
        var records: [RecordAddress?]
        var digests: [Digest?]

        init(_ line: FindingLine) {
            cause = line.causeCode
            fields = line.fields
            records = [line.topic?.address, line.god?.address]
            digests = [line.source?.digest, line.topic?.digest, line.god?.digest]
        }
    }

    private func compare(
        _ counts: inout Counts, _ body: (Entry) throws -> Void, isMeant: (FindingLine) -> Bool
    ) throws {
        var before: [Name: [State]] = [:]
        try forEach(earlier) { line in
            if isMeant(line) { before[Name(line), default: []].append(State(line)) }
        }
        try forEach(later) { line in
            guard isMeant(line) else { return }
            guard var states = before[Name(line)] else {
                counts.new += 1
                return try body(Entry(change: .new, line: line))
            }
            let state = State(line)
            let match = states.firstIndex(of: state) ?? 0
            let old = states.remove(at: match)
            before[Name(line)] = states.isEmpty ? nil : states
            guard old != state else {
                counts.persisting += 1
                return
            }
            counts.changed += 1
            try body(
                Entry(
                    change: .changed, line: line, earlierCause: old.cause == state.cause ? nil : old.cause ?? Bucket.unknownCause,
                    earlierFields: old.fields == state.fields ? nil : old.fields))
        }
        guard !before.isEmpty else { return }
        // Read once more, so that what healed comes in the order in which it was found.
        try forEach(earlier) { line in
            guard isMeant(line), let index = before[Name(line)]?.firstIndex(of: State(line)) else { return }
            before[Name(line)]?.remove(at: index)
            counts.healed += 1
            try body(Entry(change: .healed, line: line))
        }
    }

    private func forEach(_ report: StoredReport, _ body: (FindingLine) throws -> Void) throws {
        let reader = try report.findings()
        while let line = try reader.next() { try body(line) }
    }

    /// The summary as JSON.
    public func json(_ counts: Counts) -> JSONValue {
        func run(_ stored: StoredReport) -> JSONValue {
            [
                "run_id": .string(stored.report.runID.text), "verdict": .string(stored.report.verdict.rawValue),
                "complete": .bool(stored.report.complete), "differences": .number(stored.report.differences),
            ]
        }
        return [
            "earlier": run(earlier), "later": run(later), "same_question": .bool(isSameQuestion), "new": .number(counts.new),
            "changed": .number(counts.changed), "healed": .number(counts.healed), "persisting": .number(counts.persisting),
        ]
    }
}
