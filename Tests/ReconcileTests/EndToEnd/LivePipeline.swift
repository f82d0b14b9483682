import Domain
import Foundation
import Kafka
import Logging
import MySQL
import Pipeline
import Report
import Sandbox
import Synchronization
import Testing

@testable import Reconcile
@testable import rollcall

/// The embedded stack, and the pipeline that runs on it in this process.
final class LivePipeline: Sendable {
    @TaskLocal static var running: LivePipeline?

    /// The system that the suite started.
    static func current() throws -> LivePipeline { try #require(running) }

    /// Users 1 to this number are there from the beginning, and no test touches them.
    static let sampleUsers = 200

    let stack: Stack
    /// The settings file, with which the binary works on the same system.
    let settingsFile: String
    let settings: EffectiveSettings
    let reports: String
    private let scratch: ReportsDirectory
    private let stream = Mutex<[Hop: StreamRunner]>([:])

    /// - Parameters:
    ///   - users: How many are there from the beginning.
    ///   - kafka: In place of a broker of the system's own.
    init(partitions: Int = 6, users: Int = LivePipeline.sampleUsers, kafka: GivenKafka? = nil) throws {
        var options = StackOptions()
        options.kafka = kafka
        options.partitions = partitions
        options.sampleUsers = users
        options.preparation = LiveSettings.preparation
        stack = try Stack(options)
        scratch = ReportsDirectory()
        reports = scratch.path + "/reports"
        settingsFile = try LiveSettings.write(stack, reports: reports)
        settings = try SettingsLoader(file: settingsFile, environment: [:]).load()
        try start(.intake, .aggregator, .enricher)
    }

    func end() {
        // Whoever started a test that took something away has heard of it by now.
        try? stop(.intake, .aggregator, .enricher)
        stack.stop()
    }

    // MARK: - The pipeline

    /// Starts hops, each with workers and parked records of its own, like processes on different machines.
    func start(_ hops: Hop...) throws {
        for hop in hops {
            let mapping = try settings.mapping()
            var pipeline = try settings.pipeline()
            pipeline.parkedPath = parkedPath(of: hop)
            var logger = Logger(label: "end-to-end")
            logger.logLevel = .error
            let runner = StreamRunner(settings: pipeline, only: [hop], logger: logger) { clock in
                try HTTPMappingService(settings: mapping, clock: clock)
            }
            try runner.start()
            stream.withLock { $0[hop] = runner }
        }
    }

    /// Lets hops drain and end.
    func stop(_ hops: Hop...) throws {
        let runners = stream.withLock { running in hops.compactMap { running.removeValue(forKey: $0) } }
        for runner in runners { runner.requestStop() }
        for runner in runners { try runner.wait() }
    }

    /// Starts the hops that a test has left stopped.
    func startAll() throws {
        for hop in Hop.allCases where stream.withLock({ $0[hop] }) == nil { try start(hop) }
    }

    /// What the hops have done since they were started, for a message.
    private var progress: String {
        let runners = stream.withLock { $0 }
        return runners.map { hop, runner in
            let counts = runner.counters.snapshot()[hop]
            return "\(hop): \(counts?.recordsIn ?? 0) in, \(counts?.recordsOut ?? 0) out, \(counts?.retries ?? 0) retries"
        }.sorted().joined(separator: "; ")
    }

    // MARK: - The roll

    /// What one run came to.
    struct RollCall {
        var report: RunReport
        /// Each as `user stage kind cause`.
        var findings: [String]
        var lines: [FindingLine]
    }

    /// Calls the roll of all users.
    ///
    /// - Parameters:
    ///   - settings: Others than those that the pipeline runs on.
    ///   - reach: Whom the run is about.
    ///   - ledgers: The ledgers to read; empty means the pipeline's own.
    ///   - adjust: Changes how patient the run is.
    ///   - onPhase: Called on the run's thread when a phase begins.
    func verify(
        _ settings: EffectiveSettings? = nil, reach: PlanSettings = PlanSettings(), ledgers: [String] = [],
        reports: String? = nil,
        adjust: (inout VerifySettings) -> Void = { _ in }, onPhase: @escaping @Sendable (String) -> Void = { _ in }
    ) throws -> RollCall {
        let given = settings ?? self.settings
        var recipe = try given.reconcile(ledgers: ledgers).settings
        let directory = reports ?? self.reports
        recipe.fenceTimeoutMs = 30_000
        adjust(&recipe)
        let outcome = try Verification(recipe, reach: reach, ports: ports(given, ledgers)) { event in
            if case .phase(let phase) = event { onPhase(phase) }
        }.run(reports: directory, history: "\(directory)/history.sqlite")
        let connector = try stack.requireConnector()
        try #require(connector.isRunning, "\(connector.logTail(lines: 40).joined(separator: "\n"))")
        let stored = try ReportStore(directory: directory).load(.run(outcome.report.runID))
        var lines: [FindingLine] = []
        let reader = try stored.findings()
        while let line = try reader.next() { lines.append(line) }
        return RollCall(report: outcome.report, findings: lines.map(Self.text).sorted(), lines: lines)
    }

    /// The ports that `rollcall verify` would use, with the parked records of all hops.
    private func ports(_ settings: EffectiveSettings, _ ledgers: [String] = []) throws -> RealPorts {
        RealPorts(
            source: try settings.source(), kafkaProperties: try settings.kafkaProperties,
            connector: ConnectorSettings(name: stack.connectorName, offsetsTopic: topics.offsets, server: stack.connectorServer),
            ledgerPaths: ledgers.isEmpty ? [ledgerPath] : ledgers, parkedPaths: Hop.allCases.map { parkedPath(of: $0) },
            controlTopic: try settings.pipeline().topics.control,
            mappings: { [mapping = try settings.mapping()] in try MappingServicePort(mapping) })
    }

    private static func text(_ line: FindingLine) -> String {
        "\(line.user) \(line.stage.rawValue) \(line.kind.rawValue) \(line.causeCode ?? "-")"
    }

    /// Expects a run in which everyone is where they should be, and every canary was caught whose user held still.
    @discardableResult
    func expectClean(
        _ comment: Comment? = nil, sourceLocation: SourceLocation = #_sourceLocation
    ) throws -> RollCall {
        let roll = try verify()
        #expect(roll.findings.isEmpty, comment, sourceLocation: sourceLocation)
        #expect(
            roll.report.verdict == .clean, "\(comment.map { "\($0): " } ?? "")\(roll.report.reason ?? "")",
            sourceLocation: sourceLocation)
        #expect(roll.report.canary.planted > 0, comment, sourceLocation: sourceLocation)
        #expect(roll.report.canary.allCaught, comment, sourceLocation: sourceLocation)
        return roll
    }

    /// Sends a signal for each user, and settles them.
    @discardableResult
    func repair(_ users: some Sequence<UserID>) throws -> UserCheck.Outcome {
        let users = Set(users)
        try Repair(source: settings.source(), kafkaProperties: settings.kafkaProperties, signalsTopic: topics.signals)
            .publish(users.sorted())
        return try UserCheck(settings.reconcile().settings, ports: ports(settings)).run(users)
    }

    /// Gathers what is known about a user.
    func explain(_ user: UserID) throws -> Explanation {
        try Explainer(settings.reconcile().settings, ports: ports(settings), historyPath: "\(reports)/history.sqlite")
            .explain(user)
    }

    // MARK: - Waiting

    /// Waits until something that the pipeline is on its way to has come.
    func wait(
        until what: String, timeoutMs: Int = 300_000, sourceLocation: SourceLocation = #_sourceLocation,
        _ condition: () throws -> Bool
    ) throws {
        let deadline = ContinuousClock.now + .milliseconds(timeoutMs)
        while try !condition() {
            try #require(ContinuousClock.now < deadline, "\(what); \(progress)", sourceLocation: sourceLocation)
            usleep(20_000)
        }
    }
}
