import ArgumentParser
import Domain
import Foundation
import Logging
import Pipeline

/// `bench stream`: the pipeline against itself at batch size 1, its slowest hop's calls alone, itself without a ledger, and a Python peer.
struct BenchStream: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "stream",
        abstract: "Measures the pipeline over preloaded change events of two tables.",
        discussion: """
            What counts are the ratios within one run: absolute figures are those of this machine at this time. MariaDB, the broker \
            and the mapping service run on the same processors.
            """)

    @Option(help: "How many change events are preloaded.")
    var events = 300_000

    @Option(help: "How many users there are.")
    var users = 20_000

    @Option(help: "How many events the pipeline at batch size 1 gets.")
    var singleEvents = 2_000

    @Option(help: "How many records a batch of each hop has at the most.")
    var batch = BatchSettings().maxRecords

    @Option(help: "How many workers each hop has.")
    var workers = 1

    @Option(help: "How often the ratios' runs are repeated; medians are shown.")
    var rounds = 3

    @Option(help: "Runs at full speed for so many minutes instead, and shows how the memory develops.")
    var soakMinutes: Double?

    @Flag(help: "Measures instead what the pipeline loses while the roll is called, again and again, in the same process.")
    var reconcile = false

    @Option(help: "An interpreter with confluent-kafka and PyMySQL; without one there is no peer.")
    var python: String?

    @Option(help: "The peer's program.")
    var peer = "scripts/bench-peer.py"

    @Flag(help: "The figures as JSON on standard output.")
    var json = false

    func validate() throws {
        guard events >= 2, users > 0, singleEvents >= 2, rounds > 0, batch > 0, workers > 0, soakMinutes ?? 1 > 0 else {
            throw ValidationError("all counts have to be positive")
        }
    }

    func run() throws {
        LoggingSystem.bootstrap { label in
            var handler = StreamLogHandler.standardError(label: label)
            handler.logLevel = .error
            return handler
        }
        let world = try StreamWorld(users: users)
        if let soakMinutes {
            let soak = try StreamSoak.measure(world, minutes: soakMinutes)
            return print(json ? soak.json.description : soak.table)
        }
        if reconcile {
            let beside = try StreamBesideRoll.measure(world, events: events, rounds: rounds) { try settings(world, $0) }
            return print(json ? beside.json.description : beside.table)
        }
        BenchVerify.tell("writing \(events) change events")
        let load = try world.preload("main", events: events)
        var figures = StreamFigures(load: load)
        for mappingMs in [0, 20] {
            for mysqlMs in [0, 5] {
                let latency = StreamWorld.Latency(mappingMs: mappingMs, mysqlMs: mysqlMs)
                BenchVerify.tell("the pipeline, mapping \(mappingMs) ms, MySQL \(mysqlMs) ms")
                figures.runs.append((latency, try pipeline(world, load, latency: latency)))
            }
        }
        for round in 1...rounds {
            BenchVerify.tell("round \(round) of \(rounds): the pipeline, with and without a ledger")
            let run = try pipeline(world, load)
            figures.main.append(run)
            figures.withoutLedger.append(try pipeline(world, load, recording: false))
            BenchVerify.tell("round \(round) of \(rounds): each hop's work alone")
            figures.alone.append((run, try HopsAlone.measure(world, like: run, batch: batch)))
            BenchVerify.tell("round \(round) of \(rounds): batch size 1")
            let few = try world.preload("single\(round)", events: singleEvents)
            figures.single.append(try pipeline(world, few, batch: 1))
            if let python {
                BenchVerify.tell("round \(round) of \(rounds): the Python peer")
                figures.peers.append(try PythonPeer.measure(world, load, batch: batch, python: python, script: peer))
            }
        }
        BenchVerify.tell("live events")
        figures.latency = try StreamLatency.measure(world, users: min(users, 2_000), perSecond: 200)
        print(json ? figures.json.description : figures.table)
    }

    private func pipeline(
        _ world: StreamWorld, _ load: StreamWorld.Load, latency: StreamWorld.Latency = .init(), batch: Int? = nil,
        recording: Bool = true
    ) throws -> StreamRun {
        var settings = try settings(world, load, latency: latency, batch: batch)
        settings.isRecording = recording
        return try StreamRun.measure(world, load, settings, world.mapping(latency))
    }

    private func settings(
        _ world: StreamWorld, _ load: StreamWorld.Load, latency: StreamWorld.Latency = .init(), batch: Int? = nil
    ) throws -> PipelineSettings {
        var settings = try world.settings(for: load, latency: latency, batch: batch ?? self.batch)
        settings.intake.workers = workers
        settings.aggregator.workers = workers
        settings.enricher.workers = workers
        return settings
    }
}
