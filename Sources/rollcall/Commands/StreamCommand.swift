import ArgumentParser
import Domain
import Glibc
import Pipeline
import Report

/// `rollcall stream`
struct StreamCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "stream",
        abstract: "Runs the pipeline until a signal ends it.",
        discussion: """
            The first Ctrl-C or SIGTERM finishes the batches in hand, and exits 130 or 143; the second exits at once, and loses \
            nothing either: what was not committed is read again at the next start.
            """)

    /// The hops as the settings call them.
    enum HopChoice: String, CaseIterable, ExpressibleByArgument {
        case intake
        case aggregate
        case enrich

        var hop: Hop {
            switch self {
            case .intake: .intake
            case .aggregate: .aggregator
            case .enrich: .enricher
            }
        }
    }

    @Option(help: ArgumentHelp("Only this hop; repeatable. Other processes may run the others.", valueName: "hop"))
    var only: [HopChoice] = []

    @Option(help: ArgumentHelp("Threads of each hop; instead of pipeline.workers.", valueName: "count"))
    var workers: Int?

    @OptionGroup var global: GlobalOptions

    private var hops: Set<Hop> { only.isEmpty ? Set(Hop.allCases) : Set(only.map(\.hop)) }

    func run() throws {
        let keys = EffectiveSettings.keys.pipeline.workers
        let settings = try global.prepare(
            needs: EffectiveSettings.areasToStream(hops),
            overrides: [keys.intake, keys.aggregate, keys.enrich].map { .flag("--workers", $0.path, workers.map(String.init)) })
        StopSignals.install()
        let stream = try stream(settings)
        try stream.start { StopSignals.isStopRequested }
        let status = StreamStatus(stream, hops: hops)
        Console.shared.note(
            "streaming \(Hop.allCases.filter(hops.contains).map(\.rawValue).joined(separator: ", ")); Ctrl-C drains")
        status.watch()
        if StopSignals.isStopRequested { Console.shared.note("draining; once more ends at once") }
        stream.requestStop()
        let outcome = Result { try stream.wait() }
        status.end(asJSON: global.json)
        switch (outcome, StopSignals.exitStatus) {
        case (.success, let status): throw ExitCode((status ?? .success).rawValue)
        // What was not finished in time is read again at the next start: nothing is lost, and the stop was asked for.
        case (.failure(let error as PipelineError), let status?) where error.code == .drainTimedOut:
            Console.shared.complain("rollcall: warning: \(error)")
            throw ExitCode(status.rawValue)
        case (.failure(let error), _): throw error
        }
    }

    /// Only an enricher asks the mapping service, so without one it need not be there, nor in the settings.
    private func stream(_ settings: EffectiveSettings) throws -> StreamRunner {
        guard hops.contains(.enricher) else {
            return StreamRunner(settings: try settings.pipeline(), only: hops) { _ in
                throw CommandError("no mapping service is configured")
            }
        }
        return StreamRunner(settings: try settings.pipeline(), mapping: try settings.mapping(), only: hops)
    }
}

/// Tells how a stream goes on, and notices when it is to end.
private struct StreamStatus {
    private let stream: StreamRunner
    private let hops: [Hop]
    private let line = ProgressLine()
    private let startedAtMs = ProgressLine.nowMs()

    init(_ stream: StreamRunner, hops: Set<Hop>) {
        self.stream = stream
        self.hops = Hop.allCases.filter(hops.contains)
    }

    /// Returns when a stop was asked for, or a worker has ended.
    func watch() {
        var last = (atMs: startedAtMs, counts: stream.counters.snapshot())
        while !StopSignals.isStopRequested, stream.isRunning {
            usleep(100_000)
            line.update {
                let now = (atMs: ProgressLine.nowMs(), counts: stream.counters.snapshot())
                defer { last = now }
                return text(now.counts, since: last.counts, ms: now.atMs - last.atMs)
            }
        }
    }

    /// The sums at the end.
    func end(asJSON: Bool) {
        line.end()
        let counts = stream.counters.snapshot()
        if asJSON {
            try? Console.shared.output(json(counts))
        } else {
            Console.shared.note(text(counts, since: [:], ms: ProgressLine.nowMs() - startedAtMs))
        }
    }

    /// `intake 1,200 → 800 (120/s)  aggregator 800 → 790 (80/s)  enricher …`
    private func text(_ counts: [Hop: HopCounts], since earlier: [Hop: HopCounts], ms: Int64) -> String {
        hops.map { hop in
            let now = counts[hop] ?? HopCounts()
            let rate = (now.recordsIn - (earlier[hop]?.recordsIn ?? 0)) * 1_000 / Int(max(1, ms))
            var part =
                "\(hop.rawValue) \(PlainText.grouped(now.recordsIn)) → \(PlainText.grouped(now.recordsOut)) (\(PlainText.grouped(rate))/s)"
            if now.parked > 0 { part += " \(PlainText.grouped(now.parked)) parked" }
            if now.retries > 0 { part += " \(PlainText.grouped(now.retries)) retries" }
            return part
        }.joined(separator: "  ")
    }

    private func json(_ counts: [Hop: HopCounts]) -> JSONValue {
        .object(
            hops.map { hop in
                let count = counts[hop] ?? HopCounts()
                return JSONValue.Member(
                    hop.rawValue,
                    [
                        "records_in": .number(count.recordsIn), "records_out": .number(count.recordsOut),
                        "tombstones": .number(count.tombstones), "deduplicated": .number(count.deduplicated),
                        "parked": .number(count.parked), "retries": .number(count.retries), "rereads": .number(count.rereads),
                        "late_writes": .number(count.lateWrites), "batches_lost": .number(count.batchesLost),
                    ])
            })
    }
}
