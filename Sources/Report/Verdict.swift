/// What a run came to.
public enum Verdict: String, Sendable, CaseIterable, Hashable {
    /// Everything that was planned was checked, and everyone is where they should be.
    case clean
    /// At least one difference was confirmed, whether or not the run was complete.
    case differences
    /// No difference was confirmed, and not everything could be checked.
    case incomplete
    /// The run could not be done, or its outcome cannot be trusted.
    case error

    /// The exit code of the command.
    public var exitCode: Int32 {
        switch self {
        case .clean: 0
        case .differences: 1
        case .error: 2
        case .incomplete: 3
        }
    }

    /// What a verdict is decided on.
    public struct Grounds: Sendable, Hashable {
        /// The run could not be done, or is void.
        public var failed: Bool
        /// Settled findings of all stages.
        public var differences: Int
        /// Suspects that could not be settled.
        public var unresolved: Int
        /// All that was planned was checked.
        public var covered: Bool
        /// Every hop of the fence was passed.
        public var fencePassed: Bool
        public var canary: Canary

        public init(
            failed: Bool, differences: Int, unresolved: Int, covered: Bool, fencePassed: Bool, canary: Canary
        ) {
            self.failed = failed
            self.differences = differences
            self.unresolved = unresolved
            self.covered = covered
            self.fencePassed = fencePassed
            self.canary = canary
        }

        /// Whether the run checked all that it meant to check: the field `complete` of the report, which does not depend on
        /// whether differences were found.
        public var complete: Bool { !failed && covered && fencePassed && unresolved == 0 && canary.allCaught }
    }

    /// The one place where a verdict is decided. Error precedes differences, which precede incomplete, which precedes clean.
    public static func decide(_ grounds: Grounds) -> Verdict {
        // A verifier that overlooks a planted difference proves nothing, so not even its findings are presented as a verdict.
        if grounds.failed || !grounds.canary.allCaught { return .error }
        if grounds.differences > 0 { return .differences }
        return grounds.complete ? .clean : .incomplete
    }
}

/// Users whose bytes were equal, read a second time by other code and compared field by field.
public struct CrossCheck: Sendable, Hashable {
    public var compared: Int
    public var agreed: Int

    public init(compared: Int = 0, agreed: Int = 0) {
        self.compared = compared
        self.agreed = agreed
    }
}

/// Differences that the run planted in what it read, to prove that it would have seen them.
public struct Canary: Sendable, Hashable {
    public var planted: Int
    public var caught: Int

    public init(planted: Int = 0, caught: Int = 0) {
        self.planted = planted
        self.caught = caught
    }

    /// More caught than planted is as wrong as fewer.
    public var allCaught: Bool { planted == caught }
}
