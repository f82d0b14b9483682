import Domain
import Ledger
import Report

extension Verification {
    /// Decides whom the run is about.
    func makePlan(_ record: any RunJournal, _ start: RunStart) throws -> RunPlan {
        guard reach.reach == .changed else { return .everyone(because: nil) }
        begin("plan")
        return try record.makePlan(reach, plan, ports, start.standing) { try drain() }
    }

    /// Waits until every hop has passed on what the source holds by now.
    private func drain() throws -> FenceOutcome {
        let source = try ports.source()
        defer { source.close() }
        let progress = try ports.progress()
        defer { progress.close() }
        let topics = try Fence.TopicBounds(settings, ports)
        defer { topics.close() }
        return try Fence(
            settings, source: source, progress: progress, topics: topics, clock: ports.clock,
            runID: "\(report.runID.text)/drain"
        ).pass()
    }

    /// Waits for the pipeline to drain, and remembers where the change topics end then.
    ///
    /// - Returns: Nil when it did not drain in time, which is the report's reason.
    func drained() throws -> Standstill? {
        begin("drain")
        let outcome = try drain()
        report.fence = FenceSummary(outcome)
        guard outcome.isPassed else {
            report.coverage = Coverage(plan: .full, gaps: ["nothing was read, because the pipeline did not drain"])
            return nil
        }
        return try Standstill(settings, ports)
    }

    /// Says how much of the plan was looked at.
    func cover(_ runPlan: RunPlan, _ reading: Reading) {
        switch runPlan {
        case .everyone(let reason):
            report.coverage = Coverage(
                plan: .full, unit: "key ranges", planned: reading.scan.ranges, scanned: reading.scan.ranges)
            report.coverage.because = reason
        case .changed(let plan):
            let users = plan.due.count + reading.sliceRows
            report.coverage = Coverage(plan: .slice, unit: "users", planned: users, scanned: users)
            report.coverage.basis = Coverage.Basis(
                run: plan.basisRun, since: plan.basis.position,
                through: reading.scan.vouches(through: plan.through), due: plan.due.count, persisting: plan.persisting,
                sliceUsers: reading.sliceRows, everyone: plan.basis.fullRows,
                fullRun: plan.basis.fullRun)
            if let reason = plan.undrained { report.coverage.gaps.append(reason) }
        }
    }

    /// From where the next run may go on, if this one turns out complete.
    func baseline(_ runPlan: RunPlan, _ start: RunStart, rows: Int, position: SourcePosition?) -> Baseline {
        var baseline = Baseline(
            question: settings.question, standing: start.standing, startedAtMs: start.startedAtMs, position: position,
            fullRun: report.runID.text, fullRows: rows)
        let readMs = report.timings.first { $0.phase == "read" }?.milliseconds ?? 0
        // Less than a second says little about the next time.
        if readMs >= 1_000 { baseline.rowsPerSecond = rows * 1_000 / Int(readMs) }
        if let changed = runPlan.changed {
            baseline.position = report.coverage.basis?.through
            baseline.fullRun = changed.basis.fullRun
            baseline.rowsPerSecond = changed.basis.rowsPerSecond
            baseline.fullRows = changed.basis.fullRows
            baseline.runsSinceFull = changed.basis.runsSinceFull + 1
            baseline.sliceAfter = changed.slice.through
        }
        return baseline
    }
}

/// The change topics while nobody is supposed to write.
struct Standstill {
    private let ends: [String: [Int32: Int64]]

    /// To be made when a fence was passed: from then on, only what is written anew makes a change topic grow.
    init(_ settings: VerifySettings, _ ports: any ReconcilePorts) throws {
        ends = try settings.topics.changes.reduce(into: [:]) { ends, name in
            let port = try ports.topic(name)
            defer { port.close() }
            ends[name] = try port.bounds().mapValues(\.end)
        }
    }

    /// Passes one more fence, and says in the report whether anything was written since.
    func confirm(_ fence: Fence, _ topics: [any TopicPort], _ report: inout RunReport) throws {
        guard report.fence.passed else { return }
        let outcome = try fence.pass()
        guard outcome.isPassed else {
            report.fence = FenceSummary(outcome)
            return
        }
        var written: Int64 = 0
        for topic in topics {
            for (partition, bound) in try topic.bounds() {
                written += max(0, bound.end - (ends[topic.name]?[partition] ?? 0))
            }
        }
        guard written > 0 else { return }
        report.coverage.gaps.append(
            "writes are still coming: \(PlainText.count(Int(written), "change event")) arrived after the pipeline had drained; "
                + "stop the writers, and run again")
    }
}
