import Domain

/// Looks closely at a few users: folds only their records, and settles them as a run does.
public struct UserCheck {
    private let settings: VerifySettings
    private let ports: any ReconcilePorts

    public init(_ settings: VerifySettings, ports: any ReconcilePorts) {
        self.settings = settings
        self.ports = ports
    }

    /// What the check came to.
    public struct Outcome: Sendable {
        /// Findings that were confirmed.
        public var findings: [Finding] = []
        /// Users who could not be settled, and why.
        public var unresolved: [UserID: String] = [:]
        /// How many (user, stage) pairs turned out well.
        public var matched = 0

        /// The exit code of a command whose verdict this is: 1 with findings, else 3 with anything unresolved, else 0.
        public var exitCode: Int32 { findings.isEmpty ? (unresolved.isEmpty ? 0 : 3) : 1 }
    }

    /// Settles these users at every stage that the settings name.
    public func run(_ users: Set<UserID>) throws -> Outcome {
        let session = try UserSession(settings, ports, users)
        defer { session.close() }
        let suspects = users.sorted().flatMap { user in
            Stage.allCases.filter(settings.stages.contains).map { Suspect(user: user, stage: $0, alteration: nil) }
        }
        var outcome = Outcome()
        var confirmed: [FindingBuilder.Confirmed] = []
        for (suspect, settlement) in try session.settler.settle(suspects) {
            switch settlement {
            case .matched: outcome.matched += 1
            case .confirmed(let mismatches, let evidence, let row):
                confirmed.append(.init(suspect: suspect, mismatches: mismatches, evidence: evidence, row: row))
            case .unresolved(let reason): outcome.unresolved[suspect.user] = reason
            }
        }
        let causes = CauseFinder(session.roll, signals: session.topics.signals, encodingID: settings.encodingID)
        let built = try FindingBuilder(session.roll, causes: causes).build(confirmed)
        outcome.findings = built.findings
        for suspect in built.unprovable {
            outcome.unresolved[suspect.user] = "the topic no longer holds the record that was judged"
        }
        return outcome
    }
}

/// The ports and folds for a few users.
final class UserSession {
    let roll: Roll
    let settler: Settler
    let topics: Fence.TopicBounds
    private let source: any SourcePort
    private let progress: any ProgressPort

    init(_ settings: VerifySettings, _ ports: any ReconcilePorts, _ users: Set<UserID>) throws {
        source = try ports.source()
        progress = try ports.progress()
        topics = Fence.TopicBounds(
            changes: try settings.topics.changes.map { try ports.topic($0) },
            signals: try ports.topic(settings.topics.signals), aggregate: try ports.topic(settings.topics.aggregate))
        let judgesGod = settings.stages.contains(.god)
        roll = try Roll(
            settings, aggregate: Self.follow(settings.topics.aggregate, .aggregate, settings, ports, users),
            god: judgesGod ? Self.follow(settings.topics.god, .god, settings, ports, users) : nil,
            ledger: judgesGod ? try ports.ledger() : nil)
        let fence = Fence(
            settings, source: source, progress: progress, topics: topics, clock: ports.clock,
            runID: "check-\(ports.clock.nowMs())")
        settler = Settler(settings, source: source, roll: roll, fence: fence, clock: ports.clock)
    }

    private static func follow(
        _ topic: String, _ stage: Stage, _ settings: VerifySettings, _ ports: any ReconcilePorts, _ users: Set<UserID>
    ) throws -> FollowedTopic {
        let port = try ports.topic(topic)
        return FollowedTopic(port, resuming: try FoldedTopic(port, stage: stage, kind: settings.userIDKind, only: users))
    }

    func close() {
        roll.close()
        topics.close()
        source.close()
        progress.close()
    }
}
