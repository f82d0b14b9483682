import Domain
import Kafka

/// Everything that there is in a simulated migration.
struct WorldState: Sendable {
    let plan: Plan
    var schedule: Schedule
    var server: Server
    var broker: Broker
    /// The source offset that the connector committed last.
    var connectorOffset: ConnectorOffset?
    /// Users whom the connector's copies of the tables were about.
    var copied: Set<UserID> = []
    var machines: [Machine]
    var replays: [ReplayEntry] = []
    var weather = Weather()
    var truth = Truth()
    private(set) var violations: [Violation] = []
    /// Runs that were begun.
    var runs = 0
    /// In which turn each run began to read: it had taken note by then of how the topics stood, and a later one goes on from there.
    var readTurns: [String: Int] = [:]
    /// The same of the run that is under way; nil before it has begun to read.
    var readTurn: Int?
    /// Runs that went on from an earlier one.
    var partialRuns = 0
    /// How often each verdict was given.
    var verdicts: [String: Int] = [:]
    /// Nothing goes wrong any more, and everything is to come to rest.
    var isFinishing = false

    init(plan: Plan, schedule: consuming Schedule) {
        self.plan = plan
        self.schedule = schedule
        server = Server(hasGTIDs: plan.hasGTIDs)
        broker = Broker(plan)
        machines = (0..<plan.processes).map { _ in Machine() }
    }

    var nowMs: Int64 { schedule.nowMs }

    /// Adds a line to the trace, if there is one.
    mutating func note(_ line: @autoclosure () -> String) {
        guard schedule.trace != nil else { return }
        let place = "\(schedule.nowMs - Schedule.beginMs) ms  \(schedule.runningName): "
        schedule.trace?.append(place + line())
    }

    mutating func report(_ rule: Violation.Rule, _ detail: String) {
        note("VIOLATION \(rule.rawValue): \(detail)")
        violations.append(Violation(rule: rule, detail: detail))
    }

    /// An actor has ended in an error that nobody expected.
    mutating func noteFailure(of actor: String, _ error: any Error) {
        report(.unexpectedError, "\(actor): \(error)")
    }

    @discardableResult
    mutating func append(_ topic: String, _ record: Broker.NewRecord, partition: Int32? = nil) -> RecordAddress {
        let address = broker.append(topic, record, partition: partition, nowMs: nowMs, turn: schedule.turns)
        schedule.announce(topic)
        return address
    }
}

/// The names of the topics and of the groups.
enum Name {
    static let users = "shop.users"
    static let preferences = "shop.preferences"
    static let changes = [users, preferences]
    /// What the connector makes of the fence table's rows.
    static let fence = "shop.fence"
    static let signals = "signals"
    static let aggregate = "aggregate"
    static let god = "god"
    static let intake = "intake"
    static let aggregator = "aggregator"
    static let enricher = "enricher"
    /// What actors wait for that is not a topic.
    static let binlog = "binlog"
    static let control = "control"
    /// A run asks how far the enricher is.
    static let enricherAsked = "enricher asked"
    static let encodingID = "e1"
}

/// A promise that was broken.
public struct Violation: Sendable, Hashable, CustomStringConvertible {
    public enum Rule: String, Sendable, CaseIterable {
        /// A run said `clean`, and a row version up to its position was not represented on a topic.
        case cleanButLost = "clean_but_lost"
        /// A run reported a finding, and nobody had done anything to that user.
        case findingWithoutDefect = "finding_without_defect"
        /// The run after everything had come to rest did not say exactly what is wrong.
        case wrongFinalVerdict = "wrong_final_verdict"
        /// Nothing was injected, everything has come to rest, and a topic does not hold what the source says.
        case notConverged = "not_converged"
        /// Somebody was repaired, and is wanting all the same.
        case notHealed = "not_healed"
        /// A replay is done, and somebody whom it should have reached has an older mapping than the one of then.
        case replayMissed = "replay_missed"
        /// An offset was committed before the work for its record was done.
        case offsetPassedWork = "offset_passed_work"
        /// A production was acknowledged, and no ledger lists it.
        case productionNotRecorded = "production_not_recorded"
        /// A ledger lists a production that was never acknowledged.
        case productionNeverMade = "production_never_made"
        /// The pipeline did not come to rest.
        case drain
        /// A worker or a run ended in an error that nothing in the schedule explains.
        case unexpectedError = "unexpected_error"
    }

    public var rule: Rule
    public var detail: String

    public var description: String { "\(rule.rawValue): \(detail)" }
}

/// One machine's disk: what survives its process.
struct Machine: Sendable {
    var productions: [Production] = []
    /// Open entries by the record that they are about.
    var parked: [ParkedKey: ParkedEntry] = [:]

    struct ParkedKey: Hashable, Sendable {
        var partition: TopicPartition
        var offset: Int64
    }

    struct ParkedEntry: Sendable {
        var hop: Hop
        var reason: ParkReason
        var user: UserID?
        var isOpen: Bool
        var parkedAtMs: Int64
        /// In the order of parking.
        var number: Int
    }
}

/// What is wrong with the outside world at the moment.
struct Weather: Sendable {
    /// Until when each counterpart is away, in milliseconds since 1970.
    var awayUntilMs: [Counterpart: Int64] = [:]
    /// Until when a partition has no leader.
    var leaderlessUntilMs: [TopicPartition: Int64] = [:]
    /// Workers that are going to stand still over what they have just read, for longer than their session.
    var dozers = 0
    /// Workers that stood still, and have not polled since: they may have a batch in hand that is another's by now.
    var overslept: Set<Int> = []
    /// In how many of a hundred calls a port fails for no reason.
    var failurePercent = 0
    var mappingFails: Set<UserID> = []
    /// How often the mapping service has changed its mind about each user.
    var answers: [UserID: Int] = [:]
    /// The process that scans is going to die in one of its next calls to the source; nil when it is not.
    var scanCallsUntilDeath: Int?
    /// Records that the broker is going to acknowledge and lose, by topic.
    var swallows: [String: Int] = [:]
    /// Productions that the disk is going to lose.
    var swallowsProductions = 0
    /// Transactions that the connector is going to overlook.
    var overlooksTransactions = 0

    /// Processes whose workers are at work.
    var running: Set<Int> = []
    /// Processes that are asked to end in peace.
    var stopping: Set<Int> = []

    enum Counterpart: String, Sendable, CaseIterable { case broker, mysql, mapping, disk }
}
