import Domain
import Foundation
import Kafka
import Pipeline
import Report

/// What the pipeline loses while the roll is called in the same process: its speed over preloaded events, and the way of single events
/// through a pipeline that keeps up.
struct StreamBesideRoll {
    private let load: StreamWorld.Load
    private var alone: [StreamRun] = []
    private var beside: [StreamRun] = []
    private var roll = RollBeside.Outcome()
    private var latencyAlone: [StreamLatency] = []
    private var latencyBeside: [StreamLatency] = []
    private var latencyRoll = RollBeside.Outcome()

    /// - Parameter settings: Makes the settings of one run over a load.
    static func measure(
        _ world: StreamWorld, events: Int, rounds: Int, _ settings: (StreamWorld.Load) throws -> PipelineSettings
    ) throws -> StreamBesideRoll {
        BenchVerify.tell("writing \(events) change events")
        var figures = StreamBesideRoll(load: try world.preload("main", events: events))
        for round in 1...rounds {
            BenchVerify.tell("round \(round) of \(rounds): the pipeline alone, and while the roll is called")
            figures.alone.append(try StreamRun.measure(world, figures.load, settings(figures.load), world.mapping()))
            let busy = try settings(figures.load)
            let reading = try RollBeside(world, beside: busy, waitsForFence: false)
            figures.beside.append(try StreamRun.measure(world, figures.load, busy, world.mapping()))
            figures.roll = figures.roll + (try reading.stop())
            BenchVerify.tell("round \(round) of \(rounds): live events, alone and while the roll is called")
            figures.latencyAlone.append(
                try StreamLatency.measure(world, users: 2_000, perSecond: 200, load: world.preloadEveryone("alone\(round)")))
            var calling: RollBeside?
            figures.latencyBeside.append(
                try StreamLatency.measure(world, users: 2_000, perSecond: 200, load: world.preloadEveryone("beside\(round)")) {
                    calling = try RollBeside(world, beside: $0, waitsForFence: true)
                })
            if let calling { figures.latencyRoll = figures.latencyRoll + (try calling.stop()) }
        }
        return figures
    }

    /// The median of what was measured within one round.
    private var ofSpeed: Double { median(zip(beside, alone).map { $0.eventsPerSecond / $1.eventsPerSecond }) }

    var table: String {
        let size = "\(load.events) change events of 2 tables, \(load.users) users; medians of \(alone.count)"
        var lines = ["stream beside the roll: " + size, "", Self.line("", "alone", "beside")]
        func add(_ name: String, _ format: String, _ figure: (StreamRun) -> Double) {
            let values = [alone, beside].map { String(format: format, median($0.map(figure))) }
            lines.append(Self.line(name, values[0], values[1]))
        }
        add("events per second", "%.0f") { $0.eventsPerSecond }
        add("CPU seconds of the process", "%.2f") { $0.cpuSeconds }
        add("CPU seconds of the servers", "%.2f") { $0.serverSeconds }
        add("peak memory, MB", "%.1f") { Double($0.peakBytes) / 1e6 }
        lines.append(Self.line("  of the speed alone", "", String(format: "%.2f", ofSpeed)))
        lines.append(Self.told(roll))
        lines.append("")
        for (name, value) in [("p50", \StreamLatency.p50Ms), ("p99", \.p99Ms)] {
            let values = [latencyAlone, latencyBeside].map { "\(Int(median($0.map { Double($0[keyPath: value]) }))) ms" }
            lines.append(Self.line("event to God object, 200 events/s, \(name)", values[0], values[1]))
        }
        lines.append(Self.told(latencyRoll))
        return lines.joined(separator: "\n")
    }

    private static func line(_ name: String, _ alone: String, _ beside: String) -> String {
        func right(_ text: String, _ width: Int) -> String { String(repeating: " ", count: max(1, width - text.count)) + text }
        return name + right(alone, 52 - name.count) + right(beside, 12)
    }

    /// How much was reconciled meanwhile.
    private static func told(_ roll: RollBeside.Outcome) -> String {
        let verdicts = roll.verdicts.sorted { $0.key.rawValue < $1.key.rawValue }.map { "\($0.value) \($0.key.rawValue)" }
        return "meanwhile \(roll.runs) runs over everyone (\(verdicts.joined(separator: ", "))), "
            + String(format: "%d users, %.0f a second", roll.users, Double(roll.users) / max(roll.seconds, 1e-3))
    }

    var json: JSONValue {
        .object([
            .init("bench", "stream_beside_roll"), .init("events", .number(load.events)), .init("users", .number(load.users)),
            .init("rounds", .number(alone.count)),
            .init("events_per_second_alone", number(median(alone.map(\.eventsPerSecond)))),
            .init("events_per_second_beside", number(median(beside.map(\.eventsPerSecond)))),
            .init("of_speed_alone", number(ofSpeed)),
            .init("reconciled_users", .number(roll.users)), .init("reconciling_seconds", number(roll.seconds)),
            .init("latency_p50_ms_alone", number(median(latencyAlone.map { Double($0.p50Ms) }))),
            .init("latency_p50_ms_beside", number(median(latencyBeside.map { Double($0.p50Ms) }))),
            .init("latency_p99_ms_alone", number(median(latencyAlone.map { Double($0.p99Ms) }))),
            .init("latency_p99_ms_beside", number(median(latencyBeside.map { Double($0.p99Ms) }))),
        ])
    }

    private func number(_ value: Double) -> JSONValue { .number(String(format: "%.3f", value)) }

    private func median(_ values: [Double]) -> Double {
        let sorted = values.sorted()
        guard !sorted.isEmpty else { return 0 }
        return (sorted[(sorted.count - 1) / 2] + sorted[sorted.count / 2]) / 2
    }
}

extension StreamWorld {
    /// Writes one event for each user of the source, so that everyone can arrive.
    fileprivate func preloadEveryone(_ name: String) throws -> Load {
        var load = try preload(name, events: 2)
        let producer = try Producer(properties: ["bootstrap.servers": bootstrap, "linger.ms": "50"])
        defer { producer.close() }
        for user in 1...users { _ = try producer.send(event(user, topic: load.topics[0], number: 0)) }
        for delivery in try producer.flush(timeoutMs: 60_000) { _ = try delivery.result.get() }
        load.events += users
        load.users = users
        return load
    }
}
