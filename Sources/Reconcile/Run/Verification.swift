import Domain
import Ledger
import Report
import Source

/// One run of `verify`: reads everything, fences, compares, settles and reports.
public final class Verification {
    private let settings: VerifySettings
    private let ports: any ReconcilePorts
    private let onProgress: @Sendable (ProgressEvent) -> Void
    private var report: RunReport
    private var phaseStartMs: Int64 = 0

    /// What a run tells while it goes on.
    public enum ProgressEvent: Sendable, Equatable {
        /// Rows scanned so far.
        case scanned(rows: Int)
        /// A new phase: `read`, `fence`, `compare`, `settle` or `explain`.
        case phase(String)
        /// Suspects that are to be settled.
        case settling(suspects: Int)
    }

    /// What a run left behind.
    public struct Outcome: Sendable {
        public var report: RunReport
        /// The report's directory.
        public var path: String
    }

    public init(
        _ settings: VerifySettings, ports: any ReconcilePorts, onProgress: @escaping @Sendable (ProgressEvent) -> Void = { _ in }
    ) {
        self.settings = settings
        self.ports = ports
        self.onProgress = onProgress
        let now = UTCTime(millisecondsSince1970: ports.clock.nowMs())
        report = RunReport(runID: RunID(startedAt: now), mode: .verify, startedAt: now, configDigest: settings.configDigest)
    }

    /// Runs, and writes the report whatever comes out, except when the run is interrupted: then there is none.
    ///
    /// - Throws: `LedgerError` with the code `locked` when another run is under way; ``ReconcileError/interrupted``; and whatever
    ///   keeps the report itself from being written.
    public func run(reports directory: String, history historyPath: String, commands: Commands = Commands()) throws -> Outcome {
        let writer = try ReportWriter(directory: directory, runID: report.runID, commands: commands)
        let record = try RunRecord(historyPath: historyPath, writer: writer, commands: commands, settings: settings)
        var failure: String?
        do {
            try examine(record)
        } catch ReconcileError.interrupted {
            writer.abandon()
            throw ReconcileError.interrupted
        } catch {
            failure = "\(error)"
        }
        report.adopt(writer.tally)
        report.finishedAt = UTCTime(millisecondsSince1970: ports.clock.nowMs())
        report.conclude(failure: failure)
        report.delta = try record.close(report)
        return Outcome(report: report, path: try writer.finish(report))
    }

    private func examine(_ record: RunRecord) throws {
        begin("read")
        let reading = try read()
        try record.checkWatermarks(reading)
        let source = try ports.source()
        defer { source.close() }
        let progress = try ports.progress()
        defer { progress.close() }
        let topics = try openTopics()
        defer { topics.close() }
        let roll = try openRoll(reading)
        defer { roll.close() }

        begin("fence")
        let fence = Fence(
            settings, source: source, progress: progress, topics: topics, clock: ports.clock, runID: report.runID.text)
        let outcome = try fence.pass()
        report.fence = FenceSummary(outcome)
        report.notes += outcome.notes
        try roll.catchUp()

        begin("compare")
        let comparison = Comparison(reading.scan, roll, runID: report.runID.text)
        let settled: [Suspect: Settlement]
        if let blocked = outcome.blocked {
            let reason = "the fence was not passed: \(blocked.detail)"
            settled = Dictionary(uniqueKeysWithValues: comparison.suspects.map { ($0, .unresolved(reason)) })
        } else {
            begin("settle")
            onProgress(.settling(suspects: comparison.suspects.count))
            let settler = Settler(settings, source: source, roll: roll, fence: fence, clock: ports.clock)
            settled = try settler.settle(comparison.suspects)
            if let last = settler.lastFence, !last.isPassed { report.fence = FenceSummary(last) }
        }

        begin("explain")
        let causes = CauseFinder(roll, signals: topics.signals, encodingID: settings.encodingID)
        let unprovable = try record.write(settled, FindingBuilder(roll, causes: causes), position: reading.scan.position)
        summarise(reading.scan, roll, comparison, settled, unprovable: unprovable)
        record.noteWatermarks(roll)
        endPhase()
    }

    private func read() throws -> Reading {
        let onProgress = onProgress
        let reading = try Reading(settings, ports) { onProgress(.scanned(rows: $0)) }
        report.source = SourceSummary(
            rows: reading.scan.rows.count, position: reading.scan.position,
            server: reading.scan.position?.server.map { "server_id \($0)" })
        report.coverage = Coverage(plan: .full, unit: "key ranges", planned: reading.scan.ranges, scanned: reading.scan.ranges)
        guard !reading.scan.rows.isEmpty || settings.allowsEmptySource else { throw ReconcileError.emptySource }
        return reading
    }

    private func openTopics() throws -> Fence.TopicBounds {
        Fence.TopicBounds(
            changes: try settings.topics.changes.map { try ports.topic($0) },
            signals: try ports.topic(settings.topics.signals), aggregate: try ports.topic(settings.topics.aggregate))
    }

    private func openRoll(_ reading: Reading) throws -> Roll {
        let judgesGod = settings.stages.contains(.god)
        return try Roll(
            settings,
            aggregate: FollowedTopic(try ports.topic(settings.topics.aggregate), resuming: reading.aggregate),
            god: try reading.god.map { FollowedTopic(try ports.topic(settings.topics.god), resuming: $0) },
            ledger: judgesGod ? try ports.ledger() : nil)
    }

    // MARK: - The report

    private func summarise(
        _ scan: SourceScan, _ roll: Roll, _ comparison: Comparison, _ settled: [Suspect: Settlement], unprovable: [Suspect]
    ) {
        report.aggregateTopic = TopicSummary(roll.aggregate)
        report.godTopic = roll.god.map { TopicSummary($0) }
        if settings.stages.contains(.god) {
            report.ledger = LedgerSummary(
                productions: roll.productionCount, users: roll.productions.userCount, paths: settings.ledgerPaths)
        }
        noteOddities(scan, roll)
        var unresolved: [Stage: Int] = [:]
        var differing: [Stage: Set<UserID>] = [:]
        let gone = Set(unprovable)
        for (suspect, settlement) in settled where suspect.alteration == nil {
            switch settlement {
            case .matched: break
            case .confirmed(let mismatches, _, _):
                if gone.contains(suspect) {
                    unresolved[suspect.stage, default: 0] += 1
                } else if mismatches.contains(where: { $0.kind != .extra }) {
                    differing[suspect.stage, default: []].insert(suspect.user)
                }
            case .unresolved: unresolved[suspect.stage, default: 0] += 1
            }
        }
        for stage in settings.stages {
            let users = comparison.users[stage] ?? 0
            let open = (unresolved[stage] ?? 0) + (differing[stage]?.count ?? 0)
            report.counts[stage] = StageCounts(
                users: users, matched: max(0, users - open), unresolved: unresolved[stage] ?? 0)
        }
        report.canary = Self.canary(settled)
        if report.canary.planted == 0, settled.keys.contains(where: { $0.alteration != nil }) {
            report.notes.append("no canary could be settled, since all of their users moved: this run did not prove that it sees")
        }
    }

    /// A canary that could not be settled, because its user kept changing or a fence was not passed, proves nothing either way.
    /// One that came out unharmed proves that the run is blind.
    private static func canary(_ settled: [Suspect: Settlement]) -> Canary {
        var canary = Canary()
        for (suspect, settlement) in settled {
            guard let alteration = suspect.alteration else { continue }
            switch settlement {
            case .matched: canary.planted += 1
            case .confirmed(let mismatches, _, _):
                canary.planted += 1
                if mismatches.contains(where: { $0.kind == alteration.expected }) { canary.caught += 1 }
            case .unresolved: break
            }
        }
        return canary
    }

    private func noteOddities(_ scan: SourceScan, _ roll: Roll) {
        if !scan.isPositionKnown {
            report.notes.append("the server tells no position for its snapshots, so the run vouches for no position")
        }
        if roll.parked.recordsWithoutUser > 0 {
            report.notes.append(
                "\(roll.parked.recordsWithoutUser) parked records name no user; see `rollcall parked list`")
        }
        for topic in [roll.aggregate, roll.god].compactMap({ $0 }) where topic.fold.unreadableKeys > 0 {
            report.notes.append("topic \(topic.name) holds \(topic.fold.unreadableKeys) records whose key names no user")
        }
        if !roll.productions.contradictions.isEmpty {
            report.notes.append(
                "the ledgers contradict themselves at \(roll.productions.contradictions.count) God offsets; run `rollcall ledger check`"
            )
        }
    }

    // MARK: - Phases

    private func begin(_ phase: String) {
        endPhase()
        phaseStartMs = ports.clock.nowMs()
        report.timings.append(Timing(phase: phase, milliseconds: 0))
        onProgress(.phase(phase))
    }

    private func endPhase() {
        guard let last = report.timings.indices.last else { return }
        report.timings[last].milliseconds = ports.clock.nowMs() - phaseStartMs
    }
}

extension FenceSummary {
    init(_ outcome: FenceOutcome) {
        self.init(
            position: outcome.position, strength: outcome.strength == .strong ? .strong : .weak,
            hops: outcome.hops.map { Hop(hop: $0.hop, passed: $0.isPassed, detail: $0.detail, waitedMs: $0.waitedMs) })
    }
}

extension TopicSummary {
    init(_ topic: FollowedTopic) {
        let counts = topic.fold.counts()
        self.init(
            name: topic.name,
            partitions: topic.ends.keys.sorted().map { .init(partition: $0, low: topic.lows[$0] ?? 0, end: topic.ends[$0] ?? 0) },
            records: topic.fold.records, live: counts.live, tombstones: counts.tombstones)
    }
}
