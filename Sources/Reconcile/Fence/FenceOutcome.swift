import Domain

/// How far a fence came, hop by hop.
public struct FenceOutcome: Sendable, Equatable {
    /// What passing the fence proves.
    public enum Strength: String, Sendable {
        /// The connector's committed source offset passed the position: every change before it was handed over.
        case strong
        /// No committed source offset could be read: only what had reached the change topics is covered.
        case weak
    }

    /// One hop of the fence.
    public struct HopOutcome: Sendable, Equatable {
        /// `connector`, `intake`, `aggregator` or `enricher`.
        public var hop: String
        public var isPassed: Bool
        /// Records, or bytes of binary log, that were still ahead when the wait ended.
        public var lag: Int64
        public var detail: String
        public var waitedMs: Int64
    }

    /// The source position that every hop passed; nil when the source has none.
    public var position: SourcePosition?
    public var strength: Strength
    public var hops: [HopOutcome] = []
    /// Facts that a reader of the report should know, such as events that retention removed before anyone read them.
    public var notes: [String] = []

    /// Whether every hop was passed.
    public var isPassed: Bool { hops.allSatisfy(\.isPassed) }

    /// The first hop that was not passed.
    public var blocked: HopOutcome? { hops.first { !$0.isPassed } }
}
