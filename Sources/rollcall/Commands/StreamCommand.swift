import ArgumentParser
import Domain
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

    @Option(
        help: ArgumentHelp(
            "Also calls the roll of whoever changed, as `reconcile` does, this often: such as 1h. From threads and connections of its own.",
            valueName: "time"))
    var reconcileEvery: Age?

    @OptionGroup var announcement: AnnouncementOptions
    @OptionGroup var global: GlobalOptions

    private var hops: Set<Hop> { only.isEmpty ? Set(Hop.allCases) : Set(only.map(\.hop)) }

    func run() throws {
        let keys = EffectiveSettings.keys.pipeline.workers
        let settings = try global.prepare(
            needs: EffectiveSettings.areasToStream(hops).union(
                reconcileEvery == nil ? [] : EffectiveSettings.areasToJudge(Set(Stage.allCases))),
            overrides: [keys.intake, keys.aggregate, keys.enrich].map { .flag("--workers", $0.path, workers.map(String.init)) })
        StopSignals.install()
        let stream = try stream(settings)
        let schedule = try reconcileSchedule(settings)
        try stream.start { StopSignals.isStopRequested }
        // A terminal shows the lag, so it is looked at more often.
        let watch = stream.watch(try settings.watching(everyMs: Console.shared.isTerminal ? 2_000 : 5_000))
        let admin = try admin(settings, stream: stream, watch: watch, schedule: schedule)
        defer { admin?.stop() }
        let status = StreamStatus(stream, watch: watch, hops: hops)
        Console.shared.note(
            "streaming \(Hop.allCases.filter(hops.contains).map(\.rawValue).joined(separator: ", ")); Ctrl-C drains")
        schedule?.start()
        status.follow()
        if StopSignals.isStopRequested { Console.shared.note("draining; once more ends at once") }
        stream.requestStop()
        let outcome = Result { try stream.wait() }
        // A run ends at its next call after the signal, and leaves no half report. A pipeline that broke down waits for nobody.
        schedule?.stop()
        if StopSignals.isStopRequested { schedule?.wait() }
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

    /// The server that `admin.listen` asks for. Where it cannot listen, the pipeline does not run unwatched, but ends.
    private func admin(
        _ settings: EffectiveSettings, stream: StreamRunner, watch: StreamWatch, schedule: ReconcileSchedule?
    ) throws -> AdminServer? {
        guard let address = try settings.value(EffectiveSettings.keys.admin.listen) else { return nil }
        do {
            let server = try AdminServer(address: address, more: { schedule?.metricsText ?? "" }) { watch.sample() }
            Console.shared.note("http://\(server.address) serves /metrics, /healthz and /readyz")
            return server
        } catch {
            stream.requestStop()
            try? stream.wait()
            throw error
        }
    }

    private func reconcileSchedule(_ settings: EffectiveSettings) throws -> ReconcileSchedule? {
        guard let every = reconcileEvery else { return nil }
        let announcer = try Announcer(settings, announcement, commands: global.commands)
        return ReconcileSchedule(
            try settings.reconcile(), reach: try settings.reconcileReach(full: false), every: every, commands: global.commands
        ) { outcome in
            announcer.announce(outcome.report, path: outcome.path)
            settings.applyRetention()
            return announcer.metrics(outcome.report)
        } onFailure: { error in
            announcer.announceFailure(error)
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
