import Domain

/// Findings that have stage, kind and cause in common: usually one thing went wrong, and one command mends it.
public struct Bucket: Sendable, Hashable, Comparable {
    public var stage: Stage
    public var kind: Kind
    /// The cause's code; `unknown` where the cause cannot be known. A text, so that a report of a later version, with causes
    /// that this one does not know, can still be read.
    public var causeCode: String

    /// The code of findings whose cause cannot be known.
    public static let unknownCause = "unknown"

    public init(stage: Stage, kind: Kind, cause: Cause?) {
        self.init(stage: stage, kind: kind, causeCode: cause?.code ?? Self.unknownCause)
    }

    public init(stage: Stage, kind: Kind, causeCode: String) {
        self.stage = stage
        self.kind = kind
        self.causeCode = causeCode
    }

    /// Parses a ``path``.
    public init?(path: String) {
        let parts = path.split(separator: "/", maxSplits: 2, omittingEmptySubsequences: false).map(String.init)
        guard parts.count == 3, let stage = Stage(rawValue: parts[0]), let kind = Kind(rawValue: parts[1]), !parts[2].isEmpty
        else { return nil }
        self.init(stage: stage, kind: kind, causeCode: parts[2])
    }

    /// `aggregate/missing/no_change_event_seen`.
    public var path: String { "\(stage.rawValue)/\(kind.rawValue)/\(causeCode)" }

    /// `aggregate missing`: what a reader calls it, beside its cause.
    var title: String { "\(stage.rawValue) \(kind.rawValue)" }

    public var isParked: Bool { causeCode.hasPrefix("parked:") }

    /// One sentence for a reader.
    public var explanation: String {
        if let cause = Cause(code: causeCode) { return cause.explanation }
        if causeCode == Self.unknownCause { return "the cause cannot be told from what was found" }
        return "a cause that this version of Rollcall does not know"
    }

    /// Along the pipeline, and within a stage in the order missing, stale, extra.
    public static func < (left: Bucket, right: Bucket) -> Bool {
        left.order == right.order ? left.causeCode < right.causeCode : left.order < right.order
    }

    private var order: Int {
        let kinds = Kind.allCases.count
        return (Stage.allCases.firstIndex(of: stage) ?? 0) * kinds + (Kind.allCases.firstIndex(of: kind) ?? 0)
    }
}
